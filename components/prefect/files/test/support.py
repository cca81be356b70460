"""What the tests share: where the programs are, processes that end with the test, a Prefect server, waiting for a condition."""

import atexit
import base64
import functools
import glob
import http.server
import importlib.metadata
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import redis

FILES = pathlib.Path(__file__).resolve().parent.parent


def program(name, elsewhere="/nonexistent"):
    """The path of an installed program."""
    found = shutil.which(name) or next(iter(sorted(glob.glob(elsewhere))), None)
    assert found, f"the tests take {name}; .ci/packages installs it"
    return found


def wait(condition, seconds, what):
    """The first true result of condition; fails naming what was awaited."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Quiet(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def serve(case, handler):
    """The port of a server that runs until the test ends."""
    server = http.server.HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    case.addCleanup(thread.join)
    case.addCleanup(server.server_close)
    case.addCleanup(server.shutdown)
    return server.server_address[1]


def folder():
    """A temporary folder that goes when the tests have ended."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="prefect-files-test-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def start(command, log, user=None, **environment):
    """A process in a session of its own; its whole group ends with the tests, whatever happens."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=log.parent,
            env=clean | environment,
            user=user,
        )
    process.log = log

    def end():
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    process.end = end
    atexit.register(end)
    return process


def empty_database():
    """A migrated SQLite file, kept between runs: hundreds of migrations are what a start on an empty database spends its time on."""
    kept = pathlib.Path(tempfile.gettempdir(), f"prefect-{importlib.metadata.version('prefect')}-empty.db")
    if not kept.exists():
        home = folder()
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
        upgrade = start(command, home / "upgrade.log", PREFECT_HOME=str(home))
        assert upgrade.wait(120) == 0, upgrade.log.read_text()
        os.replace(shutil.copy(home / "prefect.db", f"{kept}.{os.getpid()}"), kept)
    return kept


class Server:
    """A Prefect server with all its services in one process, SQLite and memory only."""

    def __init__(self, port=None, host="127.0.0.1", **environment):
        self.folder, self.host, self.port = folder(), host, port or free_port()
        self.url = f"http://{host}:{self.port}/api"
        self.environment = {
            "PREFECT_HOME": str(self.folder),
            "PREFECT_API_URL": self.url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
            "DO_NOT_TRACK": "1",
            **environment,
        }
        shutil.copy(empty_database(), self.folder / "prefect.db")
        self.restart()

    def restart(self):
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", self.host, "--port", self.port]
        self.process = start(command, self.folder / "server.log", **self.environment)

    def ready(self):
        try:
            return self("GET", "/ready")
        except OSError:
            assert self.process.poll() is None, self.process.log.read_text()
            return None

    def __call__(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, headers={"Content-Type": "application/json"})
        if auth := self.environment.get("PREFECT_API_AUTH_STRING"):
            request.add_header("Authorization", "Basic " + base64.b64encode(auth.encode()).decode())
        request.data = None if body is None else json.dumps(body).encode()
        for last in (False, False, False, True):
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    text = response.read()
                return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                if error.code != 503 or last:  # SQLite is locked now and then
                    raise
                time.sleep(1)

    def deploy(self, pool, name, path, deployment="test", **more):
        """A deployment of the flow of that name in flows.py in path."""
        flow = self("POST", "/flows/", {"name": name})["id"]
        steps = [{"prefect.deployments.steps.set_working_directory": {"directory": str(path)}}]
        body = {"name": deployment, "flow_id": flow, "work_pool_name": pool, "entrypoint": f"flows.py:{name}", "pull_steps": steps}
        return self("POST", "/deployments/", body | more)["id"]

    def run(self, deployment, **parameters):
        return self("POST", f"/deployments/{deployment}/create_flow_run", {"parameters": parameters})["id"]

    def state(self, run):
        return self("GET", f"/flow_runs/{run}")["state"]

    def wait_for(self, run, kind, seconds=120):
        """The run's state once it is of that type."""

        def reached():
            state = self.state(run)
            return state if state["type"] == kind else None

        return wait(reached, seconds, f"{kind} of {run}")


OLD_FIRST = """
import socket
look_up = socket.getaddrinfo

def getaddrinfo(host, *args, **options):
    if host not in ("api.test", b"api.test"):
        return look_up(host, *args, **options)
    return look_up("127.0.0.2", *args, **options) + look_up("127.0.0.1", *args, **options)

socket.getaddrinfo = getaddrinfo
"""


@functools.cache
def replaced():
    """The environment of clients during a replacement: api.test is the old API and the new one, and libc puts the old one first."""
    new = Server(PREFECT_SERVER_API_AUTH_STRING="prefect:new", PREFECT_API_AUTH_STRING="prefect:new")
    old = Server(new.port, "127.0.0.2", PREFECT_SERVER_API_AUTH_STRING="prefect:old", PREFECT_API_AUTH_STRING="prefect:old")
    for each in (new, old):
        wait(each.ready, 60, "both")
    order = folder()
    (order / "sitecustomize.py").write_text(OLD_FIRST)
    new.environment |= {"PREFECT_API_URL": f"http://api.test:{new.port}/api", "PYTHONPATH": str(order)}
    return new


POOLS = [{"name": "default", "type": "process", "concurrency_limit": None}, {"name": "small", "type": "process", "concurrency_limit": 2}]


def bootstrap(api, canary=None, program=FILES / "bootstrap.py"):
    """Runs the program, or a changed one as if it were in the folder of the others."""
    file = folder() / "wanted.json"
    file.write_text(json.dumps({"pools": POOLS, "canary": canary}))
    environment = {"PYTHONPATH": str(FILES), **api.environment, "PATH": "/usr/bin:/bin"}
    return subprocess.run([sys.executable, str(program), str(file)], cwd=file.parent, env=environment, capture_output=True, text=True, timeout=120)


class Redis:
    def __init__(self):
        self.port, self.folder = free_port(), folder()
        self.client = redis.Redis(port=self.port, decode_responses=True)
        self.start()

    def start(self):
        command = [program("redis-server"), "--port", self.port, "--bind", "127.0.0.1", "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        self.process = start(command, self.folder / "redis.log")
        wait(self.answers, 20, "Redis")

    def answers(self):
        try:
            return self.client.ping()
        except redis.ConnectionError:
            return False


@functools.cache
def server():
    """One for all tests that need any."""
    made = Server()
    wait(made.ready, 60, "Prefect server")
    return made
