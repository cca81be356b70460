import asyncio
import contextlib
import datetime
import importlib.metadata
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

import asyncpg
import redis

from support import FILES, Redis, folder, free_port, program, start, wait

sys.path.insert(0, str(FILES))
import tested  # noqa: E402

POSTGRES = program("postgres", "/usr/lib/postgresql/*/bin/postgres")
BATCH = 200  # as in services.py
STATES = ("Pending", "Running", "Completed")


class Postgres:
    """A server on loopback with a migrated database that is kept between runs, as migrating takes longer than the tests."""

    def __init__(self):
        self.port, self.folder = free_port(), folder()
        self.url = f"postgresql+asyncpg://prefect@127.0.0.1:{self.port}/postgres"
        self.bin = pathlib.Path(POSTGRES).resolve().parent
        self.user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
        self.data = self.folder / "data"
        self.folder.chmod(0o777)
        kept = pathlib.Path(tempfile.gettempdir(), f"prefect-{importlib.metadata.version('prefect')}-empty-{self.bin.parent.name}")
        if kept.exists():
            self.run("cp", "-a", kept, self.data)
            return self.start()
        self.run(self.bin / "initdb", "-U", "prefect", "--auth=trust", "-D", self.data)
        self.start()
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
        home = {"PREFECT_HOME": str(self.folder / "home"), "PREFECT_SERVER_DATABASE_CONNECTION_URL": self.url}
        upgrade = start(command, self.folder / "upgrade.log", **home)
        assert upgrade.wait(180) == 0, upgrade.log.read_text()
        self.stop()
        self.run("cp", "-a", self.data, f"{kept}.{os.getpid()}")
        os.rename(f"{kept}.{os.getpid()}", kept)
        self.start()

    def run(self, *command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, user=self.user)

    def start(self):
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = start([self.bin / "postgres", "-D", self.data, *arguments], self.folder / "postgres.log", user=self.user)
        ready = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait(lambda: subprocess.run(ready).returncode == 0, 60, "PostgreSQL")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def rows(self, query):
        async def fetch():
            connection = await asyncpg.connect(user="prefect", host="127.0.0.1", port=self.port, database="postgres")
            try:
                return await connection.fetch(query)
            finally:
                await connection.close()

        return asyncio.run(fetch())

    @contextlib.contextmanager
    def locked(self, table):
        """Whoever reads the table waits."""
        with asyncio.Runner() as runner:
            connection = runner.run(asyncpg.connect(user="prefect", host="127.0.0.1", port=self.port, database="postgres"))
            runner.run(connection.execute(f"begin; lock table {table}"))
            try:
                yield
            finally:
                runner.run(connection.close())

    def counts(self):
        """Task runs, states of these, events."""
        columns = ", ".join(f"(select count(*) from {table})" for table in ("task_run", "task_run_state", "events"))
        return tuple(self.rows(f"select {columns}")[0])


def event(task_run, number, name, message="fine"):
    """What a task run reports on its change to state number."""
    at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=number)).isoformat()  # recent: old events are deleted
    state = {"type": name.upper(), "name": name, "message": message, "state_details": {}, "data": None}
    return {
        "id": str(uuid.uuid4()),
        "occurred": at,
        "received": at,
        "event": f"prefect.task-run.{name}",
        "resource": {"prefect.resource.id": f"prefect.task-run.{task_run}", "prefect.orchestration": "client"},
        "related": [],
        "payload": {"validated_state": state, "task_run": {"name": "t", "task_key": "t", "dynamic_key": str(task_run), "tags": []}},
        "follows": None,
    }


