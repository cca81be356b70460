"""Metrics of the edge: python edge_exporter.py --log PORT --metrics PORT --status URL

Counts the requests that nginx tells of over UDP (log_format metrics of nginx.conf), and asks nginx for its own figures at
each scrape. A datagram that is not exactly such a line counts as invalid and changes nothing else: the sender may be anyone
on the network, and what it says must neither end this process nor fill Prometheus with series.
"""

import argparse
import bisect
import collections
import http.client
import re
import socket
import urllib.request

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

ROUTES = b"ui", b"api", b"events", b"health", b"grafana", b"other"
METHODS = b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"other"
LINE = re.compile(
    rb"<\d{1,3}>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d edge: (%b) (%b) (\d{3}) (\d{1,7}\.\d{3})" % (b"|".join(ROUTES), b"|".join(METHODS))
)
LONGEST = 128  # bytes of a line; a longer one is cut, and so is no line any more
MOST = 1000  # series of edge_requests_total

BUCKETS = 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60  # 1 is the limit of the objective for latency
RECEIVE = 4 << 20  # bytes of lines that wait; the kernel gives net.core.rmem_max at most

PATIENCE = 1.0  # seconds for nginx
STATUS = re.compile(
    r"Active connections: (?P<active>\d+) \nserver accepts handled requests\n (?P<accepted>\d+) (?P<handled>\d+) (?P<requests>\d+) \n"
    r"Reading: (?P<reading>\d+) Writing: (?P<writing>\d+) Waiting: (?P<waiting>\d+) \n"
)
STATES = {
    "active": "Active client connections",
    "reading": "Connections where nginx is reading the request header",
    "writing": "Connections where nginx is writing the response back to the client",
    "waiting": "Idle client connections",
}


class Log:
    """What the lines said. One thread counts, others read."""

    def __init__(self):
        # From the start there is something to see no rise of, when no line arrives.
        self.requests = collections.Counter({(route, b"GET", b"200"): 0 for route in ROUTES})
        self.durations = {route: [0] * (len(BUCKETS) + 1) for route in ROUTES}
        self.seconds = dict.fromkeys(ROUTES, 0.0)
        self.invalid = 0

    def count(self, line):
        match = LINE.fullmatch(line)
        request = match and match.group(1, 2, 3)
        if not match or request not in self.requests and len(self.requests) >= MOST:
            self.invalid += 1
            return
        route, seconds = request[0], float(match[4])
        self.requests[request] += 1
        self.durations[route][bisect.bisect_left(BUCKETS, seconds)] += 1
        self.seconds[route] += seconds

    def collect(self):
        requests = CounterMetricFamily("edge_requests", "Requests that the edge answered", labels=("route", "method", "status"))
        for request, number in self.requests.copy().items():
            requests.add_metric([each.decode() for each in request], number)
        yield requests

        durations = HistogramMetricFamily("edge_request_duration_seconds", "From a request's first byte to its answer's last", labels=("route",))
        for route, counts in self.durations.items():
            total, buckets = 0, []
            for limit, number in zip((*BUCKETS, float("inf")), counts.copy(), strict=True):
                total += number
                buckets.append((floatToGoString(limit), total))
            durations.add_metric([route.decode()], buckets, self.seconds[route])
        yield durations

        yield CounterMetricFamily("edge_log_lines_invalid", "Datagrams that were no line of the edge's log", value=self.invalid)


class Status:
    """nginx's stub_status, under the names that nginx's own exporter gives it."""

    def __init__(self, url):
        self.url = url
        self.open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def collect(self):
        try:
            with self.open(self.url, timeout=PATIENCE) as response:
                found = STATUS.fullmatch(response.read(1024).decode("latin-1"))
        except (OSError, http.client.HTTPException):
            found = None
        yield GaugeMetricFamily("nginx_up", "Whether nginx told its figures", value=int(found is not None))
        if not found:
            return
        for name, meaning in STATES.items():
            yield GaugeMetricFamily(f"nginx_connections_{name}", meaning, value=int(found[name]))
        for name in ("accepted", "handled"):  # counters, but without the ending that the library demands of one
            metric = Metric(f"nginx_connections_{name}", f"{name.capitalize()} client connections", "unknown")
            metric.add_sample(metric.name, {}, int(found[name]))
            yield metric
        yield CounterMetricFamily("nginx_http_requests", "Total http requests", value=int(found["requests"]))


def main(options):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE)
    listener.bind(("0.0.0.0", options.log))

    log, registry = Log(), CollectorRegistry(auto_describe=False)
    registry.register(log)
    registry.register(Status(options.status))
    start_http_server(options.metrics, registry=registry)
    while True:
        log.count(listener.recv(LONGEST))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Expose metrics of the edge.")
    parser.add_argument("--log", type=int, required=True, metavar="PORT", help="where nginx sends its log to, UDP")
    parser.add_argument("--metrics", type=int, required=True, metavar="PORT")
    parser.add_argument("--status", required=True, metavar="URL", help="of nginx's stub_status")
    main(parser.parse_args())
