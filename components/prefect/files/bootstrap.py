"""Makes what every installation has: python bootstrap.py WANTED.json

Work pools of type process, each made if it is missing and otherwise left as its team has set it up; the automation that
marks as Crashed the runs whose process is gone, which open-source Prefect does not do by itself; the deployment that runs
canary.py, or its absence. May be run at any time.
"""

import itertools
import json
import pathlib
import sys
import time
from datetime import timedelta

import httpx
import platformaddresses
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import TERMINAL_STATES, ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled
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

CANARY = "platform-canary"  # flow, deployment, schedule and tag; monitoring asks for the deployment by this name
UNFINISHED = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(not_any_=list(TERMINAL_STATES))))


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


def canary(pool):
    """What the deployment says. It carries the flow's code: a worker of the pool may be anywhere, and have no file of ours."""
    write = {
        "script": "sh -c 'printf %s \"$CANARY\" >canary.py'",
        "env": {"CANARY": pathlib.Path(__file__).with_name("canary.py").read_text()},
        "stream_output": False,
    }
    return {
        "description": "Shows that flows run; an alert tells when it does not. Made by prefect-platform, and put back to this when the platform is updated.",
        "tags": [CANARY],
        "work_pool_name": pool,
        "job_variables": {
            "working_dir": None,  # the worker makes a temporary one and removes it, whatever the pool says
            "env": {"PREFECT_LOGGING_LEVEL": "WARNING"},  # added to that of the pool
        },
        "pull_steps": [{"prefect.deployments.steps.run_shell_script": write}],
        "entrypoint": "canary.py:canary",
        # Runs that waited for an outage to end are cancelled when one of them begins.
        "concurrency_limit": 1,
        "concurrency_options": ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
    }


def make_canary(client, pool, interval):
    wanted, schedule = canary(pool), IntervalSchedule(interval=timedelta(seconds=interval))
    there = read_canary(client)
    if not there:
        flow = client.create_flow_from_name(CANARY)
        client.create_deployment(flow, CANARY, schedules=[DeploymentScheduleCreate(schedule=schedule, slug=CANARY)], **wanted)
        print(f"deployment {CANARY}: made")
        return
    changed = update_schedule(client, there, schedule)
    limit = there.global_concurrency_limit
    said = dict(there) | {"concurrency_limit": limit and limit.limit}
    if any(said[name] != value for name, value in wanted.items()):
        client.update_deployment(there.id, DeploymentUpdate(**wanted))
        changed = True
    print(f"deployment {CANARY}: {'brought up to date' if changed else 'there'}")


def update_schedule(client, deployment, wanted):
    """Tells whether there was something to do. A schedule that a team has paused stays so: the alert tells of that, too."""
    there = next((each for each in deployment.schedules if each.slug == CANARY), None)
    if not there:
        client.create_deployment_schedules(deployment.id, [DeploymentScheduleCreate(schedule=wanted, slug=CANARY)])
        return True
    if getattr(there.schedule, "interval", None) == wanted.interval:
        return False
    client.update_deployment_schedule(deployment.id, there.id, schedule=wanted)
    return True


def remove_canary(client):
    """The deployment goes with its planned runs; those that have ended stay as long as any.

    One that is under way ends first: when the limit goes while it holds the slot, Prefect 3.8.8 refuses to change its state ever again.
    """
    there = read_canary(client)
    if not there:
        return
    client.pause_deployment(there.id)  # deletes what is planned
    deployment = DeploymentFilter(id=DeploymentFilterId(any_=[there.id]))
    for run in client.read_flow_runs(deployment_filter=deployment, flow_run_filter=UNFINISHED):
        client.set_flow_run_state(run.id, Cancelled(message="The canary was turned off."), force=True)
    client.delete_deployment(there.id)
    print(f"deployment {CANARY}: removed")


def read_canary(client):
    try:
        return client.read_deployment_by_name(f"{CANARY}/{CANARY}")
    except ObjectNotFound:
        return None


def main(wanted):
    """While the API is replaced because its credential changed, the old one still answers under the same name, and refuses the new credential."""
    deadline = time.monotonic() + PATIENCE
    for attempt in itertools.count():
        platformaddresses.turn(attempt)
        try:
            with get_client(sync_client=True) as client:
                wait_for_api(client)
                for pool in wanted["pools"]:
                    make_pool(client, pool)
                make_automation(client, ZOMBIES)
                if wanted["canary"]:
                    make_canary(client, **wanted["canary"])
                else:
                    remove_canary(client)
            return
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.UNAUTHORIZED or time.monotonic() > deadline:
                raise
        time.sleep(0.5)


if __name__ == "__main__":
    try:
        main(json.loads(pathlib.Path(sys.argv[1]).read_text()))
    except httpx.HTTPStatusError as error:
        sys.exit(f"bootstrap: the Prefect API refused {error.request.method} {error.request.url.path}: {error.response.status_code} {error.response.text[:500]}")
