"""Prefect's background services, losing nothing: python services.py

Prefect acknowledges the events of task runs in Redis before they are stored, and drops what it holds when the database is
away for long or the process ends. Here the recorder of task runs and the persister of events store first, wait as long as
the database is away, and acknowledge then. So at any moment an event is in Redis or in the database, or in both: it may be
stored twice, by one process after a restart or by several at once, and that changes nothing, because both write each row
under the event's own id with ON CONFLICT (DO NOTHING, or only if newer). Memory holds one batch of each kind, no matter how
long the database is away; the rest waits in Redis.
"""

import argparse
import asyncio
import logging
import pathlib
import signal
import sys

import environment
import platformlog
import tested

BATCH = 200  # events stored at once
RECLAIM = 15_000  # milliseconds after which a batch that nobody has acknowledged is handed out again
START_SECONDS = 40  # for all parts to run
STOP_SECONDS = 5  # for the batches in hand when the services are stopped

# Classes of SQLSTATE that blame the data: cardinality, value, constraint, size. With any other, waiting helps.
REFUSALS = ("21", "22", "23", "54")

log = logging.getLogger("prefect.server.services.durable")
stopping = asyncio.Event()


tested.check()
environment.complete()
platformlog.install()

import sqlalchemy  # noqa: E402
from prefect.cli._server_utils import _run_all_services  # noqa: E402
from prefect.server.database import provide_database_interface  # noqa: E402
from prefect.server.events.schemas.events import ReceivedEvent  # noqa: E402
from prefect.server.events.services.event_persister import EventPersister  # noqa: E402
from prefect.server.events.storage.database import write_events  # noqa: E402
from prefect.server.services.base import Service  # noqa: E402
from prefect.server.services.task_run_recorder import TaskRunRecorder, record_bulk_task_run_events  # noqa: E402
from prefect.server.utilities.messaging._consumer_names import generate_unique_consumer_name  # noqa: E402
from prefect_redis import messaging  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402

import periodic  # noqa: E402
import publishing  # noqa: E402


def records_task_run(event):
    """The events of which the recorder makes task runs; it ignores the others."""
    return event.event.startswith("prefect.task-run") and event.resource.get("prefect.orchestration") == "client"


async def persist(events):
    async with provide_database_interface().session_context() as session:
        await write_events(session=session, events=events)
        await session.commit()


# What runs as what: the consumer group in Redis, the events that count, how a batch of them is stored.
DURABLE = {
    TaskRunRecorder: ("task-run-recorder", records_task_run, record_bulk_task_run_events),
    EventPersister: ("event-persister", lambda event: True, persist),
}


def make_durable(service, group, wanted, store):
    async def start(self):
        self.consumer = messaging.Consumer("events", group=group, name=generate_unique_consumer_name(group))
        self.consumer_task = asyncio.create_task(consume(self.consumer, wanted, store))
        self.started_event.set()
        try:
            await self.consumer_task
        except asyncio.CancelledError:
            pass

    service.start = start


async def consume(consumer, wanted, store):
    """Stores batch after batch until the services are stopped. What is not acknowledged then is handed out again, see RECLAIM."""
    while not stopping.is_set():
        try:
            redis = messaging.get_async_redis_client()
            await consumer._ensure_stream_and_group(redis)
            while not stopping.is_set():
                if batch := await take(redis, consumer):
                    await keep([each for each in await parse(consumer, batch) if wanted(each[0])], store, consumer)
                    await redis.xack(consumer.stream, consumer.group, *(number for number, _ in batch))
                await consumer._trim_stream_if_necessary()
        except RedisError as error:
            log.warning("Redis is not available to %s: %s", consumer.group, error)
            await messaging.clear_cached_clients()
            await asyncio.sleep(1)


async def take(redis, consumer):
    """Up to BATCH messages: those that a process took and did not store in time, else new ones."""
    stream, group, name = consumer.stream, consumer.group, consumer.name
    _, left, *_ = await redis.xautoclaim(stream, group, name, min_idle_time=RECLAIM, start_id="0-0", count=BATCH)
    if left:
        return left
    new = await redis.xreadgroup(group, name, {stream: ">"}, count=BATCH, block=1000)
    return new[0][1] if new else []


async def parse(consumer, batch):
    """Each event with the message that it came in. (A message that was trimmed from the stream comes without content.)"""
    parsed = []
    for _, content in batch:
        if content:
            message = messaging.RedisStreamsMessage(content["data"], {})
            try:
                parsed.append((ReceivedEvent.model_validate_json(message.data), message))
            except ValueError:
                await consumer._send_to_dlq(message, 1)
    return parsed


