"""A flow that lasts: small tasks, one after the other, until it has run enough of them and it may end."""

import os
import time

from prefect import flow, get_run_logger, task


@task(persist_result=False)
def double(number: int) -> int:
    return 2 * number


@flow
def steady(tasks: int, pause: float, until: str = "/") -> int:
    ran = 0
    while ran < tasks or not os.path.exists(until):
        double(ran)
        ran += 1
        time.sleep(pause)
    get_run_logger().info("ran %d tasks", ran)
    return ran
