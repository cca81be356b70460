package catalogue

import (
	"fmt"
	"time"
)

// prefectMetrics come from SQL, see internal/sqlexporter. What is "recent" happened in a window of fixed length before the scrape: counters over the tables would
// run backwards whenever Prefect deletes old runs.
var prefectMetrics = map[string][]string{
	"prefect_flow_runs":                             {"state"},
	"prefect_flow_runs_late":                        {"work_pool", "work_queue"},
	"prefect_flow_runs_unmarked":                    nil,
	"prefect_flow_run_oldest_late_seconds":          {"work_pool", "work_queue"},
	"prefect_flow_run_oldest_running_seconds":       {"flow", "deployment"},
	"prefect_flow_run_oldest_pending_seconds":       {"work_pool"},
	"prefect_flow_runs_ended_recently":              {"flow", "deployment", "state"},
	"prefect_flow_runs_due_recently":                {"started"},
	"prefect_scheduler_horizon_seconds":             nil,
	"prefect_worker_heartbeat_age_seconds":          {"work_pool"},
	"prefect_workers_online":                        {"work_pool"},
	"prefect_work_queue_poll_age_seconds":           {"work_pool", "work_queue"},
	"prefect_event_newest_age_seconds":              nil,
	"prefect_table_bytes":                           {"table"},
	"prefect_canary_last_success_timestamp_seconds": nil,
}

