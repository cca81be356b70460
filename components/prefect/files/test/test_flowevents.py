import signal
import sys
import unittest

from support import FILES, Server, folder, start, wait

FLOW = """
import pathlib, sys, time
from prefect import flow, task

sys.path.append(sys.argv[1])
import flowevents
flowevents.install()
here = pathlib.Path(sys.argv[2])

@task(persist_result=False)
def double(number):
    return 2 * number

@flow
def steady():
    (here / "running").touch()
    while not (here / "away").exists():
        time.sleep(0.05)
    ran = 0
    while not (here / "end").exists():
        double(ran)
        ran += 1
        (here / "ran").write_text(str(ran))
        time.sleep(0.2)
    return ran

steady()
"""


class FlowEvents(unittest.TestCase):
    def test_keeps_task_runs_while_the_api_hangs_and_then_refuses_connections(self):
        server = Server()
        self.addCleanup(server.process.end)
        wait(server.ready, 60, "Prefect server")
        here = folder()
        (here / "flow.py").write_text(FLOW)
        flow = start([sys.executable, here / "flow.py", FILES, here], here / "flow.log", **server.environment)
        self.addCleanup(flow.end)
        wait((here / "running").exists, 60, "the flow")

        server.process.send_signal(signal.SIGSTOP)
        (here / "away").touch()  # from here on there are tasks, the first of which asks the API what it belongs to
        wait(lambda: self.ran(here) >= 10, 30, "tasks while the API hangs")
        server.process.end()
        before = self.ran(here)
        wait(lambda: self.ran(here) >= before + 60, 60, "tasks while the API refuses connections")  # 12 s, Prefect is patient for 8
        server.restart()
        wait(server.ready, 60, "Prefect server")
        (here / "end").touch()
        self.assertEqual(flow.wait(60), 0, flow.log.read_text())

        ran = self.ran(here)
        wait(lambda: server("POST", "/task_runs/count", {}) == ran, 60, f"{ran} task runs stored; log of the flow: {flow.log.read_text()}")

    def ran(self, here):
        file = here / "ran"
        return int(file.read_text() or 0) if file.exists() else 0
