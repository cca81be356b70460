"""Stands in for Prefect's API where the edge is tested with drain.py. Answers how many requests the connection has brought."""

import asyncio
import collections
import time

brought = collections.Counter()


async def block():
    """Holds up the event loop, as work of Prefect's does: what is sent meanwhile waits in its socket, and is lost if that is closed."""
    while True:
        time.sleep(0.04)
        await asyncio.sleep(0)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        blocking = asyncio.create_task(block())
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                blocking.cancel()
                return
    while (await receive()).get("more_body"):
        pass
    brought[scope["client"]] += 1
    headers = [(b"content-length", b"0"), (b"x-brought", b"%d" % brought[scope["client"]])]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body"})
