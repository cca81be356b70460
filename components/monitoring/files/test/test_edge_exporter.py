import pathlib
import signal
import socket
import sys
import unittest
import urllib.request

from prometheus_client.parser import text_string_to_metric_families
from support import Quiet, folder, free_port, serve, start, wait

FILES = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FILES))
import edge_exporter  # noqa: E402

STATUS = "Active connections: 7 \nserver accepts handled requests\n 31 30 99 \nReading: 1 Writing: 2 Waiting: 4 \n"
LABELS = "route", "method", "status", "le"


def line(route="api", method="GET", status="200", seconds="0.010"):
    return f"<190>Nov  2 11:00:00 edge: {route} {method} {status} {seconds}".encode()


class Exporter(unittest.TestCase):
    def setUp(self):
        self.log, self.port = free_port(), free_port()
        self.nginx = self.serve(200, STATUS)
        self.run_with(f"http://127.0.0.1:{self.nginx}/stub_status")

    def run_with(self, status):
        command = [sys.executable, "-I", FILES / "edge_exporter.py", "--log", self.log, "--metrics", self.port, "--status", status]
        self.process = start(command, folder() / "exporter.log")
        self.addCleanup(self.process.end)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.sender.close)
        self.sender.connect(("127.0.0.1", self.log))
        wait(self.answers, 20, "the exporter")

    def serve(self, status, text):
        """The port of an nginx that answers so."""

        class Handler(Quiet):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

        return serve(self, Handler)

    def answers(self):
        try:
            return self.scrape()
        except OSError:
            self.assertIsNone(self.process.poll(), self.process.log.read_text())
            return None

    def scrape(self):
        """All samples by name and labels in the order of LABELS, the name alone where there are none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as response:
            text = response.read().decode()
        samples = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = (sample.name, *(sample.labels[name] for name in LABELS if name in sample.labels)) if sample.labels else sample.name
                self.assertNotIn(key, samples)
                samples[key] = sample.value
        return samples

    def send(self, *lines):
        """Sends lines, and waits until all are counted in some way, so that the kernel drops none."""
        before = self.counted()
        for each in lines:
            self.sender.send(each)
        wait(lambda: self.counted() == before + len(lines), 20, "all lines counted")
        return self.scrape()

    def counted(self):
        samples = self.scrape()
        return samples["edge_log_lines_invalid_total"] + sum(v for k, v in samples.items() if k[0] == "edge_requests_total")

    def test_counts_requests_by_route_method_and_status(self):
        seen = self.send(line(), line(), line("ui", "other", "401"), line("events", "GET", "101", "3600.123"))
        self.assertEqual(seen["edge_requests_total", "api", "GET", "200"], 2)
        self.assertEqual(seen["edge_requests_total", "ui", "other", "401"], 1)
        self.assertEqual(seen["edge_requests_total", "events", "GET", "101"], 1)
        self.assertEqual(seen["edge_log_lines_invalid_total"], 0)

    def test_sorts_durations_into_cumulative_buckets(self):
        seen = self.send(*(line(seconds=each) for each in ("0.000", "0.005", "0.999", "1.000", "1.001", "99.000")), line("ui"))
        bucket = {k[2]: v for k, v in seen.items() if k[:2] == ("edge_request_duration_seconds_bucket", "api")}
        self.assertEqual([bucket[le] for le in ("0.005", "0.5", "1.0", "2.5", "60.0", "+Inf")], [2, 2, 4, 5, 5, 6])
        self.assertEqual(seen["edge_request_duration_seconds_count", "api"], 6)
        self.assertAlmostEqual(seen["edge_request_duration_seconds_sum", "api"], 102.005)
        self.assertEqual(seen["edge_request_duration_seconds_count", "ui"], 1)

    def test_counts_whatever_else_is_sent_as_invalid_and_lives(self):
        good = line()
        hostile = [
            b"", b"\x00" * 64, b"\xff\xfe", b"x" * 60000, good + b"\n", good + b" x", b" " + good, good[5:], good * 2, good.replace(b" ", b"  "),
            line("admin"), line("api\n"), line('api"} 1\nfake{a="b'), line("API"), line("GET"), line(method="TRACE"), line(method="get"), line(status="20"),
            line(status="2000"), line(status="-20"), line(status="２００"), line(seconds="nan"), line(seconds="inf"), line(seconds="1e3"), line(seconds="-1.000"),
            line(seconds="1"), line(seconds="9" * 8 + ".000"), line(seconds="9" * 400 + ".000"), good.replace(b"edge:", b"nginx:"),
        ]
        before = self.scrape()
        after = self.send(*hostile)
        self.assertEqual(after.pop("edge_log_lines_invalid_total"), len(hostile))
        before.pop("edge_log_lines_invalid_total")
        self.assertEqual(after, before)
        self.assertEqual(self.send(good)["edge_requests_total", "api", "GET", "200"], 1)

    def test_makes_no_more_series_than_the_limit_and_goes_on_with_those_it_has(self):
        many = [line(method=method, status=f"{n:03}") for method in ("GET", "POST") for n in range(800)]
        for at in range(0, len(many), 100):
            seen = self.send(*many[at : at + 100])
        series = [k for k in seen if k[0] == "edge_requests_total"]
        self.assertEqual(len(series), edge_exporter.MOST)
        routes_from_the_start = len(edge_exporter.ROUTES) - 1  # all but api, which the lines speak of
        self.assertEqual(seen["edge_log_lines_invalid_total"], len(many) + routes_from_the_start - edge_exporter.MOST)
        self.assertEqual(self.send(line())["edge_requests_total", "api", "GET", "200"], 2)

    def test_shows_every_route_before_its_first_request(self):
        seen = self.scrape()
        for route in edge_exporter.ROUTES:
            self.assertEqual(seen["edge_requests_total", route.decode(), "GET", "200"], 0)
            self.assertEqual(seen["edge_request_duration_seconds_bucket", route.decode(), "1.0"], 0)

    def test_shows_the_figures_of_nginx_under_the_names_of_its_own_exporter(self):
        seen = {name: value for name, value in self.scrape().items() if name[:6] == "nginx_"}
        self.assertEqual(seen, {
            "nginx_up": 1, "nginx_connections_active": 7, "nginx_connections_accepted": 31, "nginx_connections_handled": 30, "nginx_http_requests_total": 99,
            "nginx_connections_reading": 1, "nginx_connections_writing": 2, "nginx_connections_waiting": 4,
        })

    def test_says_that_nginx_is_not_up_and_tells_the_rest_when_it_does_not_answer_as_it_should(self):
        stuck = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(stuck.close)
        for what, port in {
            "nobody": free_port(),
            "accepts and never answers": stuck.getsockname()[1],
            "an error": self.serve(500, STATUS),
            "a page": self.serve(200, "<!doctype html>"),
            "more than a status": self.serve(200, STATUS + "Extra: 1\n"),
            "nothing": self.serve(200, ""),
        }.items():
            with self.subTest(what):
                self.process.end()
                self.run_with(f"http://127.0.0.1:{port}/stub_status")
                seen = self.send(line())
                self.assertEqual({name: value for name, value in seen.items() if name[:6] == "nginx_"}, {"nginx_up": 0})
                self.assertEqual(seen["edge_requests_total", "api", "GET", "200"], 1)

    def test_answers_prometheus_in_the_format_that_it_asks_for(self):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
        with urllib.request.urlopen(request, timeout=10) as response:
            self.assertIn("openmetrics", response.headers["Content-Type"])
            self.assertTrue(response.read().endswith(b"# EOF\n"))

    def test_ends_when_it_is_told_to(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(10), -signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
