import json
import os
import signal
import sys
import time
import unittest
import urllib.request

from support import FILES, folder, free_port, replaced, server, start, wait

FLOWS = """
import pathlib, signal, time
from prefect import flow, task, get_run_logger
from prefect.cache_policies import INPUTS

@task(persist_result=True, cache_policy=INPUTS)
def kept(key):
    return key

@task
def nap(seconds):
    get_run_logger().info("costs $5")
    time.sleep(seconds)

@flow
def noted(name, seconds, notes):
    state = kept("key", return_state=True)
    with open(notes, "a") as file:
        file.write(f"{name} {state.name}\\n")
    nap(seconds)

def hook(flow, flow_run, state):
    pathlib.Path(flow_run.parameters["hooks"]).write_text(state.message)

@flow(on_crashed=[hook])
def endless(hooks):
    time.sleep(600)

@flow(on_crashed=[hook])
def deaf(hooks):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    time.sleep(600)
"""


class Worker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server()
        cls.folder = folder()
        (cls.folder / "flows.py").write_text(FLOWS)

    def worker(self, pool, drain=30, limit=5, kill_seconds=3, **environment):
        """A worker that has claimed its pool."""
        home = folder()
        for name in ("worker.py", "platformaddresses.py", "environment.py", "flowevents.py", "flowlog.py", "flowrun.py", "platformlog.py"):
            program = (FILES / name).read_text().replace("KILL_SECONDS = 15", f"KILL_SECONDS = {kill_seconds}")
            (home / name).write_text(program)
        self.flow_log = home / "flows.log"
        self.port = free_port()
        environment = {
            "PREFECT_API_URL": self.server.url,
            "PREFECT_HOME": str(home),
            "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(self.folder / "results"),  # outlives the worker
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_WORKER_WEBSERVER_PORT": str(self.port),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            **environment,
        }
        options = {"pool": pool, "name": f"w-{pool}", "limit": limit, "drain": drain, "flow-log": self.flow_log}
        command = [sys.executable, home / "worker.py", *(f"--{name}={value}" for name, value in options.items())]
        process = start(command, home / "worker.log", **environment)
        self.addCleanup(process.end)

        def started():
            self.assertIsNone(process.poll(), process.log.read_text())
            return "started!" in process.log.read_text()

        wait(started, 120, "worker")
        return process

    def health(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as response:
            return response.status

    def stopped(self, process, seconds):
        self.assertEqual(process.wait(seconds), 0, process.log.read_text())

    def test_lets_running_flows_finish_and_takes_no_new_ones(self):
        process = self.worker("finish")
        self.assertEqual(self.server("GET", "/work_pools/finish")["type"], "process")
        notes = self.folder / "notes"
        plain = self.server.deploy("finish", "noted", self.folder)
        command = {"command": f"{sys.executable} -m prefect.engine", "env": {"PYTHONPATH": "/nonexistent"}}
        own = self.server.deploy("finish", "noted", self.folder, "own command", job_variables=command)

        def run(deployment, name, seconds):
            return self.server.run(deployment, name=name, seconds=seconds, notes=str(notes))

        running = [run(plain, "plain", 6), run(own, "own", 6)]
        for each in running:
            self.server.wait_for(each, "RUNNING")
        racing = run(plain, "racing", 0)
        os.killpg(process.pid, signal.SIGTERM)  # as an init that signals the whole group does
        wait(lambda: "takes no new run" in process.log.read_text(), 5, "start of the drain")
        late = run(plain, "late", 0)
        time.sleep(2)  # two polls
        process.send_signal(signal.SIGTERM)  # changes nothing
        self.assertEqual(self.health(), 200)
        for each in running:
            self.server.wait_for(each, "COMPLETED")
        self.assertEqual(self.server.state(late)["type"], "SCHEDULED")
        self.stopped(process, 20)

        log = [json.loads(line) for line in self.flow_log.read_text().splitlines()]
        costs = [line for line in log if line["message"] == "costs $5"]
        self.assertLessEqual(set(running), {line["flow_run_id"] for line in costs})
        self.assertTrue(all(line["task_run_name"].startswith("nap-") for line in costs))
        said = [json.loads(line) for line in process.log.read_text().splitlines()]
        for logger in ("prefect.flow_runs", "prefect.task_runs", "prefect.flow_runs.worker"):
            self.assertLessEqual(set(running), {line.get("flow_run_id") for line in said if line["logger"] == logger}, logger)

        second = self.worker("finish")
        for each in (racing, late):
            self.server.wait_for(each, "COMPLETED")
        second.send_signal(signal.SIGTERM)
        self.stopped(second, 10)
        done = notes.read_text().split("\n")
        self.assertEqual(sorted(line.split()[0] for line in done[:-1]), ["late", "own", "plain", "racing"])
        self.assertEqual(done[0].split()[1], "Completed")
        self.assertIn("late Cached", done)

    def test_settles_what_a_killed_worker_of_its_name_has_left(self):
        process = self.worker("settle")
        deployment = self.server.deploy("settle", "endless", self.folder)
        running = self.server.run(deployment, hooks=str(self.folder / "ignored"))
        self.server.wait_for(running, "RUNNING")
        pid = int(self.server("GET", f"/flow_runs/{running}")["infrastructure_pid"])
        process.end()
        os.killpg(pid, signal.SIGKILL)  # in a container it would have died with the worker
        claimed, foreign = [self.server.run(deployment, hooks="") for _ in range(2)]
        for run, worker in ((claimed, "w-settle"), (foreign, "another")):
            self.server("PATCH", f"/flow_runs/{run}/labels", {"prefect.worker.name": worker})
            self.server("POST", f"/flow_runs/{run}/set_state", {"state": {"type": "PENDING"}, "force": True})

        self.worker("settle", limit=1)
        self.assertIn("was killed", self.server.wait_for(running, "CRASHED")["message"])
        self.server.wait_for(claimed, "RUNNING")
        self.assertEqual(self.server.state(foreign)["type"], "PENDING")

    def test_ends_flows_that_do_not_finish_in_time_and_reports_them_crashed(self):
        process = self.worker("late", drain=1)
        hooks = {name: self.folder / f"hook-{name}" for name in ("endless", "deaf")}
        runs = {
            name: self.server.run(self.server.deploy("late", name, self.folder), hooks=str(hook)) for name, hook in hooks.items()
        }
        for run in runs.values():
            self.server.wait_for(run, "RUNNING")
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        self.stopped(process, 60)
        for name, said in {"endless": "termination signal|-15", "deaf": "-9"}.items():
            state = self.server.state(runs[name])
            self.assertEqual((name, state["type"]), (name, "CRASHED"))
            self.assertRegex(state["message"], said)
            self.assertTrue(hooks[name].exists(), process.log.read_text())
            self.assertEqual(hooks[name].read_text(), state["message"])
        self.assertIn("its worker was stopped 1 s ago", self.flow_log.read_text())

    def test_starts_again_while_an_api_refuses_its_credential_and_fails_for_other_reasons(self):
        code = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import worker

class Refused:
    made, ended = 0, ["Client error '401 Unauthorized' for url", "Runner failed to start: event_emitter — Unable to authenticate to the event stream."]

    def __init__(self):
        Refused.made += 1

    def busy(self):
        return False

    async def start(self, with_healthcheck, printer):
        if Refused.made < 3:
            raise RuntimeError(self.ended[Refused.made - 1])

asyncio.run(worker.work(Refused, 1))
assert Refused.made == 3, Refused.made
Refused.made, Refused.ended = 0, ["no such pool"]
try:
    asyncio.run(worker.work(Refused, 1))
except RuntimeError:
    assert Refused.made == 1, Refused.made
else:
    raise SystemExit("another failure is taken for a refused credential")
"""
        home = folder()
        process = start([sys.executable, "-c", code, FILES], home / "log", PREFECT_HOME=str(home))
        self.assertEqual(process.wait(60), 0, process.log.read_text())

    def test_turns_from_an_old_api_under_the_same_name_to_the_new_one_and_so_do_its_flows(self):
        new = replaced()
        names = ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PYTHONPATH")
        process = self.worker("turn", **{name: new.environment[name] for name in names})
        self.assertIn("an API refuses the credential", process.log.read_text())
        run = new.run(new.deploy("turn", "noted", self.folder), name="turn", seconds=0, notes=str(self.folder / "turned"))
        new.wait_for(run, "COMPLETED")

    def test_an_api_that_fails_for_long_does_not_end_the_worker(self):
        code = """
import asyncio, httpx, sys
sys.path.insert(0, sys.argv[1])
import worker, prefect.workers.process as process

async def away(self):
    raise httpx.ConnectError("away")

process.ProcessWorker.get_and_submit_flow_runs = process.ProcessWorker.sync_with_backend = away
tried = worker.draining_worker("/nonexistent")(work_pool_name="p", limit=1)
tried.is_setup = True
assert asyncio.run(tried.get_and_submit_flow_runs()) == []
asyncio.run(tried.sync_with_backend())
"""
        home = folder()
        environment = {"PREFECT_HOME": str(home), "PREFECT_API_URL": "http://127.0.0.1:1/api"}
        process = start([sys.executable, "-c", code, FILES], home / "log", **environment)
        self.assertEqual(process.wait(60), 0, process.log.read_text())
