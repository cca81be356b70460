import os
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from support import FILES, Quiet, serve

# The probe with the well-known ports and path replaced, so that tests can run beside each other and beside a real one.
PROBE = "import sys; sys.path.insert(0, {files!r}); import check; check.HEARTBEAT = {heartbeat!r}; answers = check.answers\n" \
    "check.answers = lambda port, path: answers({port}, path); sys.exit(check.{what}())"


def check(what, port=1, heartbeat="/nonexistent"):
    code = PROBE.format(files=str(FILES), heartbeat=heartbeat, port=port, what=what)
    return subprocess.run([sys.executable, "-IS", "-c", code], timeout=10).returncode


class Check(unittest.TestCase):
    def server(self, statuses):
        """A server on a free port that answers each path with its status."""

        class Handler(Quiet):
            def do_GET(self):
                self.send_response(statuses[self.path])
                self.end_headers()

        return serve(self, Handler)

    def stuck(self):
        """A server that accepts and never answers, as a stopped process does."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return listener.getsockname()[1]

    def test_api(self):
        self.assertEqual(check("api", self.server({"/api/ready": 200})), 0)
        self.assertEqual(check("api", self.server({"/api/ready": 503, "/api/health": 200})), 1)
        self.assertEqual(check("api"), 2)

    def test_api_that_accepts_but_never_answers_is_found_out_in_time(self):
        started = time.monotonic()
        self.assertEqual(check("api", self.stuck()), 2)
        self.assertLess(time.monotonic() - started, 4.7)

    def test_worker(self):
        self.assertEqual(check("worker", self.server({"/health": 200})), 0)
        self.assertEqual(check("worker", self.server({"/health": 503})), 1)
        self.assertEqual(check("worker"), 2)

    def test_services(self):
        self.assertEqual(check("services"), 1)
        with tempfile.TemporaryDirectory() as folder:
            heartbeat = pathlib.Path(folder, "alive")
            heartbeat.touch()
            self.assertEqual(check("services", heartbeat=str(heartbeat)), 0)
            os.utime(heartbeat, (time.time() - 31,) * 2)
            self.assertEqual(check("services", heartbeat=str(heartbeat)), 2)

    def test_costs_less_than_60_ms_of_cpu(self):
        costs = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-IS", FILES / "check.py", "worker"])
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        self.assertLess(min(costs), 0.06)


if __name__ == "__main__":
    unittest.main()
