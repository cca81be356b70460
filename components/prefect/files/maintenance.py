"""Tells clients to wait while the database is away.

Prefect's API answers 500 then, and its clients give up: a flow run crashes, an event is dropped. The edge turns these answers
into the one on which Prefect's clients wait as long as it takes, but flows in the workers ask the API itself.
"""

import asyncio
import json
import time

import sqlalchemy
from prefect.server.database import provide_database_interface

PATIENCE = 5  # seconds for the database to answer
ECHO = 10  # seconds for which an error is still taken for one of the outage that has just ended: what waited in it fails after its end
RETRY_AFTER = 2  # seconds
BODY = json.dumps({"exception_message": "Prefect is being maintained or restarted; try again in a moment."}).encode()


async def database_answers():
    try:
        async with asyncio.timeout(PATIENCE):
            async with provide_database_interface().session_context() as session:
                await session.execute(sqlalchemy.text("SELECT 1"))
        return True
    except (Exception, asyncio.CancelledError):  # drivers raise CancelledError when a connection breaks
        if asyncio.current_task().cancelling():
            raise
        return False


class Maintenance:
    """An ASGI application that answers for another one when that fails for want of the database."""

    def __init__(self, app, database_answers=database_answers):
        self.app, self.database_answers, self.check, self.failed = app, database_answers, None, float("-inf")

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        replaced = False

        async def answer(message):
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] in (500, 503) and not await self.well():
                replaced = True
                headers = {"content-type": "application/json", "content-length": len(BODY), "retry-after": RETRY_AFTER, "prefect-maintenance": "true"}
                await send({"type": "http.response.start", "status": 503, "headers": [(k.encode(), str(v).encode()) for k, v in headers.items()]})
                await send({"type": "http.response.body", "body": BODY})
            if not replaced:
                await send(message)

        await self.app(scope, receive, answer)

    async def well(self):
        """Whether the database answers, and has for a while. Whoever asks while a check is under way shares its result."""
        if self.check is None or self.check.done():
            self.check = asyncio.ensure_future(self.database_answers())
        if not await asyncio.shield(self.check):
            self.failed = time.monotonic()
        return time.monotonic() - self.failed > ECHO