async def keep(batch, store, consumer):
    """Stores a batch, however long it takes. Events that the database refuses for what they are go to Prefect's dead letters, alone."""
    failed = 0
    while batch:
        try:
            await store([event for event, _ in batch])
            break
        except (Exception, asyncio.CancelledError) as error:  # drivers raise CancelledError when a connection breaks
            if asyncio.current_task().cancelling():
                raise
            if await refused(error):
                return await keep_apart(batch, store, consumer, error)
            if not failed:
                log.warning("Database is not available to %s, waiting: %r", consumer.group, error)
            failed += 1
            await asyncio.sleep(1)
        if stopping.is_set():
            raise asyncio.CancelledError
    if failed:
        log.warning("Database is available to %s again", consumer.group)


async def keep_apart(batch, store, consumer, error):
    if len(batch) > 1:
        middle = len(batch) // 2
        await keep(batch[:middle], store, consumer)
        await keep(batch[middle:], store, consumer)
        return
    event, message = batch[0]
    log.error("Event %s is kept in Redis as a dead letter, %s cannot store it: %r", event.id, consumer.group, error)
    await consumer._send_to_dlq(message, 1)


async def refused(error):
    """Whether the events are at fault. Without a code from the database that is so when it answers all the same."""
    if isinstance(error, (TimeoutError, asyncio.CancelledError)):
        return False
    code = getattr(getattr(error, "orig", error), "sqlstate", None)
    if code:
        return code.startswith(REFUSALS)
    try:
        async with provide_database_interface().session_context() as session:
            await session.execute(sqlalchemy.text("SELECT 1"))
    except (Exception, asyncio.CancelledError):
        return False
    return True


async def trim(stream, latest_delivered_id=None):
    """Prefect drops from the stream what has been delivered; this keeps what has not been stored.

    It holds for consumers of this process. Those of the API only follow the stream and must not trim it at all:
    PREFECT_REDIS_MESSAGING_CONSUMER_TRIM_EVERY is set so high there that they never do.
    """
    redis = messaging.get_async_redis_client()
    ours = {group for group, *_ in DURABLE.values()}
    stored = []
    for group in await redis.xinfo_groups(stream):
        if group["name"] in ours:
            pending = await redis.xpending(stream, group["name"])
            stored.append(int((pending["min"] or group["last-delivered-id"]).split("-")[0]))
    # Of the whole millisecond nothing is trimmed, since Prefect compares ids as text, which is right between milliseconds only.
    await prefects_trim(stream, latest_delivered_id=f"{min(stored)}-0" if stored else latest_delivered_id)


prefects_trim = messaging._trim_stream_to_lowest_delivered_id


def parts():
    """The tasks that must run as long as this process does: one for each service, and the one that runs the periodic ones."""
    return {task for task in asyncio.all_tasks() if task.get_coro().__qualname__.endswith((".start", "Worker.run_forever"))}


async def beat(file):
    """Touches file every 2 seconds from the event loop, so that a loop that hangs is noticed, and ends when a part has ended.

    Prefect itself would go on without it and never say so. One that ends while the others start may never be seen: then they are too few.
    """
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    running = set()
    while len(running) < len(Service.enabled_services()) + 1:
        running |= parts()
        if asyncio.get_running_loop().time() > deadline:
            log.critical("a part has ended at its start, or did not start within %d s", START_SECONDS)
            return
        await asyncio.sleep(0.05)
    while not any(part.done() for part in running):
        file.touch()
        await asyncio.sleep(2)
    if not stopping.is_set():
        for part in running:
            if part.done():
                log.critical("%s has ended: %r", part.get_coro().__qualname__, None if part.cancelled() else part.exception())


async def main(file):
    publishing.install()
    periodic.install()
    messaging._trim_stream_to_lowest_delivered_id = trim
    for service, how in DURABLE.items():
        make_durable(service, *how)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    services = asyncio.create_task(_run_all_services())
    heart = asyncio.create_task(beat(file))
    await asyncio.wait({services, heart, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)

    asked = stopping.is_set()
    stopping.set()
    consumers = {task for task in asyncio.all_tasks() if task.get_coro() and task.get_coro().__qualname__ == "consume"}
    if consumers:
        await asyncio.wait(consumers, timeout=STOP_SECONDS)
    services.cancel()
    await asyncio.gather(services, return_exceptions=True)  # stopping what has not come up is an error to Prefect
    return 0 if asked else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run Prefect's background services durably.")
    parser.add_argument("--alive", default="/tmp/alive", type=pathlib.Path, metavar="FILE", help="touched every 2 seconds")
    sys.exit(asyncio.run(main(parser.parse_args().alive)))
