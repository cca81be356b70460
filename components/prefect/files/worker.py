"""Process worker that drains: python worker.py --pool NAME --limit N --drain SECONDS [--name NAME].

Prefect's own worker kills its flow runs on SIGTERM and leaves them RUNNING for ever. This one takes no new run, lets the
running ones finish for --drain seconds and then ends them in an orderly way, so that each is reported Crashed (its
on_crashed hooks included). They are not rescheduled: a flow that was half way through may not bear a second start, which only
its author knows. Runs that were fetched but not yet claimed stay Scheduled for another worker; claimed ones are started
and drained with the rest. Allow the container --drain seconds and KILL_SECONDS + REPORT_SECONDS more to stop.
When the worker itself was killed, its next start settles what it left: see settle.
Logs of flows and tasks also go to a file, as JSON lines, see flowlog.py, and their events outlast the API's absence, see flowevents.py.
"""

import argparse
import asyncio
import contextlib
import functools
import importlib.util
import itertools
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import environment
import platformaddresses
import platformlog
import yaml

REFUSED_SECONDS = 90  # for an API that knows another credential to go; `up` gives a worker 120 to be healthy
REFUSALS = ("401 Unauthorized", "Unable to authenticate")  # of a request, of a WebSocket
KILL_SECONDS = 15  # for flow runs to end after SIGTERM, hooks included
REPORT_SECONDS = 20  # after SIGKILL, to report those that did not and to run their hooks
PAGE = 200  # flow runs that the API lists at once, at most
HERE = pathlib.Path(__file__).resolve().parent


def log_flows_to(file):
    """Adds our handler to Prefect's own logging configuration; Prefect would replace that by ours, not merge them.

    Must run before prefect is imported. The configuration is a template (Prefect fills in $NAME), and remains one: it is
    read as it stands, and a $ of our own is doubled. Flows find what they need in a folder that holds nothing else: the
    folder of this file on their path would hide their own modules of the same names.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix="flowlog-"))
    for name in ("platformaddresses.py", "flowevents.py", "flowlog.py", "flowrun.py", "platformlog.py"):
        shutil.copy(HERE / name, folder)
    packaged = pathlib.Path(importlib.util.find_spec("prefect").origin).parent / "logging" / "logging.yml"
    config = yaml.safe_load(packaged.read_text())
    config["handlers"]["flow_file"] = {"level": 0, "()": "flowrun.handler", "filename": file.replace("$", "$$")}
    for logger in ("prefect.flow_runs", "prefect.task_runs"):
        config["loggers"][logger]["handlers"].append("flow_file")
    (folder / "logging.yml").write_text(yaml.safe_dump(config))

    os.environ["PREFECT_LOGGING_CONFIG_PATH"] = str(folder / "logging.yml")
    os.environ["PYTHONPATH"] = with_folder(folder, os.environ.get("PYTHONPATH"))
    sys.path.append(str(folder))
    return folder


def with_folder(folder, path):
    """PYTHONPATH with folder in it; last, so that it hides nothing."""
    return os.pathsep.join(filter(None, [path, str(folder)]))


def draining_worker(log_folder):
    """The class is made here because prefect may only be imported once its logging is set up."""
    import httpx
    import prefect.workers.process as process
    from prefect.client.schemas import filters
    from prefect.client.schemas.objects import StateType
    from prefect.states import Scheduled
    from prefect.types._datetime import now

    # A run with a command of its own would stay in our process group and get our signals; with Prefect 3.7 every run would.
    if hasattr(process, "EngineCommandStarter"):
        process.EngineCommandStarter = functools.partial(process.EngineCommandStarter, isolate_process_group=True)
    else:
        import prefect.runner.runner as runner

        runner.run_process = functools.partial(runner.run_process, start_new_session=True)

    class DrainingWorker(process.ProcessWorker):
        draining = settled = False

        @classmethod
        def __dispatch_key__(cls):
            return "draining-process"  # beside the worker of Prefect's registry, not instead of it; type stays "process"

        def __init__(self, **options):
            super().__init__(**options)
            self.flows = {}  # flow run and the id of its process, which leads a process group, by id

        async def get_and_submit_flow_runs(self):
            if self.draining:
                self._last_polled_time = now("UTC")  # we are well, though not polling
                return []
            return await self._patiently(self._settle_then_poll, [])

        async def _settle_then_poll(self):
            if not self.settled and self._work_pool:
                await self.settle()
                self.settled = True
            return await super().get_and_submit_flow_runs()

        async def settle(self):
            """Ends what a killed worker of this name has left. Its processes have died with their container, whose name it bears.

            A claimed run that had not begun goes back to where it was fetched from, one that had is Crashed; otherwise the first
            would be Pending for ever, and the second Running until its missing heartbeats are noticed.
            """
            unfinished = filters.FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING])
            runs, page = [], None
            while page is None or len(page) == PAGE:
                page = await self.client.read_flow_runs(
                    flow_run_filter=filters.FlowRunFilter(state=filters.FlowRunFilterState(type=unfinished)),
                    work_pool_filter=filters.WorkPoolFilter(name=filters.WorkPoolFilterName(any_=[self._work_pool_name])),
                    limit=PAGE,
                    offset=len(runs),
                )
                runs += page
            for run in runs:
                if run.labels.get("prefect.worker.name") != self.name:
                    continue
                if run.state.is_running():
                    await self._propose_crashed_state(run, "The worker was killed while it ran this.")
                else:
                    await self.client.set_flow_run_state(run.id, Scheduled(message="The worker was killed before it began this."))

        async def sync_with_backend(self):
            if not self.is_setup:
                return await super().sync_with_backend()
            await self._patiently(super().sync_with_backend, None)

        async def _patiently(self, call, otherwise):
            """Prefect's worker gives up, and takes its flow runs with it, when the API fails it a dozen times in a row."""
            try:
                return await call()
            except httpx.HTTPError as error:
                self._logger.warning("Prefect API not available: %r", error)
                return otherwise

        async def _propose_pending_state(self, flow_run):
            """Claims a run. Until then it is Scheduled, and anybody's."""
            return not self.draining and await super()._propose_pending_state(flow_run)

        async def run(self, flow_run, configuration, task_status=None):
            if str(log_folder) not in (path := configuration.env.get("PYTHONPATH") or ""):  # set by the deployment
                configuration.env["PYTHONPATH"] = with_folder(log_folder, path)
            noted = _Noted(task_status, lambda pid: self.flows.update({flow_run.id: (flow_run, pid)}))
            try:
                return await super().run(flow_run, configuration, noted)
            finally:
                self.flows.pop(flow_run.id, None)

        def busy(self):
            return bool(self._submitting_flow_run_ids or self._limiter and self._limiter.borrowed_tokens)

        def kill(self, number, message):
            for flow_run, pid in self.flows.values():
                self.get_flow_run_logger(flow_run).error(message)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, number)

    return DrainingWorker


