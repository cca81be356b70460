"""Shows that flows run: it does nothing, and passes through every part on its way. Made by prefect-platform."""

from prefect import flow, task


@task(retries=0, persist_result=False)
def sing():
    return "tweet"


@flow(name="platform-canary", retries=0, timeout_seconds=60, persist_result=False)
def canary():
    sing()
