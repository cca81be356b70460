import json
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
import log_collector  # noqa: E402


def line(text="hello", workload="api", container="prefect-dev-api-0-1a2b3c4", at="2026-11-02T11:00:00.000123+01:00"):
    tag = f"{workload}/{container}"
    return f"<30>1 {at} docker-host {tag} 4711 {tag} - {text}".encode()


class Collector(unittest.TestCase):
    def setUp(self):
        self.pushed, self.answers = [], [204]  # the last answer is that to all further requests
        self.loki = self.serve()
        self.log, self.port = free_port(), free_port()
        command = [sys.executable, "-I", FILES / "log_collector.py", "--log", self.log, "--metrics", self.port, "--loki", f"http://127.0.0.1:{self.loki}/push"]
        self.process = start(command, folder() / "collector.log")
        self.addCleanup(self.process.end)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.sender.close)
        self.sender.connect(("127.0.0.1", self.log))
        wait(self.alive, 20, "the collector")

    def serve(self):
        """The port of a Loki that takes down what is pushed, and answers as it is told."""
        pushed, answers = self.pushed, self.answers

        class Handler(Quiet):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = answers.pop(0) if len(answers) > 1 else answers[0]
                if status == 204:
                    pushed.extend((stream["stream"], *value) for stream in body["streams"] for value in stream["values"])
                self.send_response(status)
                self.end_headers()

        return serve(self, Handler)

    def alive(self):
        try:
            return self.scrape()
        except OSError:
            self.assertIsNone(self.process.poll(), self.process.log.read_text())
            return None

    def scrape(self):
        """All samples by name and the one label that they may have."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as response:
            text = response.read().decode()
        return {" ".join([sample.name, *sample.labels.values()]): sample.value for family in text_string_to_metric_families(text) for sample in family.samples}

    def send(self, *lines):
        for each in lines:
            self.sender.send(each)

    def wait_for(self, name, value):
        wait(lambda: self.scrape().get(name) == value, 20, f"{name} to be {value}")

    def test_hands_lines_over_in_their_order_with_the_time_at_which_they_were_written(self):
        self.send(line("one"), line("two", at="2026-11-02T10:00:00.000124Z"), line('{"message": "three\\n"}', "worker-default", "w"), line("ü  - <1>1 \n x"))
        wait(lambda: len(self.pushed) == 4, 20, "all lines")
        by_workload = {name: [each[1:] for each in self.pushed if each[0] == {"workload": name}] for name in ("api", "worker-default")}
        container = {"container": "prefect-dev-api-0-1a2b3c4"}
        self.assertEqual(by_workload["api"], [
            ("1793613600000123000", "one", container), ("1793613600000124000", "two", container), ("1793613600000123000", "ü  - <1>1 \n x", container),
        ])
        self.assertEqual(by_workload["worker-default"], [("1793613600000123000", '{"message": "three\\n"}', {"container": "w"})])
        self.wait_for("log_collector_lines_total api", 3)

    def test_counts_whatever_else_is_sent_and_lives(self):
        good = line()
        hostile = [
            b"", b"\x00" * 64, b"\xff\xfe", b"x" * 60000, good[4:], good.replace(b"/", b" "), line(at="2026-11-02T11:00:00"), line(at="9" * 20 + "Z"),
            line(at="2026-13-02T11:00:00.000123Z"), line(at="２０２６-11-02T11:00:00.000123Z"), line(workload="API"), line(workload='a",b="'), line(container="a b"),
        ]
        self.send(*hostile)
        self.wait_for("log_collector_lines_lost_total invalid", len(hostile))
        self.send(good, good + b"\xff\xfe")
        wait(lambda: [each[2] for each in self.pushed] == ["hello", "hello\ufffd\ufffd"], 20, "the good ones")

    def test_keeps_what_loki_does_not_take_at_once_and_repeats_nothing_that_it_took(self):
        self.answers[:] = [500, 429, 204]
        self.send(line("one"), line("two"))
        wait(lambda: len(self.pushed) == 2, 20, "both lines")
        self.assertEqual([each[2] for each in self.pushed], ["one", "two"])
        seen = self.scrape()
        self.assertEqual(seen["log_collector_push_failures_total"], 2)
        self.assertEqual(seen["log_collector_lines_lost_total full"], 0)

    def test_goes_on_after_lines_that_loki_refuses(self):
        self.answers[:] = [400, 204]
        self.send(line("too old"))
        self.wait_for("log_collector_lines_lost_total refused", 1)
        self.send(line("fine"))
        wait(lambda: [each[2] for each in self.pushed] == ["fine"], 20, "the next line")
        self.assertIn("Loki refuses 1 lines", self.process.log.read_text())

    def test_loses_the_oldest_when_too_much_waits(self):
        waiting = log_collector.Waiting(3 * (log_collector.EACH + 10))
        gone = [waiting.add((n, "api", "c", b"x" * 10)) for n in range(5)]
        self.assertEqual(gone, [0, 0, 0, 1, 1])
        self.assertEqual([each[0] for each in waiting.take(1)], [2])
        self.assertEqual([each[0] for each in waiting.take(1 << 20)], [3, 4])
        self.assertEqual(waiting.bytes, 0)
        self.assertEqual(waiting.take(1), [])

    def test_ends_when_it_is_told_to(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(10), -signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
