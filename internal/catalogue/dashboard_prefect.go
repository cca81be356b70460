package catalogue

func prefectDashboard(s Settings) Dashboard {
	d := Dashboard{
		Name: "prefect", Title: "Prefect", About: "Flow runs from their schedule to their end, and the server behind them.",
		Rows: []Row{
			{Title: "Flow runs", Panels: []Panel{
				{
					Title: "Not ended, by state", Kind: Graph, Unit: Count, Width: 12, Alerts: []string{"PrefectLateRuns"},
					About:   "Flow runs that have not ended. Scheduled ones are planned ahead for an hour, so some are always there.",
					Queries: []Query{{`prefect_flow_runs`, "{{state}}"}},
				},
				{
					Title: "Ended within 15 minutes", Kind: Graph, Unit: Count, Width: 12, Waits: "a flow run that ended", Alerts: []string{"PrefectFlowRunFailed"},
					About:   "How flow runs ended, by state.",
					Queries: []Query{{`sum by (state) (prefect_flow_runs_ended_recently)`, "{{state}}"}},
				},
				{
					Title: "Failed or crashed, by deployment", Kind: Table, Unit: Count, Width: 12, Waits: "a flow run that failed", Alerts: []string{"PrefectFlowRunFailed"},
					About:   "Within 15 minutes.",
					Queries: []Query{{Expr: `sum by (flow, deployment, state) (prefect_flow_runs_ended_recently{state=~"FAILED|CRASHED"})`}},
				},
				{
					Title: "Running for longest", Kind: Graph, Unit: Seconds, Width: 12, Waits: "a flow run that runs", Alerts: []string{"PrefectFlowRunStuck"},
					About:   "The age of the oldest running flow run of each deployment.",
					Queries: []Query{{`prefect_flow_run_oldest_running_seconds`, "{{flow}}/{{deployment}}"}},
				},
			}},
			{Title: "Scheduling", Panels: []Panel{
				{
					Title: "Late, by queue", Kind: Graph, Unit: Count, Width: 8, Alerts: []string{"PrefectLateRuns", "PrefectLateRunsMany"},
					About:   "Flow runs that wait for a worker for more than a minute past their time.",
					Queries: []Query{{`prefect_flow_runs_late`, "{{work_pool}}/{{work_queue}}"}},
				},
				{
					Title: "Started in time", Kind: Graph, Unit: Count, Width: 8, Waits: "a flow run that a schedule planned", Alerts: []string{"SchedulingBudgetBurnsFast"},
					About:   "Planned flow runs whose time came within the last minutes, by whether they started within a minute.",
					Queries: []Query{{`sum by (started) (prefect_flow_runs_due_recently)`, "{{started}}"}},
				},
				{
					Title: "Planned ahead", Kind: Graph, Unit: Seconds, Width: 8, Waits: "a deployment with a schedule", Alerts: []string{"PrefectSchedulerStopped"},
					About:   "How far ahead the scheduler has planned the deployment for which it has planned least. Prefect plans an hour.",
					Queries: []Query{{`prefect_scheduler_horizon_seconds`, "planned ahead"}},
				},
			}},
			{Title: "Workers", Panels: []Panel{
				{
					Title: "Online", Kind: Graph, Unit: Count, Width: 8, Alerts: []string{"PrefectWorkersGone"},
					About:   "Workers whose heartbeat is recent, by pool.",
					Queries: []Query{{`prefect_workers_online`, "{{work_pool}}"}},
				},
				{
					Title: "Latest heartbeat", Kind: Graph, Unit: Seconds, Width: 8, Alerts: []string{"PrefectWorkersGone"},
					About:   "How long ago any worker of the pool was heard of. Every 30 seconds is normal.",
					Queries: []Query{{`prefect_worker_heartbeat_age_seconds`, "{{work_pool}}"}},
				},
				{
					Title: "Latest poll of a queue", Kind: Graph, Unit: Seconds, Width: 8, Waits: "a worker that polled a queue",
					About:   "How long ago a worker asked for work. Every 15 seconds is normal.",
					Queries: []Query{{`prefect_work_queue_poll_age_seconds`, "{{work_pool}}/{{work_queue}}"}},
				},
			}},
			{Title: "Server", Panels: []Panel{
				{
					Title: "Memory of the API", Kind: Graph, Unit: Bytes, Width: 8, Alerts: []string{"PrefectApiMemoryHigh"},
					About:   "By container. At its limit the kernel ends the process.",
					Queries: []Query{{`process_resident_memory_bytes{job="prefect-api"}`, "{{instance}}"}},
				},
				{
					Title: "Processors used by the API", Kind: Graph, Unit: Ratio, Width: 8,
					About:   "Of one processor, by container: an API container is one process and cannot use more.",
					Queries: []Query{{`rate(process_cpu_seconds_total{job="prefect-api"}[$__rate_interval])`, "{{instance}}"}},
				},
				{
					Title: "Newest event", Kind: Graph, Unit: Seconds, Width: 8, Alerts: []string{"PrefectEventsStalled"},
					About:   "How long ago an event was recorded. Workers' heartbeats alone make several a minute.",
					Queries: []Query{{`prefect_event_newest_age_seconds`, "age"}},
				},
				{
					Title: "Size of tables", Kind: Graph, Unit: Bytes, Width: wholeWidth, Alerts: []string{"PrefectEventsTableLarge"},
					About:   "With indexes. Retention deletes old runs and events; space is used again, not given back.",
					Queries: []Query{{`prefect_table_bytes`, "{{table}}"}},
				},
			}},
		},
	}
	if s.Canary {
		d.Rows = append(d.Rows, Row{Title: "Canary", Panels: []Panel{{
			Title: "Since the canary's last success", Kind: Graph, Unit: Seconds, Width: wholeWidth, Waits: "a canary that has run", Alerts: []string{"CanaryMissing", "CanaryNeverRan"},
			About:   "A flow that goes all the way, from schedule to record, every five minutes.",
			Queries: []Query{{`time() - prefect_canary_last_success_timestamp_seconds`, "age"}},
		}}})
	}
	return d
}
