import json
import logging
import sys
import unittest
from datetime import datetime
from unittest import mock

from support import FILES, folder, start

sys.path.insert(0, str(FILES))
import platformlog  # noqa: E402

# All ways on which a line gets to the console: Prefect's handlers, uvicorn's, the root logger, warnings.
PROGRAM = """
import logging, logging.config, sys, warnings
import platformlog
platformlog.install()
import prefect.main, uvicorn.config
logging.config.dictConfig(uvicorn.config.LOGGING_CONFIG)
for name in ("prefect.server.api", "prefect._internal.deep", "prefect.workers.process", "somelibrary", "uvicorn.error"):
    logging.getLogger(name).error("said by %s: [bold]é[/bold]\\n%s", name, "x" * 300)
logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", "/api/health", "1.1", 200)
warnings.warn("something is old")
platformlog.say("launcher", "100%")
try:
    raise ValueError("broken")
except ValueError:
    logging.getLogger("prefect.flow_runs").exception("failed", extra={"flow_run_id": "f-1", "send_to_api": False})
"""


def record(message="hello", **extra):
    made = logging.LogRecord("prefect.flow_runs", logging.INFO, "f.py", 1, message, None, None)
    made.__dict__.update(extra)
    return made


class PlatformLog(unittest.TestCase):
    def line(self, made):
        text = platformlog.encode(made)
        self.assertNotIn("\n", text)
        return json.loads(text)

    def test_a_line_has_time_run_and_exception(self):
        try:
            raise ValueError("broken")
        except ValueError:
            failed = record("two\nlines é\udcff", flow_run_id="f-1", task_run_name="t", task_run_id=None)
            failed.exc_info = sys.exc_info()
        line = self.line(failed)
        self.assertIsNotNone(datetime.fromisoformat(line.pop("time")).utcoffset())
        self.assertIn("ValueError: broken", line.pop("exception"))
        self.assertEqual(line, {
            "level": "INFO", "logger": "prefect.flow_runs", "message": "two\nlines é\udcff", "flow_run_id": "f-1", "task_run_name": "t",
        })

    def test_what_else_is_attached_to_a_record_is_not_written(self):
        self.assertNotIn("hunter2", platformlog.encode(record(authorization="hunter2", flow={"password": "hunter2"})))

    def test_in_the_process_of_a_run_every_line_names_the_run_but_a_subflows_names_its_own(self):
        with mock.patch.dict("os.environ", PREFECT__FLOW_RUN_ID="f-1"):
            self.assertEqual(self.line(record())["flow_run_id"], "f-1")
            self.assertEqual(self.line(record(flow_run_id="f-2"))["flow_run_id"], "f-2")

    def run_program(self, **environment):
        home = folder()
        process = start([sys.executable, "-c", PROGRAM], home / "log", PREFECT_HOME=str(home), PYTHONPATH=str(FILES), **environment)
        self.assertEqual(process.wait(60), 0, process.log.read_text())
        return process.log.read_text().splitlines()

    def test_prefect_uvicorn_libraries_and_warnings_write_nothing_else(self):
        lines = [json.loads(line) for line in self.run_program()]
        said = {line["logger"]: line for line in lines}
        self.assertEqual(set(said), {
            "prefect.server.api", "prefect._internal.deep", "prefect.workers.process", "somelibrary", "uvicorn.error", "uvicorn.access",
            "py.warnings", "launcher", "prefect.flow_runs",
        })
        self.assertEqual(said["somelibrary"]["message"], "said by somelibrary: [bold]é[/bold]\n" + "x" * 300)
        self.assertIn("GET /api/health", said["uvicorn.access"]["message"])
        self.assertEqual(said["launcher"]["message"], "100%")
        self.assertIn("ValueError: broken", said["prefect.flow_runs"]["exception"])
        for line in lines:
            self.assertIsNotNone(datetime.fromisoformat(line["time"]).utcoffset())

    def test_a_team_may_have_text(self):
        lines = self.run_program(PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER="standard")
        self.assertTrue(any("| ERROR   | somelibrary - said" in line for line in lines), lines)


if __name__ == "__main__":
    unittest.main()
