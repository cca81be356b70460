import asyncio
import sys
import unittest

from support import FILES

sys.path.insert(0, str(FILES))
from maintenance import Maintenance  # noqa: E402


def answers(status, database):
    """What a client gets when the application answers with a status and the database answers or not."""
    sent, checks = [], 0

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"the application's own", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        sent.append(message)

    async def database_answers():
        nonlocal checks
        checks += 1
        await asyncio.sleep(0.1)
        return database

    async def ask():
        maintained = Maintenance(app, database_answers)
        await asyncio.gather(*(maintained({"type": "http"}, None, send) for _ in range(3)))

    asyncio.run(ask())
    starts = [message for message in sent if message["type"] == "http.response.start"]
    assert len(starts) == 3, sent
    return starts[0]["status"], dict(starts[0]["headers"]), b"".join(message.get("body", b"") for message in sent), checks


class MaintenanceTest(unittest.TestCase):
    def test_an_error_without_the_database_is_maintenance(self):
        for status in (500, 503):
            code, headers, body, checks = answers(status, database=False)
            self.assertEqual((code, headers[b"prefect-maintenance"], headers[b"retry-after"]), (503, b"true", b"2"))
            self.assertNotIn(b"the application's own", body)
            self.assertEqual(checks, 1, "requests that fail together share one look at the database")

    def test_an_error_with_the_database_stays_what_it_is(self):
        for status in (500, 503):
            code, headers, body, _ = answers(status, database=True)
            self.assertEqual((code, headers, body), (status, {}, b"the application's own" * 3))

    def test_an_error_just_after_an_outage_is_of_the_outage(self):
        states = iter([False, True])
        sent = []

        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 500, "headers": []})

        async def send(message):
            sent.append(message)

        async def database_answers():
            return next(states)

        async def ask():
            maintained = Maintenance(app, database_answers)
            for _ in range(2):
                await maintained({"type": "http"}, None, send)

        asyncio.run(ask())
        self.assertEqual([message["status"] for message in sent if message["type"] == "http.response.start"], [503, 503])

    def test_other_answers_cost_no_look_at_the_database(self):
        for status in (200, 404, 409, 422, 429):
            code, _, body, checks = answers(status, database=False)
            self.assertEqual((code, body, checks), (status, b"the application's own" * 3, 0))


if __name__ == "__main__":
    unittest.main()
