"""A flow that lasts: small tasks, one after the other, until it has run enough of them and it may end.

It leaves a trace of whatever it executes, which Prefect has no part in: flow run, number of the task, task run, attempt.
"""

import os
import time

from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run, task_run

TRACE = os.environ.get("E2E_TRACE", "/var/lib/prefect/trace")


def trace(number, run, attempt):
    """One write to the end of a file is whole, whoever else writes, and whoever ends this process."""
    file = os.open(TRACE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, f"{flow_run.id} {number} {run} {attempt}\n".encode())
    os.close(file)


@task(persist_result=False)
def double(number: int) -> int:
    trace(number, task_run.id, task_run.run_count)
    return 2 * number


@flow
def steady(tasks: int, pause: float, until: str = "/") -> int:
    trace("flow", "-", flow_run.run_count)
    ran = 0
    while ran < tasks or not os.path.exists(until):
        double(ran)
        ran += 1
        time.sleep(pause)
    get_run_logger().info("ran %d tasks", ran)
    return ran
