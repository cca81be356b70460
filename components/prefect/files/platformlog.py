"""One line of log is one JSON object: time with UTC offset, level, logger, message, the run that it belongs to, the exception.

Prefect's own JSON formatter dumps each record as it is: the message apart from what belongs in it, the time as seconds since
1970, and all that a caller attached. Only the fields named here are written, so that nothing gets into a log unnoticed.
"""

import json
import logging
import os
from datetime import datetime

RUN_FIELDS = ("flow_run_id", "flow_run_name", "task_run_id", "task_run_name", "flow_name", "task_name")


def encode(record):
    entry = {
        "time": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": record.getMessage(),
    }
    if run := os.environ.get("PREFECT__FLOW_RUN_ID"):  # set in the process of a flow run, whose libraries log too
        entry["flow_run_id"] = run
    entry.update((name, str(value)) for name in RUN_FIELDS if (value := getattr(record, name, None)) is not None)
    if record.exc_info and record.exc_info[0]:
        entry["exception"] = logging.Formatter().formatException(record.exc_info)
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


class Formatter(logging.Formatter):
    def __init__(self, *_, **__):  # formats, which are for text
        super().__init__()

    def format(self, record):
        return encode(record)


def say(source, message):
    """Logs what must be seen whatever the level of logging is, and also before Prefect has set logging up."""
    print(encode(logging.LogRecord(source, logging.INFO, "", 0, message, None, None)), flush=True)


def install():
    """Makes this process and the flow runs that it starts log so. Must run before prefect is imported; what the environment says otherwise stands."""
    import uvicorn.config

    os.environ.setdefault("PREFECT_LOGGING_FORMATTERS_JSON_CLASS", f"{__name__}.{Formatter.__name__}")
    for handler in ("CONSOLE", "DEBUG"):
        os.environ.setdefault(f"PREFECT_LOGGING_HANDLERS_{handler}_FORMATTER", "json")
    for formatter in uvicorn.config.LOGGING_CONFIG["formatters"].values():  # uvicorn sets up its own logging after Prefect has
        formatter.clear()
        formatter["()"] = Formatter
    logging.captureWarnings(True)
