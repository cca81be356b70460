"""Hands the logs of containers to Loki: python log_collector.py --log PORT --metrics PORT --loki URL

Docker sends each line over UDP (log driver syslog, format rfc5424micro), so that a collector that is slow, stopped or gone
never holds up what it collects from. Lines wait here in bounded memory while Loki is away. What is no such line, does not
fit or is refused is counted, and nothing else happens.
"""

import argparse
import collections
import datetime
import http.client
import json
import re
import socket
import threading
import time
import urllib.error
import urllib.request

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

# <priority>1 time host tag pid tag - text, where the tag is workload/container (internal/workload, logging.go).
LINE = re.compile(rb"<\d{1,3}>1 (\S{20,35}) \S+ ([a-z0-9-]{1,64})/([A-Za-z0-9_.-]{1,128}) \d+ \S+ - (.*)", re.DOTALL)
DATAGRAM = 65535  # bytes, the longest that there can be; Docker cuts lines at 16 KiB

WAITING = 16 << 20  # bytes that lines take while they wait for Loki; the oldest go first
EACH = 300  # bytes that a line takes besides its text, about
BATCH = 1 << 20  # bytes of lines in a request
PAUSE = 1.0  # seconds in which lines gather, and between attempts
PATIENCE = 10.0  # seconds for an answer
RECEIVE = 4 << 20  # bytes that wait in the kernel, which gives net.core.rmem_max at most


def size(line):
    return EACH + len(line[3])


class Waiting:
    """Lines in the order in which they came, up to so many bytes."""

    def __init__(self, most):
        self.most, self.bytes = most, 0
        self.lines = collections.deque()
        self.lock = threading.Lock()

    def add(self, line):
        """Returns how many older ones had to go."""
        gone = 0
        with self.lock:
            self.lines.append(line)
            self.bytes += size(line)
            while self.bytes > self.most:
                self.bytes -= size(self.lines.popleft())
                gone += 1
        return gone

    def take(self, most):
        taken, total = [], 0
        with self.lock:
            while self.lines and (not taken or total + size(self.lines[0]) <= most):
                taken.append(self.lines.popleft())
                total += size(taken[-1])
            self.bytes -= total
        return taken


class Refused(Exception):
    """Loki has understood, and does not want it."""


def parse(datagram):
    """(nanoseconds, workload, container, text), or None."""
    match = LINE.fullmatch(datagram)
    try:
        moment = match and datetime.datetime.fromisoformat(match[1].decode())
    except ValueError:
        return None
    if not moment or not moment.tzinfo:
        return None
    since = moment - datetime.datetime.fromtimestamp(0, datetime.UTC)
    microseconds = since // datetime.timedelta(microseconds=1)
    return microseconds * 1000, match[2].decode(), match[3].decode(), match[4]


def request(lines):
    """The body of a push. The container is no label, because each replacement of it would begin another stream."""
    streams = collections.defaultdict(list)
    for nanoseconds, workload, container, text in lines:
        streams[workload].append([str(nanoseconds), text.decode(errors="replace"), {"container": container}])
    return json.dumps({"streams": [{"stream": {"workload": name}, "values": values} for name, values in streams.items()]}).encode()


def push(url, body):
    wanted = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(wanted, timeout=PATIENCE):
            pass
    except urllib.error.HTTPError as error:
        if 400 <= error.code < 500 and error.code != 429:
            raise Refused(error.read(300).decode(errors="replace")) from error
        raise


def deliver(waiting, url, lost, failures, delivered):
    while True:
        lines = waiting.take(BATCH)
        if not lines:
            time.sleep(PAUSE)
            continue
        body = request(lines)
        while True:
            try:
                push(url, body)
                for line in lines:
                    delivered.labels(line[1]).inc()
                break
            except Refused as error:
                print(json.dumps({"level": "warning", "message": f"Loki refuses {len(lines)} lines: {error}"}), flush=True)
                lost.labels("refused").inc(len(lines))
                break
            except (OSError, http.client.HTTPException):
                failures.inc()
                time.sleep(PAUSE)


def main(options):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE)
    listener.bind(("0.0.0.0", options.log))

    registry = CollectorRegistry()
    delivered = Counter("log_collector_lines", "Lines that Loki has", ["workload"], registry=registry)
    lost = Counter("log_collector_lines_lost", "Lines that Loki will never have", ["reason"], registry=registry)
    failures = Counter("log_collector_push_failures", "Attempts to reach Loki that failed, and were repeated", registry=registry)
    waiting = Waiting(WAITING)
    Gauge("log_collector_waiting_bytes", "Bytes of lines that wait for Loki", registry=registry).set_function(lambda: waiting.bytes)
    for reason in "full", "invalid", "refused":
        lost.labels(reason)
    start_http_server(options.metrics, registry=registry)
    threading.Thread(target=deliver, args=(waiting, options.loki, lost, failures, delivered), daemon=True).start()
    while True:
        line = parse(listener.recv(DATAGRAM))
        if line is None:
            lost.labels("invalid").inc()
        else:
            lost.labels("full").inc(waiting.add(line))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Hand the logs of containers to Loki.")
    parser.add_argument("--log", type=int, required=True, metavar="PORT", help="where Docker sends lines to, UDP")
    parser.add_argument("--metrics", type=int, required=True, metavar="PORT")
    parser.add_argument("--loki", required=True, metavar="URL", help="of its push endpoint")
    main(parser.parse_args())
