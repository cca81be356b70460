"""The flow that the tests deploy: many small tasks, and one whose cached result must outlive the worker."""

from uuid import uuid4

from prefect import flow, get_run_logger, task
from prefect.cache_policies import INPUTS


@task(cache_policy=INPUTS, persist_result=True)
def draw(seed: str) -> str:
    return uuid4().hex  # differs whenever it really runs


@task(persist_result=False)
def square(number: int) -> int:
    get_run_logger().info("square of %d", number)
    return number * number


@flow
def count(tasks: int, seed: str) -> int:
    get_run_logger().info("drew %s", draw(seed))
    total = sum(future.result() for future in square.map(range(tasks)))
    get_run_logger().info("sum %d", total)
    return total
