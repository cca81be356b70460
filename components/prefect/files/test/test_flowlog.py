import contextlib
import fcntl
import io
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from support import FILES

sys.path.insert(0, str(FILES))
import flowlog  # noqa: E402

PROCESSES, LINES = 8, 2000
WRITER = f"""
import logging, os, sys
sys.path.insert(0, {str(FILES)!r})
import flowlog
flowlog.LOCK_SECONDS = 30  # the test asks that nothing is lost, however slow the machine is
logging.getLogger().addHandler(flowlog.FlowLogHandler(sys.argv[1], maxBytes=200_000, backupCount=50))
name, lines = sys.argv[2], int(sys.argv[3])
for fork in (0, 1):
    if fork: name += "f" if os.fork() == 0 else "p"
    for n in range(lines // 2): logging.error("%s %d %s", name, n, "x" * (n % 300))
"""


def record(message="hello %s", *arguments, **extra):
    made = logging.LogRecord("prefect.flow_runs", logging.INFO, "f.py", 1, message, arguments or ("you",), None)
    made.__dict__.update(extra)
    return made


class FlowLog(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "flows.log")

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def test_loses_and_mixes_nothing_when_many_processes_write_and_rotate_and_fork(self):
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, self.path, str(n), str(LINES)]) for n in range(PROCESSES)
        ]
        for writer in writers:
            self.assertEqual(writer.wait(60), 0)
        expected = {f"{n}{end} {i}" for n in range(PROCESSES) for end in ("", "f", "p") for i in range(LINES // 2)}

        def written():
            files = sorted(self.path.parent.iterdir())
            return files, [json.loads(line)["message"] for file in files for line in file.read_text().splitlines()]

        deadline = time.monotonic() + 30  # the forked writers are nobody's children by now
        while len(written()[1]) < len(expected) and time.monotonic() < deadline:
            time.sleep(0.1)
        files, messages = written()
        self.assertEqual(len(messages), len(expected))
        self.assertEqual({" ".join(message.split()[:2]) for message in messages}, expected)
        self.assertGreater(len(files), 10)
        self.assertLessEqual(max(file.stat().st_size for file in files), 200_000)

    def test_keeps_no_more_than_the_backups(self):
        handler = flowlog.FlowLogHandler(self.path, maxBytes=300, backupCount=2)
        for n in range(20):
            handler.emit(record("line %d", n))
        self.assertEqual(sorted(p.name for p in self.path.parent.iterdir()), ["flows.log", "flows.log.1", "flows.log.2"])
        self.assertEqual(self.lines()[-1]["message"], "line 19")

    def test_a_line_is_json(self):
        flowlog.FlowLogHandler(self.path).emit(record("two\nlines %s", "é\udcff", flow_run_id="f-1"))
        (line,) = self.lines()
        self.assertEqual((line["message"], line["flow_run_id"]), ("two\nlines é\udcff", "f-1"))

    def failing(self, handler, made):
        started = time.monotonic()
        with contextlib.redirect_stderr(io.StringIO()) as complaint:
            handler.emit(made)
        return time.monotonic() - started, complaint.getvalue()

    def test_an_argument_that_cannot_be_formatted_is_no_error_of_the_flow(self):
        handler = flowlog.FlowLogHandler(self.path)
        self.assertIn("not written", self.failing(handler, record("%d", "not a number"))[1])
        handler.emit(record())
        self.assertEqual(len(self.lines()), 1)

    def test_a_missing_folder_is_no_error_of_the_flow(self):
        self.assertIn("not written", self.failing(flowlog.FlowLogHandler("/nonexistent/flows.log"), record())[1])

    def test_a_lock_that_is_never_released_delays_one_record_only(self):
        handler = flowlog.FlowLogHandler(self.path)
        with open(self.path, "w") as holder:
            fcntl.flock(holder, fcntl.LOCK_EX)
            delay, complaint = self.failing(handler, record())
            self.assertIn("not written", complaint)
            self.assertLess(delay, flowlog.LOCK_SECONDS + 1)
            self.assertLess(self.failing(handler, record())[0], 0.1)
        handler.paused_until = 0
        handler.emit(record())
        self.assertEqual(len(self.lines()), 1)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small file system takes root")
    def test_a_full_disk_leaves_no_half_line(self):
        folder = self.path.parent / "small"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "small", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        self.path = folder / "flows.log"
        handler = flowlog.FlowLogHandler(self.path)
        complaints = [self.failing(handler, record("x" * 5000 + "%s")) for _ in range(30)]
        self.assertTrue(any(complaint for _, complaint in complaints))
        self.assertLess(sum(delay for delay, _ in complaints), 2)
        self.assertGreater(len(self.lines()), 5)

    def test_no_size_limit_is_reached_by_one_long_line(self):
        handler = flowlog.FlowLogHandler(self.path, maxBytes=100)
        handler.emit(record("x" * 1000 + "%s"))
        self.assertEqual(len(self.lines()), 1)


if __name__ == "__main__":
    unittest.main()