func prefectRules(s Settings) Group {
	t := s.Thresholds
	alerts := []Alert{
		{
			Name: "PrefectApiDown", Service: Prefect, Severity: Critical, For: 2 * time.Minute,
			Expr:        `probe_success{job="probe-ready"} == 0`,
			Summary:     "Prefect's API does not answer that it is ready",
			Description: `/api/ready has failed since 2 minutes. Nobody can start or report a flow run.`,
		},
		{
			Name: "PrefectApiRestarting", Service: Prefect, Severity: Warning,
			Expr:        `changes(process_start_time_seconds{job="prefect-api"}[15m]) > 2`,
			Summary:     "An API container restarts again and again",
			Description: `{{ $labels.instance }} started {{ $value | humanize }} times in 15 minutes.`,
		},
		{
			Name: "PrefectApiMemoryHigh", Service: Prefect, Severity: Warning, For: 15 * time.Minute,
			Expr:        fmt.Sprintf(`process_resident_memory_bytes{job="prefect-api"} > %d`, s.APIMemory/10*9),
			Summary:     "An API container is close to its memory limit",
			Description: `{{ $labels.instance }} uses {{ $value | humanize1024 }}B, more than 90 % of what it may; at the limit the kernel ends it.`,
		},
		{
			Name: "PrefectLateRuns", Service: Prefect, Severity: Warning, For: 10 * time.Minute,
			Expr:        fmt.Sprintf(`prefect_flow_runs_late >= %d`, t.LateRuns),
			Summary:     "Flow runs wait for a worker past their time",
			Description: `{{ $value | humanize }} runs of queue {{ $labels.work_queue }} in pool {{ $labels.work_pool }} are more than a minute late.`,
		},
		{
			Name: "PrefectLateRunsMany", Service: Prefect, Severity: Critical, For: 10 * time.Minute,
			Expr:        fmt.Sprintf(`prefect_flow_runs_late >= %d`, t.LateRunsCritical),
			Summary:     "Many flow runs wait for a worker past their time",
			Description: `{{ $value | humanize }} runs of queue {{ $labels.work_queue }} in pool {{ $labels.work_pool }} are more than a minute late.`,
		},
		{
			Name: "PrefectFlowRunFailed", Service: Prefect, Severity: Warning,
			Expr:        `sum by (flow, deployment) (prefect_flow_runs_ended_recently{state=~"FAILED|CRASHED"}) > 0`,
			Summary:     "A flow run failed or crashed",
			Description: `{{ $value | humanize }} runs of {{ $labels.flow }}{{ with $labels.deployment }}/{{ . }}{{ end }} failed or crashed in the last 15 minutes.`,
		},
		{
			Name: "PrefectFlowRunStuck", Service: Prefect, Severity: Warning, For: 5 * time.Minute,
			Expr:        fmt.Sprintf(`prefect_flow_run_oldest_running_seconds > %s`, seconds(t.LongestRun)),
			Summary:     "A flow run has been running for longer than any should",
			Description: `A run of {{ $labels.flow }}{{ with $labels.deployment }}/{{ . }}{{ end }} has been running for {{ $value | humanizeDuration }}.`,
		},
		{
			Name: "PrefectFlowRunPending", Service: Prefect, Severity: Warning, For: 5 * time.Minute,
			Expr:        fmt.Sprintf(`prefect_flow_run_oldest_pending_seconds > %s`, seconds(t.PendingRun)),
			Summary:     "A worker took a flow run and has not started it",
			Description: `A run in pool {{ $labels.work_pool }} has been pending for {{ $value | humanizeDuration }}.`,
		},
		{
			Name: "PrefectSchedulerStopped", Service: Prefect, Severity: Critical, For: 10 * time.Minute,
			Expr:        fmt.Sprintf(`prefect_scheduler_horizon_seconds < %s`, seconds(t.SchedulerHorizon)),
			Summary:     "The scheduler no longer plans ahead",
			Description: `For some deployment the last planned run is {{ $value | humanizeDuration }} away; Prefect keeps an hour. After that nothing runs.`,
		},
		{
			Name: "PrefectServicesStalled", Service: Prefect, Severity: Critical, For: 5 * time.Minute,
			Expr:        `prefect_flow_runs_unmarked > 0`,
			Summary:     "Prefect's background services do no work",
			Description: `{{ $value | humanize }} runs are more than two minutes late and were not marked as late, which the services do within seconds.`,
		},
		{
			Name: "PrefectEventsStalled", Service: Prefect, Severity: Critical, For: 5 * time.Minute,
			Expr:        `prefect_event_newest_age_seconds > 900 and on () sum(prefect_flow_runs_ended_recently) > 0`,
			Summary:     "Events are no longer recorded although flows run",
			Description: `The newest event is {{ $value | humanizeDuration }} old. Task runs are not recorded, automations do not fire.`,
		},
		{
			Name: "PrefectWorkersGone", Service: Prefect, Severity: Critical, For: 2 * time.Minute,
			Expr:        `prefect_worker_heartbeat_age_seconds > 120`,
			Summary:     "A work pool has no worker left",
			Description: `No worker of pool {{ $labels.work_pool }} has been heard of for {{ $value | humanizeDuration }}.`,
		},
		{
			Name: "PrefectQueueNotPolled", Service: Prefect, Severity: Warning, For: 5 * time.Minute,
			Expr:        `prefect_work_queue_poll_age_seconds > 120 and on (work_pool, work_queue) prefect_flow_runs_late > 0`,
			Summary:     "Runs wait in a queue that no worker asks for",
			Description: `Queue {{ $labels.work_queue }} in pool {{ $labels.work_pool }} has not been polled for {{ $value | humanizeDuration }}.`,
		},
		{
			Name: "PrefectEventsTableLarge", Service: Prefect, Severity: Warning, For: time.Hour,
			Expr:        fmt.Sprintf(`sum(prefect_table_bytes{table=~"events|event_resources"}) > %d`, t.EventsBytes),
			Summary:     "The tables of events have grown large",
			Description: `They take {{ $value | humanize1024 }}B. Retention does not keep up, or something emits far more than before.`,
		},
	}
	if s.Replicas > 1 {
		alerts = append(alerts, Alert{
			Name: "PrefectApiReplicaMissing", Service: Prefect, Severity: Warning, For: 10 * time.Minute,
			Expr:        fmt.Sprintf(`sum(up{job="prefect-api"}) < %d`, s.Replicas),
			Summary:     "Fewer API containers answer than there should be",
			Description: fmt.Sprintf(`{{ $value | humanize }} of %d answer.`, s.Replicas),
		})
	}
	for _, pool := range s.Pools {
		alerts = append(alerts, Alert{
			Name: "PrefectWorkerMissing", Service: Prefect, Severity: Warning, For: 10 * time.Minute,
			Expr:        fmt.Sprintf(`prefect_workers_online{work_pool=%q} < %d`, pool.Name, pool.Workers),
			Summary:     "Fewer workers than the stack should run",
			Description: fmt.Sprintf(`{{ $value | humanize }} of %d workers of pool {{ $labels.work_pool }} are online.`, pool.Workers),
		})
	}
	return Group{Name: "prefect", Alerts: alerts}
}

func canaryRules(s Settings) Group {
	return Group{Name: "canary", Alerts: []Alert{
		{
			Name: "CanaryMissing", Service: Prefect, Severity: Critical,
			Expr:        fmt.Sprintf(`time() - prefect_canary_last_success_timestamp_seconds > %s`, seconds(s.canaryPatience())),
			Summary:     "The canary flow has not succeeded for several turns",
			Description: fmt.Sprintf(`Its last success was {{ $value | humanizeDuration }} ago; it runs every %s. Some step from scheduling to recording does not work.`, Duration(s.CanaryInterval())),
		},
		{
			Name: "CanaryNeverRan", Service: Prefect, Severity: Critical, For: s.unpaced(s.canaryPatience()),
			Expr:        `absent(prefect_canary_last_success_timestamp_seconds) and on () up{job="prefect"} == 1`,
			Summary:     "The canary flow has never succeeded",
			Description: `The database knows no completed run of it.`,
		},
	}}
}
