"""Starts Prefect's API on the database at the socket in $DRILL/socket and reads all blocks, which it decrypts for that. Then the API ends; nothing else of Prefect runs."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

WITHIN = 240  # seconds
BATCH = 200  # blocks; the API's limit
LOG = "/tmp/prefect.log"


def start(port):
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": "/tmp",
        "PREFECT_HOME": "/tmp/prefect",
        "PREFECT_API_DATABASE_CONNECTION_URL": f"postgresql+asyncpg://postgres@/prefect?host={os.environ['DRILL']}/socket",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    with open(LOG, "w") as log:
        return subprocess.Popen(["prefect", "server", "start", "--no-services", "--host", "127.0.0.1", "--port", str(port)], env=settings, stdout=log, stderr=log)


def ask(port, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/{path}", json.dumps(body).encode() if body else None, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def await_health(server, port):
    until = time.monotonic() + WITHIN
    while True:
        try:
            return ask(port, "health")
        except OSError:  # also when it refuses
            if server.poll() is not None or time.monotonic() > until:
                sys.exit("Prefect does not start on it:\n" + "".join(open(LOG).readlines()[-30:]))
        time.sleep(0.5)


def value(data, path):
    """What is at the path of a secret field, such as credentials.password or headers.*."""
    for name in path.split("."):
        if name == "*" or not isinstance(data, dict):
            return data
        data = data.get(name)
    return data


def read_blocks(port):
    """Counts the blocks, and those that have a secret; an answer that is no success says that one cannot be decrypted."""
    blocks, secret, kinds = 0, 0, set()
    while True:
        batch = ask(port, "block_documents/filter", {"limit": BATCH, "offset": blocks, "include_secrets": True})
        for block in batch:
            fields = (block["block_schema"]["fields"] or {}).get("secret_fields", [])
            if any(value(block["data"], path) for path in fields):
                secret += 1
                kinds.add(block["block_type"]["name"])
        blocks += len(batch)
        if len(batch) < BATCH:
            return blocks, secret, kinds


def main():
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start(port)
    try:
        await_health(server, port)
        print(f"Prefect {ask(port, 'admin/version')} started on it in {time.monotonic() - began:.0f} s")
        try:
            blocks, secret, kinds = read_blocks(port)
        except urllib.error.HTTPError as refusal:
            sys.exit(f"it cannot read the blocks: {refusal}\n" + "".join(open(LOG).readlines()[-30:]))
        if secret:
            print(f"it decrypted {secret} of {blocks} blocks, which have secrets ({', '.join(sorted(kinds))})")
        else:
            print(f"none of {blocks} blocks has a secret, so none was decrypted")
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


if __name__ == "__main__":
    main()
