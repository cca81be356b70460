"""Deploys counting.py from outside the stack, runs it in the default pool and listens while it runs. Prints one JSON object."""

import asyncio
import json
import os

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.events import emit_event
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter

TASKS, SEED = int(os.environ["TASKS"]), os.environ["SEED"]


async def collect(subscriber, into, ready):
    async with subscriber as items:
        ready.set()
        async for item in items:
            into.append(item)


async def until(condition):
    while not await condition():
        await asyncio.sleep(0.2)


async def main():
    remote = await flow.from_source(source="/var/lib/prefect/flows", entrypoint="counting.py:count")
    deployment = await remote.deploy(name="outside", work_pool_name="default", print_next_steps=False, ignore_warnings=True)
    events = []
    listening = asyncio.Event()
    names = EventNameFilter(prefix=["prefect.flow-run.", "prefect.task-run.", "e2e."])
    async with get_client() as client, asyncio.TaskGroup() as group, asyncio.timeout(240):
        run = await run_deployment(deployment, parameters={"tasks": TASKS, "seed": SEED}, timeout=0, scheduled_time=None)
        listener = group.create_task(collect(get_events_subscriber(EventFilter(event=names)), events, listening))
        await listening.wait()
        emit_event("e2e.outside", resource={"prefect.resource.id": f"e2e.{SEED}"})

        async def ended():
            state = (await client.read_flow_run(run.id)).state
            return state is not None and state.is_final()

        def completed_tasks():
            of_run = f"prefect.flow-run.{run.id}"
            return {e.resource.id for e in events if e.event == "prefect.task-run.Completed" and of_run in {r.id for r in e.related}}

        def own_event():
            return any(e.event == "e2e.outside" and e.resource.id == f"e2e.{SEED}" for e in events)

        async def all_heard():
            return own_event() and len(completed_tasks()) > TASKS

        await until(ended)
        try:
            async with asyncio.timeout(30):
                await until(all_heard)
        except TimeoutError:
            pass  # the figures below tell what is missing
        listener.cancel()
        print(json.dumps({
            "run": str(run.id),
            "state": (await client.read_flow_run(run.id)).state.name,
            "events": len(completed_tasks()),
            "ownEvent": own_event(),
        }))


asyncio.run(main())
