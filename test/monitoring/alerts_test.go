package monitoring

import (
	"slices"
	"time"
)

type labels = map[string]string

const (
	minute = time.Minute
	hour   = time.Hour
)

var scenarios = slices.Concat(prefectScenarios, postgresScenarios, edgeScenarios, hostScenarios, selfScenarios)

var prefectScenarios = []scenario{
	{
		alert: "PrefectApiDown", is: "critical prefect",
		input: []string{`probe_success{job="probe-ready",instance="a"} | 1x4 0x9 1x60`},
		fires: 7 * minute, over: 15 * minute, with: labels{"job": "probe-ready", "instance": "a"},
		says:  "/api/ready has failed since 2 minutes. Nobody can start or report a flow run.",
		quiet: []string{`probe_success{job="probe-ready",instance="a"} | 1 0 1 0 1x200; probe_success{job="probe-edge",instance="a"} | 0x200`},
	},
	{
		alert: "PrefectApiRestarting", is: "warning prefect",
		input: []string{`process_start_time_seconds{job="prefect-api",instance="a"} | 10x9 20x1 30x1 40x60`},
		fires: 14 * minute, over: 24 * minute, with: labels{"job": "prefect-api", "instance": "a"},
		says:  "a started 3 times in 15 minutes.",
		quiet: []string{`process_start_time_seconds{job="prefect-api",instance="a"} | 10x9 20 30x200; process_start_time_seconds{job="node",instance="b"} | 1+1x200`},
	},
	{
		alert: "PrefectApiMemoryHigh", is: "warning prefect",
		input: []string{`process_resident_memory_bytes{job="prefect-api",instance="a"} | 100x4 483183820x20 100x20`},
		fires: 20 * minute, over: 26 * minute, with: labels{"job": "prefect-api", "instance": "a"},
		says:  "a uses 460.8MiB, more than 90 % of what it may; at the limit the kernel ends it.",
		quiet: []string{`process_resident_memory_bytes{job="prefect-api",instance="a"} | 483183819x200; process_resident_memory_bytes{job="node",instance="a"} | 983183819x200`},
	},
	{
		alert: "PrefectLateRuns", is: "warning prefect",
		input: []string{`prefect_flow_runs_late{work_pool="default",work_queue="q"} | 0x4 1x15 0x60`},
		fires: 15 * minute, over: 21 * minute, with: labels{"work_pool": "default", "work_queue": "q"},
		says:  "1 runs of queue q in pool default are more than a minute late.",
		quiet: []string{`prefect_flow_runs_late{work_pool="default",work_queue="q"} | 0x200`},
	},
	{
		alert: "PrefectLateRunsMany", is: "critical prefect",
		input: []string{`prefect_flow_runs_late{work_pool="default",work_queue="q"} | 0x4 25x15 0x60`},
		fires: 15 * minute, over: 21 * minute, with: labels{"work_pool": "default", "work_queue": "q"},
		says:  "25 runs of queue q in pool default are more than a minute late.",
		quiet: []string{`prefect_flow_runs_late{work_pool="default",work_queue="q"} | 24x200`},
	},
	{
		alert: "PrefectFlowRunFailed", is: "warning prefect",
		input: []string{
			`prefect_flow_runs_ended_recently{flow="etl",deployment="nightly",state="FAILED"} | 0x4 1x14 0x60`,
			`prefect_flow_runs_ended_recently{flow="etl",deployment="nightly",state="CRASHED"} | 0x4 1x14 0x60`,
		},
		fires: 5 * minute, over: 20 * minute, with: labels{"flow": "etl", "deployment": "nightly"},
		says:  "2 runs of etl/nightly failed or crashed in the last 15 minutes.",
		quiet: []string{`prefect_flow_runs_ended_recently{flow="etl",deployment="nightly",state="COMPLETED"} | 9x200; prefect_flow_runs_ended_recently{flow="etl",deployment="nightly",state="FAILED"} | 0x200`},
	},
	{
		alert: "PrefectFlowRunStuck", is: "warning prefect",
		input: []string{`prefect_flow_run_oldest_running_seconds{flow="etl",deployment=""} | 100x4 21601x10 0x60`},
		fires: 10 * minute, over: 16 * minute, with: labels{"flow": "etl"},
		says:  "A run of etl has been running for 6h 0m 1s.",
		quiet: []string{`prefect_flow_run_oldest_running_seconds{flow="etl",deployment=""} | 21600x200`},
	},
	{
		alert: "PrefectFlowRunPending", is: "warning prefect",
		input: []string{`prefect_flow_run_oldest_pending_seconds{work_pool="default"} | 100x4 901x10 0x60`},
		fires: 10 * minute, over: 16 * minute, with: labels{"work_pool": "default"},
		says:  "A run in pool default has been pending for 15m 1s.",
		quiet: []string{`prefect_flow_run_oldest_pending_seconds{work_pool="default"} | 900x200`},
	},
	{
		alert: "PrefectSchedulerStopped", is: "critical prefect",
		input: []string{`prefect_scheduler_horizon_seconds | 3600x4 899x12 3600x60`},
		fires: 15 * minute, over: 18 * minute,
		says:  "For some deployment the last planned run is 14m 59s away; Prefect keeps an hour. After that nothing runs.",
		quiet: []string{`prefect_scheduler_horizon_seconds | 900x200`},
	},
	{
		alert: "PrefectServicesStalled", is: "critical prefect",
		input: []string{`prefect_flow_runs_unmarked | 0x4 1x7 0x60`},
		fires: 10 * minute, over: 13 * minute,
		says:  "1 runs are more than two minutes late and were not marked as late, which the services do within seconds.",
		quiet: []string{`prefect_flow_runs_unmarked | 0x200`},
	},
	{
		alert: "PrefectEventsStalled", is: "critical prefect",
		input: []string{`prefect_event_newest_age_seconds | 10x4 901x7 10x60`, `prefect_flow_runs_ended_recently{flow="f",state="COMPLETED"} | 1x100`},
		fires: 10 * minute, over: 13 * minute,
		says: "The newest event is 15m 1s old. Task runs are not recorded, automations do not fire.",
		quiet: []string{
			`prefect_event_newest_age_seconds | 900x200; prefect_flow_runs_ended_recently{flow="f",state="COMPLETED"} | 1x200`,
			`prefect_event_newest_age_seconds | 901x200; prefect_flow_runs_ended_recently{flow="f",state="COMPLETED"} | 0x200`,
		},
	},
	{
		alert: "PrefectWorkersGone", is: "critical prefect",
		input: []string{`prefect_worker_heartbeat_age_seconds{work_pool="default"} | 30x4 121x5 30x60`},
		fires: 7 * minute, over: 11 * minute, with: labels{"work_pool": "default"},
		says:  "No worker of pool default has been heard of for 2m 1s.",
		quiet: []string{`prefect_worker_heartbeat_age_seconds{work_pool="default"} | 120x200`},
	},
	{
		alert: "PrefectQueueNotPolled", is: "warning prefect",
		input: []string{
			`prefect_work_queue_poll_age_seconds{work_pool="default",work_queue="q"} | 10x4 121x7 10x60`,
			`prefect_flow_runs_late{work_pool="default",work_queue="q"} | 1x100`,
		},
		fires: 10 * minute, over: 13 * minute, with: labels{"work_pool": "default", "work_queue": "q"},
		says: "Queue q in pool default has not been polled for 2m 1s.",
		quiet: []string{
			`prefect_work_queue_poll_age_seconds{work_pool="default",work_queue="q"} | 120x200; prefect_flow_runs_late{work_pool="default",work_queue="q"} | 1x200`,
			`prefect_work_queue_poll_age_seconds{work_pool="default",work_queue="q"} | 121x200; prefect_flow_runs_late{work_pool="default",work_queue="q"} | 0x200`,
			`prefect_work_queue_poll_age_seconds{work_pool="default",work_queue="q"} | 121x200; prefect_flow_runs_late{work_pool="default",work_queue="other"} | 1x200`,
		},
	},
	{
		alert: "PrefectEventsTableLarge", is: "warning prefect",
		input: []string{`prefect_table_bytes{table="events"} | 0x4 10737418240x70 0x60`, `prefect_table_bytes{table="event_resources"} | 1x200`},
		fires: 65 * minute, over: 76 * minute,
		says:  "They take 10GiB. Retention does not keep up, or something emits far more than before.",
		quiet: []string{`prefect_table_bytes{table="events"} | 10737418240x200; prefect_table_bytes{table="log"} | 90737418240x200`},
	},
	{
		alert: "PrefectApiReplicaMissing", is: "warning prefect",
		input: []string{`up{job="prefect-api",instance="a"} | 1x200`, `up{job="prefect-api",instance="b"} | 1x4 0x15 1x60`, `up{job="node",instance="c"} | 1x200`},
		fires: 15 * minute, over: 21 * minute,
		says:  "1 of 2 answer.",
		quiet: []string{`up{job="prefect-api",instance="a"} | 1x200; up{job="prefect-api",instance="b"} | 1x200`},
	},
	{
		alert: "PrefectWorkerMissing", is: "warning prefect",
		input: []string{`prefect_workers_online{work_pool="default"} | 2x4 1x15 2x60`},
		fires: 15 * minute, over: 21 * minute, with: labels{"work_pool": "default"},
		says:  "1 of 2 workers of pool default are online.",
		quiet: []string{`prefect_workers_online{work_pool="default"} | 2x200; prefect_workers_online{work_pool="other"} | 0x200`},
	},
	{
		alert: "CanaryMissing", is: "critical prefect",
		input: []string{`prefect_canary_last_success_timestamp_seconds | 0x29 1800x120`},
		fires: 21 * minute, over: 30 * minute,
		says:  "Its last success was 21m 0s ago; it runs every 5m. Some step from scheduling to recording does not work.",
		last:  "Its last success was 29m 0s ago; it runs every 5m. Some step from scheduling to recording does not work.",
		quiet: []string{`prefect_canary_last_success_timestamp_seconds | 0+60x200`},
	},
	{
		alert: "CanaryNeverRan", is: "critical prefect",
		input: []string{`up{job="prefect",instance="a"} | 1x200`, `prefect_canary_last_success_timestamp_seconds | _x30 1x60`},
		fires: 20 * minute, over: 30 * minute,
		says:  "The database knows no completed run of it.",
		quiet: []string{`up{job="prefect",instance="a"} | 0x200; up{job="node",instance="b"} | 1x200`, `up{job="prefect",instance="a"} | 1x200; prefect_canary_last_success_timestamp_seconds | 1x200`},
	},
}
