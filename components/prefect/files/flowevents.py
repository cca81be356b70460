"""Keeps the events of a flow run, of which Prefect makes its task runs, while the API is away.

Prefect's sender loses them in four places where trying again helps:
- Before it sends an event it reads, once for each, the objects that the event belongs to. With an API that refuses connections
  at that time, all events that wait behind are dropped at once.
- It ends, and takes along what it holds, when it fails to connect eleven times, which takes eight seconds.
- Every 30 s it asks whether events arrived, and connects again if need be, also while it does so already: each then puts
  aside what the other has yet to send, and one cancels the other.
- At the end of the run it closes the connection without asking whether the last events arrived.
"""

import asyncio
import contextlib
import functools
import time

PATIENCE = 900  # seconds without any success after which events are given up, so that a run ends although its API is gone for good
PAUSE = 1.0  # seconds between attempts


class Patience:
    """Tries again as long as something succeeded within the last PATIENCE seconds."""

    def __init__(self):
        self.success = time.monotonic()

    async def __call__(self, attempt, errors):
        while True:
            try:
                result = await attempt()
            except errors:
                if time.monotonic() - self.success > PATIENCE:
                    raise
                await asyncio.sleep(PAUSE)
            else:
                self.success = time.monotonic()
                return result


def install():
    import httpx
    from prefect.events import clients, worker
    from prefect.utilities.context import temporary_context
    from websockets.exceptions import InvalidHandshake

    # Prefect takes an answer that is no WebSocket's, as one that is starting or stopping gives, for final.
    clients.RETRYABLE_EXCEPTIONS = lost = (*clients.RETRYABLE_EXCEPTIONS, InvalidHandshake)
    prefects_lifespan = worker.EventsWorker._lifespan

    @contextlib.asynccontextmanager
    async def lifespan(self):
        self.patience, self.connection = Patience(), asyncio.Lock()
        if self.client_type is clients.PrefectEventsClient:
            self.client_options = (*self.client_options, ("reconnection_attempts", PATIENCE))  # a second apart
        async with prefects_lifespan(self):
            if self.client_type is not clients.PrefectEventsClient:  # a task in a process of its own hands its events to the flow's
                yield
                return
            self._client._stop_checkpoint_task()
            self._client._start_checkpoint_task = lambda: None
            confirming = asyncio.create_task(confirm_regularly(self))
            yield
            confirming.cancel()
            async with self.connection:
                await self.patience(functools.partial(confirm, self._client), lost)

    async def handle(self, event):
        with temporary_context(context=self._context_cache.pop(event.id)):
            await self.patience(functools.partial(self.attach_related_resources_from_context, event), httpx.HTTPError)
        async with self.connection:
            await self.patience(functools.partial(self._client.emit, event), lost)

    async def confirm_regularly(self):
        while True:
            await asyncio.sleep(self._client._checkpoint_interval)
            async with self.connection:
                with contextlib.suppress(*lost):
                    await confirm(self._client)

    worker.EventsWorker._lifespan, worker.EventsWorker._handle = lifespan, handle


async def confirm(client):
    """Waits for the API to have taken in every event that was sent; sends again what a broken connection may have lost."""
    if not client._unconfirmed_events:
        return
    if not client._websocket or client._websocket.state.name != "OPEN":
        await client._reconnect()
    await client._force_checkpoint()
