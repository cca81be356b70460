"""Makes what every installation has: python bootstrap.py POOLS.json

Work pools of type process, each made if it is missing and otherwise left as its team has set it up; and the automation that
marks as Crashed the runs whose process is gone, which open-source Prefect does not do by itself. May be run at any time.
"""

import json
import pathlib
import sys
import time
from datetime import timedelta

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

PATIENCE = 60  # seconds for the API to answer

# Every running flow sends a heartbeat each 180 s (PREFECT_FLOWS_HEARTBEAT_FREQUENCY). Three missing in a row, with nothing else
# heard of the run (such as its end, or that it is paused), mean that nobody runs it any more.
ZOMBIES = AutomationCore(
    name="Mark runs without a process as Crashed",
    description="Made by prefect-platform, and put back to this when the platform is updated.",
    trigger=EventTrigger(
        posture=Posture.Proactive,
        match={"prefect.resource.id": "prefect.flow-run.*"},
        for_each={"prefect.resource.id"},
        after={"prefect.flow-run.heartbeat"},
        expect={"prefect.flow-run.*"},
        threshold=1,
        within=timedelta(seconds=540),
    ),
    actions=[ChangeFlowRunState(state="CRASHED", message="No heartbeat for 9 minutes: the process that ran this flow is gone.")],
)


def wait_for_api(client):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            response = httpx.get(str(client.api_url).rstrip("/") + "/ready", timeout=5)  # Prefect's own client would wait without end in an outage
            if response.status_code == httpx.codes.OK:
                return
            problem = f"it answers {response.status_code}"
        except (httpx.HTTPError, OSError) as error:
            problem = repr(error)
        if time.monotonic() > deadline:
            sys.exit(f"bootstrap: the Prefect API at {client.api_url} is not ready after {PATIENCE} s: {problem}")
        time.sleep(1)


def make_pool(client, pool):
    try:
        client.read_work_pool(pool["name"])
        print(f"work pool {pool['name']}: there")
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=pool["name"], type=pool["type"], concurrency_limit=pool["concurrency_limit"], base_job_template=template))
        print(f"work pool {pool['name']}: made")


def make_automation(client, wanted):
    definition = wanted.model_dump(mode="json", exclude={"enabled"})  # a team may have switched it off
    same_name = client.read_automations_by_name(wanted.name)
    if not same_name:
        client.create_automation(wanted)
        print(f"automation '{wanted.name}': made")
    for there in same_name:
        if AutomationCore.model_validate(there.model_dump()).model_dump(mode="json", exclude={"enabled"}) == definition:
            print(f"automation '{wanted.name}': there")
            continue
        client.update_automation(there.id, wanted.model_copy(update={"enabled": there.enabled}))
        print(f"automation '{wanted.name}': brought up to date")


def main(pools):
    """While the API is replaced because its credential changed, the old one still answers under the same name, and refuses the new credential."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with get_client(sync_client=True) as client:
                wait_for_api(client)
                for pool in pools:
                    make_pool(client, pool)
                make_automation(client, ZOMBIES)
            return
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.UNAUTHORIZED or time.monotonic() > deadline:
                raise
        time.sleep(0.5)  # the next connection may lead to another container


if __name__ == "__main__":
    try:
        main(json.loads(pathlib.Path(sys.argv[1]).read_text()))
    except httpx.HTTPStatusError as error:
        sys.exit(f"bootstrap: the Prefect API refused {error.request.method} {error.request.url.path}: {error.response.status_code} {error.response.text[:500]}")