class Services(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres, cls.redis = Postgres(), Redis()

    def setUp(self):
        self.before = self.postgres.counts()
        self.folder = folder()

    def services(self, name="services", beating=True):
        """Started and, unless that is not to be awaited, beating."""
        redis_at = {"HOST": "127.0.0.1", "PORT": str(self.redis.port)}
        environment = {
            "PREFECT_HOME": str(self.folder),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": self.postgres.url,
            "PREFECT_SERVER_EVENTS_MESSAGING_BROKER": "prefect_redis.messaging",
            "PREFECT_SERVER_EVENTS_MESSAGING_CACHE": "prefect_redis.messaging",
            "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
            "PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": "prefect_redis.cleanup_queue",
            "PREFECT_SERVER_DOCKET_URL": f"redis://127.0.0.1:{self.redis.port}/1",
            "PREFECT_REDIS_MESSAGING_CONSUMER_TRIM_EVERY": "1",  # as often as can be: what is not stored must stay all the same
            **{f"PREFECT_REDIS_MESSAGING_{key}": value for key, value in redis_at.items()},
            **{f"PREFECT_REDIS_WORKER_CLEANUP_QUEUE_{key}": value for key, value in redis_at.items()},
        }
        alive = self.folder / f"{name}.alive"
        alive.unlink(missing_ok=True)
        process = start([sys.executable, FILES / "services.py", "--alive", alive], self.folder / f"{name}.log", **environment)
        process.alive = alive
        self.addCleanup(process.end)

        def beats():
            self.assertIsNone(process.poll(), process.log.read_text())
            return alive.exists()

        if beating:
            wait(beats, 120, "services")
        return process

    def publish(self, runs, **more):
        for run in [uuid.uuid4() for _ in range(runs)]:
            for number, name in enumerate(STATES):
                self.send(event(run, number, name, **more))
        return runs

    def send(self, what):
        attributes = json.dumps({"id": what["id"], "event": what["event"]})
        self.redis.client.xadd("events", {"data": json.dumps(what), "attributes": attributes})

    def stored(self, runs, events, seconds=60):
        """Waits until that much is stored, each once, and nothing is left to acknowledge."""
        expected = (self.before[0] + runs, self.before[1] + len(STATES) * runs, self.before[2] + events)
        try:
            wait(lambda: self.postgres.counts() == expected and not any(self.pending()), seconds, "everything stored")
        except AssertionError:
            self.assertEqual((self.postgres.counts(), self.pending()), (expected, [0, 0]))

    def pending(self):
        """What recorder and persister hold, in messages."""
        return [self.redis.client.xpending("events", group)["pending"] for group in ("task-run-recorder", "event-persister")]

    def lag(self):
        return min(group["lag"] for group in self.redis.client.xinfo_groups("events") if group["name"] in ("task-run-recorder", "event-persister"))

    @unittest.skipIf(importlib.metadata.version("prefect") in tested.OLDER, "it may lose the state of a task run, and says so")
    def test_an_outage_of_the_database_loses_nothing_and_takes_no_memory(self):
        process = self.services()
        self.publish(100)
        self.stored(100, 300)
        self.postgres.stop()
        self.publish(400)
        time.sleep(8)  # Prefect's own would have dropped the first by now: 6 attempts
        self.assertLessEqual(max(self.pending()), BATCH)
        self.assertGreaterEqual(self.lag(), 1200 - BATCH)
        self.assertGreaterEqual(self.redis.client.xlen("events"), 1200)
        self.postgres.start()
        self.stored(500, 1500)
        wait(lambda: self.redis.client.xlen("events") < 100, 20, "stored events to leave Redis")
        self.assertTrue(all(row["name"] == "Completed" for row in self.postgres.rows("select distinct state_name as name from task_run")))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0, process.log.read_text())

    def test_nothing_is_lost_when_services_are_killed_in_an_outage(self):
        processes = [self.services("one"), self.services("two")]
        self.postgres.stop()
        self.publish(200)
        wait(lambda: min(self.pending()) > 0, 20, "batches in hand")
        for process in processes:
            process.end()
        self.postgres.start()
        self.services("three")
        self.publish(100)
        self.stored(300, 900)

    def test_what_a_killed_process_had_in_hand_is_taken_over_soon(self):
        late_runs = 5  # seconds between two looks for them, so one is in hand soon
        docket = redis.Redis(port=self.redis.port, db=1)

        def in_hand():
            pending = docket.xpending_range("prefect:stream", "docket-workers", "-", "+", 50)
            messages = [docket.xrange("prefect:stream", each["message_id"], each["message_id"]) for each in pending]
            return {message[0][1][b"key"]: each["message_id"] for message, each in zip(messages, pending, strict=True) if message}

        killed = self.services("killed")
        with self.postgres.locked("flow_run"):
            held = wait(lambda: in_hand().get(b"monitor_late_runs"), 3 * late_runs, "the look for late runs to wait for the database")
            killed.end()
        self.services("successor")
        wait(lambda: held not in in_hand().values(), 60, "the successor to finish what the killed process had in hand")

    def test_an_event_that_cannot_be_stored_holds_up_no_other(self):
        process = self.services()
        self.publish(20)
        self.send(event(uuid.uuid4(), 0, "Pending", message="nul \0 byte"))
        self.send({"id": "none", "event": "none"})
        self.publish(20)
        self.stored(40, 120)
        self.assertEqual(self.redis.client.scard("dlq"), 4)  # the two of them, from each of the two that store

        self.redis.process.end()
        time.sleep(1)
        self.redis.start()
        self.publish(20)
        self.stored(60, 180)
        self.assertIsNone(process.poll())

    def test_refuses_a_version_that_it_was_not_tested_with(self):
        (self.folder / "prefect-9.9.9.dist-info").mkdir()
        (self.folder / "prefect-9.9.9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: prefect\nVersion: 9.9.9\n")
        process = start([sys.executable, FILES / "services.py"], self.folder / "log", PYTHONPATH=str(self.folder))
        self.assertEqual(process.wait(20), 1)
        self.assertIn("tested with 3.8.8, not with 9.9.9", process.log.read_text())

    def test_ends_when_a_part_of_it_has_ended(self):
        """Without the database, Prefect's triggers give up at their start, unseen by its own launcher."""
        self.postgres.stop()
        self.addCleanup(self.postgres.start)
        process = self.services(beating=False)
        self.assertEqual(process.wait(90), 1)
        said = [json.loads(line)["message"] for line in process.log.read_text().splitlines()]
        self.assertTrue(any("has ended" in message for message in said), said)


if __name__ == "__main__":
    unittest.main()
