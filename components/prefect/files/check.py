"""Health probe of the Prefect containers: python -IS check.py api|services|worker.

Exit code 0: healthy. 1: alive, but not ready; restarting would not help. 2: no answer.
Takes 4 seconds at most, so that the caller's own timeout never turns "not ready" into "no answer". Started every few
seconds, hence no import that costs more than the probe itself.
"""

import os
import socket
import sys
import time

PATIENCE = 2.0  # seconds for one request
HEARTBEAT = "/tmp/alive"  # touched by services.py every 2 seconds
HEARTBEAT_LIMIT = 30.0  # seconds


def answers(port, path):
    """The status of a GET on the loopback interface, or None when there is none in time."""
    deadline = time.monotonic() + PATIENCE
    try:
        with socket.socket() as connection:
            connection.settimeout(PATIENCE)
            connection.connect(("127.0.0.1", port))
            connection.sendall(b"GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" % path.encode())
            connection.settimeout(max(deadline - time.monotonic(), 0.01))
            return int(connection.recv(64).split()[1])
    except (OSError, IndexError, ValueError):
        return None


def api():
    """Ready needs the database; health only the process, which is not at fault when the database is away."""
    if answers(4200, "/api/ready") == 200:
        return 0
    return 2 if answers(4200, "/api/health") is None else 1


def services():
    try:
        age = time.time() - os.stat(HEARTBEAT).st_mtime
    except FileNotFoundError:
        return 1
    return 0 if age < HEARTBEAT_LIMIT else 2


def worker():
    """Prefect answers 503 when the worker has not polled for 300 seconds, as when the API is away. Its flows may well be running."""
    status = answers(8080, "/health")
    return 2 if status is None else 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit({"api": api, "services": services, "worker": worker}[sys.argv[1]]())
