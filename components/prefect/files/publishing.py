"""Takes events in so that none is lost.

Prefect collects events in memory, marks them as seen, and then adds them to the stream in Redis: whatever ends in between, or
arrives while the collection is cleared, is gone, and when the client sends it again it is taken for a duplicate. Here each
event is marked and added in one step when it arrives. That costs one round trip for an event, where Prefect takes 1.2, and
an event that comes alone does not wait 10 s for company.

Clients send everything again that was not confirmed, and a ping asks for the confirmation (PrefectEventsClient._checkpoint).
Uvicorn answers it before Prefect has seen the events that came ahead of it; here the answer keeps its place in the queue.
"""

import orjson
import platformlog
from prefect_redis import messaging
from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol

# KEYS: stream, mark ("" for none). ARGV: seconds that the mark stays, data, attributes.
PUBLISH = """
if KEYS[2] == '' or redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[1]) then
    redis.call('XADD', KEYS[1], '*', 'data', ARGV[2], 'attributes', ARGV[3])
end
"""


async def publish_data(self, data, attributes):
    if not hasattr(self, "_batch"):
        raise RuntimeError("Use this publisher as an async context manager")
    mark = ""
    if self.deduplicate_by and self.deduplicate_by in (attributes or {}):
        mark = messaging._deduplication_key(self.cache.topic, attributes[self.deduplicate_by])
    lifetime = int(messaging.MESSAGE_DEDUPLICATION_LOOKBACK.total_seconds())
    publish = self._client.register_script(PUBLISH)
    await publish(keys=[self.stream, mark], args=[lifetime, data, orjson.dumps(attributes)])


def handle_ping(self):
    answer = b"".join(self.conn.data_to_send())
    if self.scope["path"].endswith("/events/in"):
        self.queue.put_nowait({"type": "pong", "answer": answer})
    else:
        self.transport.write(answer)


async def receive(self):
    while (message := await uvicorns_receive(self))["type"] == "pong":
        self.transport.write(message["answer"])
    return message


def install():
    messaging.Publisher.publish_data = publish_data


def install_in_api():
    global uvicorns_receive
    install()
    if not hasattr(AutoWebSocketsProtocol, "handle_ping"):
        platformlog.say("publishing", "this uvicorn confirms events before they are published: a kill can lose what it has queued")
        return
    uvicorns_receive = AutoWebSocketsProtocol.receive
    AutoWebSocketsProtocol.handle_ping, AutoWebSocketsProtocol.receive = handle_ping, receive
