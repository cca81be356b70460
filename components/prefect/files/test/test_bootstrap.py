import threading
import unittest

from support import FILES, Server, bootstrap, folder, free_port, replaced, server, wait


class Bootstrap(unittest.TestCase):
    def test_makes_pools_and_the_automation_once(self):
        api = server()
        first = bootstrap(api)
        self.assertEqual(0, first.returncode, first.stderr)
        small = api("GET", "/work_pools/small")
        self.assertEqual(2, small["concurrency_limit"])
        self.assertIn("variables", small["base_job_template"])

        api("PATCH", "/work_pools/small", {"concurrency_limit": 7})
        [made] = self.automations(api)
        api("PATCH", f"/automations/{made['id']}", {"enabled": False})

        second = bootstrap(api)
        self.assertEqual(0, second.returncode, second.stderr)
        self.assertEqual(7, api("GET", "/work_pools/small")["concurrency_limit"], "a team's change was overwritten")
        [there] = self.automations(api)
        self.assertEqual((made["id"], False), (there["id"], there["enabled"]), "an automation was doubled or switched on again")
        self.assertNotIn("made", second.stdout)

    def test_puts_back_a_definition_that_differs(self):
        api = server()
        bootstrap(api)
        [made] = self.automations(api)
        other = folder() / "other.py"
        other.write_text((FILES / "bootstrap.py").read_text().replace("seconds=540", "seconds=600"))
        changed = bootstrap(api, program=other)
        self.assertIn("brought up to date", changed.stdout)
        [there] = self.automations(api)
        self.assertEqual((made["id"], 600), (there["id"], there["trigger"]["within"]))

    def test_says_what_is_wrong_when_there_is_no_api(self):
        api = server()
        unreachable = type("Api", (), {"environment": {**api.environment, "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}})
        other = folder() / "impatient.py"
        other.write_text((FILES / "bootstrap.py").read_text().replace("PATIENCE = 60", "PATIENCE = 1"))
        ended = bootstrap(unreachable, program=other)
        self.assertEqual(1, ended.returncode)
        self.assertIn("is not ready after 1 s", ended.stderr)

    def test_says_that_the_api_refuses_the_credential(self):
        protected = Server(PREFECT_SERVER_API_AUTH_STRING="prefect:right", PREFECT_API_AUTH_STRING="prefect:wrong")
        other = folder() / "impatient.py"
        other.write_text((FILES / "bootstrap.py").read_text().replace("PATIENCE = 60", "PATIENCE = 20"))
        ended = bootstrap(protected, program=other)
        self.assertEqual(1, ended.returncode)
        self.assertIn("refused GET /api/work_pools/default: 401", ended.stderr)

    def test_takes_an_old_api_under_the_same_name_for_one_that_goes(self):
        old = Server(PREFECT_SERVER_API_AUTH_STRING="prefect:old", PREFECT_API_AUTH_STRING="prefect:new")
        wait(old.ready, 60, "the old API")

        def replace():
            old.process.end()
            Server(old.port, PREFECT_SERVER_API_AUTH_STRING="prefect:new")

        threading.Timer(5, replace).start()
        ended = bootstrap(old)
        self.assertEqual(0, ended.returncode, ended.stderr)

    def test_turns_from_an_old_api_under_the_same_name_to_the_new_one(self):
        ended = bootstrap(replaced())
        self.assertEqual(0, ended.returncode, ended.stderr)

    def automations(self, api):
        return [each for each in api("POST", "/automations/filter", {}) if each["name"] == "Mark runs without a process as Crashed"]