class _Noted:
    """Hands on what Prefect's worker reports as started, and notes it."""

    def __init__(self, task_status, note):
        self.task_status, self.note = task_status, note

    def started(self, pid):
        self.note(pid)
        self.task_status.started(pid)


async def work(make, drain):
    """Runs a worker until it fails, or until SIGTERM or SIGINT and the end of its flow runs. Further signals change nothing.

    While the API is replaced because its credential changed, the old one still answers under the same name: a worker that it refuses is made and started again."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    deadline = time.monotonic() + REFUSED_SECONDS
    for attempt in itertools.count():
        platformaddresses.turn(attempt)
        try:
            return await _work(make(), drain, stop)
        except Exception as error:
            if not any(said in str(error) for said in REFUSALS) or stop.is_set() or time.monotonic() > deadline:
                raise
            platformlog.say("worker", "an API refuses the credential; it may be the one before a change of it")
            await asyncio.sleep(1)


async def _work(worker, drain, stop):
    running = asyncio.create_task(worker.start(with_healthcheck=True, printer=functools.partial(platformlog.say, "worker")))
    await asyncio.wait({running, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)

    async def ended(seconds):
        deadline = time.monotonic() + seconds
        while worker.busy() and not running.done() and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        return not worker.busy()

    if not running.done():
        worker.draining = True
        platformlog.say("worker", f"takes no new run, lets {len(worker.flows)} finish within {drain:g} s")
        if not await ended(drain):
            worker.kill(signal.SIGTERM, f"This run is ended: its worker was stopped {drain:g} s ago.")
        if not await ended(KILL_SECONDS):
            worker.kill(signal.SIGKILL, f"This run is killed: it did not end within {KILL_SECONDS} s of SIGTERM.")
        await ended(REPORT_SECONDS)
        running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run a process worker that drains when it is stopped.")
    parser.add_argument("--pool", required=True, help="work pool, made with type process when it is missing")
    parser.add_argument("--name", default=os.uname().nodename, help="name of the worker")
    parser.add_argument("--limit", required=True, type=int, help="flow runs at a time")
    parser.add_argument("--drain", required=True, type=float, metavar="SECONDS", help="for running flows after SIGTERM")
    parser.add_argument("--flow-log", default="/var/log/prefect/flows.log", metavar="FILE")
    options = parser.parse_args()
    environment.complete()
    platformlog.install()
    Worker = draining_worker(log_flows_to(options.flow_log))
    asyncio.run(work(lambda: Worker(work_pool_name=options.pool, name=options.name, limit=options.limit), options.drain))
