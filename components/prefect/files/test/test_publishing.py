import asyncio
import os
import sys
import unittest

import uvicorn
import websockets
from support import FILES, Redis

sys.path.insert(0, str(FILES))


class Publishing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = Redis()
        os.environ |= {"PREFECT_REDIS_MESSAGING_HOST": "127.0.0.1", "PREFECT_REDIS_MESSAGING_PORT": str(cls.redis.port)}
        import publishing
        from prefect_redis import messaging

        publishing.install_in_api()
        cls.messaging = messaging

    def setUp(self):
        self.redis.client.flushall()

    def publisher(self, deduplicate_by="id"):
        return self.messaging.Publisher("events", self.messaging.Cache(), deduplicate_by)

    def stored(self):
        return [content["data"] for _, content in self.redis.client.xrange("events")]

    def test_an_event_is_in_the_stream_as_soon_as_it_is_published(self):
        async def publish():
            async with self.publisher() as publisher:
                for number in range(3):
                    await publisher.publish_data(b"%d" % number, {"id": str(number)})
                return self.stored()

        self.assertEqual(asyncio.run(publish()), ["0", "1", "2"])

    def test_an_event_that_is_sent_again_by_others_is_there_once(self):
        async def publish_all():
            async with self.publisher() as publisher:
                for number in range(200):
                    await publisher.publish_data(b"%d" % number, {"id": str(number)})

        async def at_once():
            await asyncio.gather(*(publish_all() for _ in range(4)))

        asyncio.run(at_once())
        self.assertEqual(sorted(map(int, self.stored())), list(range(200)))

    def test_an_event_that_redis_refused_may_come_again(self):
        async def publish():
            async with self.publisher() as publisher:
                await publisher.publish_data(b"late", {"id": "1"})

        self.redis.client.config_set("maxmemory", "1")
        with self.assertRaisesRegex(Exception, "OOM|maxmemory"):
            asyncio.run(publish())
        self.redis.client.config_set("maxmemory", "0")
        asyncio.run(publish())
        self.assertEqual(self.stored(), ["late"])

    def test_what_is_not_to_be_told_apart_is_not_marked(self):
        async def publish():
            async with self.publisher(deduplicate_by=None) as publisher:
                await publisher.publish_data(b"action", {})
                await publisher.publish_data(b"action", {})

        asyncio.run(publish())
        self.assertEqual(self.stored(), ["action", "action"])
        self.assertEqual(self.redis.client.keys(), ["events"])

    def test_a_ping_is_answered_after_the_events_ahead_of_it_on_the_path_of_events_only(self):
        for path, all_taken in (("/api/events/in", True), ("/api/events/out", False)):
            with self.subTest(path):
                self.assertEqual(asyncio.run(self.taken_at_pong(path)) == 50, all_taken)

    async def taken_at_pong(self, path):
        """How many of 50 messages an application has taken that needs 10 ms for each, when the ping after them is answered."""
        taken = 0

        async def app(scope, receive, send):
            nonlocal taken
            await receive()
            await send({"type": "websocket.accept"})
            while (await receive())["type"] == "websocket.receive":
                await asyncio.sleep(0.01)
                taken += 1

        server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="critical"))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with websockets.connect(f"ws://127.0.0.1:{port}{path}") as client:
            for number in range(50):
                await client.send(str(number))
            await (await client.ping())
            answered = taken
        server.should_exit = True
        await serving
        return answered


if __name__ == "__main__":
    unittest.main()
