import sys
import unittest

from support import FILES, bootstrap, folder, server, start, wait

NAME = "platform-canary"
CANARY = {"pool": "default", "interval": 300}


class Canary(unittest.TestCase):
    def setUp(self):
        self.api = server()
        self.addCleanup(bootstrap, self.api)  # without a canary

    def bootstrap(self, canary):
        ended = bootstrap(self.api, canary)
        self.assertEqual(0, ended.returncode, ended.stderr)
        return ended.stdout

    def deployments(self):
        return [each for each in self.api("POST", "/deployments/filter", {}) if each["name"] == NAME]

    def runs(self, deployment):
        return self.api("POST", "/flow_runs/filter", {"flow_runs": {"deployment_id": {"any_": [deployment]}}})

    def test_is_made_once_and_planned(self):
        self.assertIn(f"{NAME}: made", self.bootstrap(CANARY))
        [made] = self.deployments()
        [schedule] = made["schedules"]
        self.assertEqual(("default", 300, True), (made["work_pool_name"], schedule["schedule"]["interval"], schedule["active"]))
        wait(lambda: self.runs(made["id"]), 90, "a planned run")
        self.assertIn(f"{NAME}: there", self.bootstrap(CANARY))
        self.assertEqual([made], self.deployments())

    def test_is_put_right_and_stays_paused(self):
        self.bootstrap(CANARY)
        [made] = self.deployments()
        [schedule] = made["schedules"]
        self.api("PATCH", f"/deployments/{made['id']}/schedules/{schedule['id']}", {"active": False})
        self.api("PATCH", f"/deployments/{made['id']}", {"pull_steps": [], "tags": ["mine"], "concurrency_limit": 5, "paused": True})

        self.assertIn(f"{NAME}: brought up to date", self.bootstrap({"pool": "small", "interval": 30}))
        [there] = self.deployments()
        for name in ("id", "pull_steps", "tags", "entrypoint", "job_variables"):
            self.assertEqual(made[name], there[name])
        [rescheduled] = there["schedules"]
        self.assertEqual((1, "small", True), (there["global_concurrency_limit"]["limit"], there["work_pool_name"], there["paused"]))
        self.assertEqual((schedule["id"], 30, False), (rescheduled["id"], rescheduled["schedule"]["interval"], rescheduled["active"]))

    def test_gets_a_schedule_that_was_deleted(self):
        self.bootstrap(CANARY)
        [made] = self.deployments()
        [schedule] = made["schedules"]
        self.api("DELETE", f"/deployments/{made['id']}/schedules/{schedule['id']}")
        self.assertIn(f"{NAME}: brought up to date", self.bootstrap(CANARY))
        [there] = self.deployments()
        self.assertEqual([True], [each["active"] for each in there["schedules"]])

    def test_runs_on_a_worker_that_has_nothing_of_ours_and_once_after_an_outage(self):
        self.bootstrap(CANARY)
        [made] = self.deployments()
        missed = [self.api.run(made["id"]) for _ in range(4)]
        home = folder()
        template = self.api("GET", "/work_pools/default")["base_job_template"]
        template["variables"]["properties"]["working_dir"]["default"] = str(home)  # as a team may have set it up, for flows of its own
        self.api("PATCH", "/work_pools/default", {"base_job_template": template})
        worker = start([sys.executable, "-m", "prefect", "worker", "start", "--pool", "default"], home / "worker.log", PREFECT_API_URL=self.api.url, PREFECT_HOME=str(home))
        self.addCleanup(worker.end)

        def ended():
            states = [self.api.state(run) for run in missed]
            return all(state["type"] not in ("SCHEDULED", "PENDING", "RUNNING") for state in states) and states

        states = wait(ended, 120, "the end of all runs")
        self.assertEqual(["CANCELLED"] * 3 + ["COMPLETED"], sorted(state["type"] for state in states), f"{states}\n{worker.log.read_text()}")
        [completed] = [run for run, state in zip(missed, states) if state["type"] == "COMPLETED"]
        of_run = {"flow_runs": {"id": {"any_": [completed]}}}
        wait(lambda: [task["state_type"] for task in self.api("POST", "/task_runs/filter", of_run)] == ["COMPLETED"], 60, "its task run")
        self.assertEqual([NAME], self.api("GET", f"/flow_runs/{completed}")["tags"])
        lines = self.api("POST", "/logs/filter", {"logs": {"flow_run_id": {"any_": [completed]}}})
        of_flow = {line["message"] for line in lines if line["name"] != "prefect.flow_runs.worker"}
        self.assertLessEqual(of_flow, {"Starting flow run process..."})  # what the runner of Prefect 3.7 says for the worker
        self.assertEqual([], list(home.glob("**/canary.py")))

    def test_leaves_nothing_behind(self):
        self.bootstrap(CANARY)
        [made] = self.deployments()
        wait(lambda: self.runs(made["id"]), 90, "a planned run")
        under_way = self.api.run(made["id"])
        claimed = self.api("POST", f"/flow_runs/{under_way}/set_state", {"state": {"type": "PENDING"}})
        self.assertEqual("ACCEPT", claimed["status"])

        self.assertIn(f"{NAME}: removed", self.bootstrap(None))
        self.assertEqual([], self.deployments())
        self.assertEqual([(under_way, "CANCELLED")], [(run["id"], run["state_type"]) for run in self.runs(made["id"])])
        self.assertEqual([], self.api("POST", "/v2/concurrency_limits/filter", {}))
        self.assertNotIn(NAME, self.bootstrap(None))

    def test_is_not_taken_for_a_template(self):
        self.assertNotIn("{{", (FILES / "canary.py").read_text())
