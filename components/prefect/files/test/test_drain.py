import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from support import FILES, folder, free_port, start, wait

sys.path.insert(0, str(FILES))
from drain import accept_packets, hold_off_new_connections, waiting  # noqa: E402

# Answers after 10 ms, or after as many seconds as the path says.
APP = """
import asyncio
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                print("ended", flush=True)
                return
    await asyncio.sleep(float(scope["path"][1:] or 0.01))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})
"""
IDLE = 0.4  # seconds after which the client below gives a connection up, as the edge does
TICK = 1.0  # uvicorn renews what it adds to each answer once a second


class Client:
    """POSTs as a proxy does: on connections that it keeps, elsewhere when it cannot connect, never twice."""

    def __init__(self, *ports):
        self.ports, self.kept, self.sent, self.lost = ports, {port: [] for port in ports}, 0, []

    def connection(self, port):
        while self.kept[port]:
            connection, since = self.kept[port].pop()
            if time.monotonic() - since < IDLE:
                return connection
            connection.close()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=0.3)
        try:
            connection.connect()
        except OSError:
            connection.close()
            raise
        connection.sock.settimeout(5)
        return connection

    def close(self):
        for kept in self.kept.values():
            for connection, _ in kept:
                connection.close()

    def post(self):
        self.sent += 1
        turn = self.sent % len(self.ports)
        for port in self.ports[turn:] + self.ports[:turn]:
            try:
                connection = self.connection(port)
            except OSError:
                continue
            try:
                connection.request("POST", "/")
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(f"{self.sent} to {port}: {error!r}")
                connection.close()
                return
            if answer.will_close:
                connection.close()
            else:
                self.kept[port].append((connection, time.monotonic()))
            return
        self.lost.append(f"{self.sent}: nobody listens")


class Drain(unittest.TestCase):
    def serve(self, port=None, **times):
        port = port or free_port()
        options = {"serve": 2.5, "linger": 0.6} | times
        where = folder()
        (where / "app.py").write_text(APP)
        arguments = [f"--{name}={value}" for name, value in options.items()]
        command = [sys.executable, FILES / "drain.py", *arguments, "--", "uvicorn", "app:app", "--port", str(port), "--no-access-log"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=where, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait(lambda: self.status(port), 20, "a server")
        return process, port

    def status(self, port, path="/"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.headers["connection"]
        except ConnectionRefusedError:
            return None
        finally:
            connection.close()

    def test_serves_on_then_refuses_then_lingers(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                process, port = self.serve()
                self.assertEqual(self.status(port), (200, None))
                stopped = time.monotonic()
                process.send_signal(number)
                time.sleep(TICK + 0.2)
                self.assertEqual(self.status(port), (200, "close"))
                wait(lambda: not self.status(port), 5, "refusal")
                self.assertGreaterEqual(time.monotonic() - stopped, 2.4)  # --serve
                wait(lambda: "ended" in process.stdout.readline(), 5, "end of the application")
                ended = time.monotonic()
                self.assertEqual(process.wait(5), 0)
                self.assertGreaterEqual(time.monotonic() - ended, 0.5)  # --linger

    def test_loses_no_post_to_servers_that_are_replaced(self):
        (old, first), (_, second) = self.serve(), self.serve()
        client, done = Client(first, second), threading.Event()

        def send():
            while not done.is_set():
                client.post()

        sender = threading.Thread(target=send)
        sender.start()
        try:
            for _ in range(3):
                time.sleep(0.2)
                old.terminate()
                self.assertEqual(old.wait(20), 0)
                old, _ = self.serve(port=first)
        finally:
            done.set()
            sender.join()
            client.close()
        self.assertEqual(client.lost, [])
        self.assertGreater(client.sent, 300)

    def test_holds_off_new_connections_but_keeps_those_that_wait(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with socket.create_connection(listener.getsockname()) as early:
                wait(lambda: waiting(listener) == 1, 5, "the connection in the queue")
                hold_off_new_connections(listener)
                with self.assertRaises(TimeoutError):
                    socket.create_connection(listener.getsockname(), timeout=0.3)
                accepted, _ = listener.accept()
                self.assertEqual(waiting(listener), 0)
                early.sendall(b"still here")
                self.assertEqual(accepted.recv(10), b"still here")
                accept_packets(accepted)
                early.sendall(b"and here")
                self.assertEqual(accepted.recv(10), b"and here")
                accepted.close()

    def test_answers_what_is_under_way(self):
        process, port = self.serve(serve=0.2)
        answers = []
        slow = threading.Thread(target=lambda: answers.append(self.status(port, "/3")))
        slow.start()
        time.sleep(0.3)
        process.terminate()
        slow.join()
        self.assertEqual(answers[0][0], 200)
        self.assertEqual(process.wait(5), 0)

    def test_a_second_signal_shortens_nothing(self):
        process, _ = self.serve(serve=1)
        started = time.monotonic()
        for _ in range(3):
            process.terminate()
            time.sleep(0.2)
        self.assertEqual(process.wait(10), 0)
        self.assertGreaterEqual(time.monotonic() - started, 2.5)

    def test_ends_at_once_with_the_code_of_a_server_that_cannot_start(self):
        _, port = self.serve()
        started = time.monotonic()
        command = [sys.executable, FILES / "drain.py", "--serve=9", "--linger=9", "--", "uvicorn", "nowhere:app", "--port", str(port)]
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, 3)  # uvicorn: startup failure
        self.assertLess(time.monotonic() - started, 8)

    def test_drains_prefects_api(self):
        """Prefect's own command ends in uvicorn.run in this process; if it no longer did, nothing would drain."""
        port, home = free_port(), folder()
        environment = {
            "PREFECT_HOME": str(home),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_SERVER_LOGGING_LEVEL": "INFO",
        }
        command = [sys.executable, FILES / "drain.py", "--serve=0.1", "--linger=0.1", "--", "api", "server", "start", "--no-services", "--port", port]
        process = start(command, home / "log", **environment)
        self.addCleanup(process.end)
        wait(lambda: self.status(port, "/api/health"), 90, "Prefect")
        process.terminate()
        self.assertEqual(process.wait(30), 0)
        lines = [line for line in process.log.read_text().splitlines() if line and line != "Server stopped!"]  # Prefect prints that
        said = [json.loads(line) for line in lines]
        self.assertIn(("drain", "stopping"), [(line["logger"], line["message"]) for line in said])
        self.assertIn("uvicorn.error", [line["logger"] for line in said])


if __name__ == "__main__":
    unittest.main()
