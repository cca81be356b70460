// Package sqlexporter writes what components/monitoring/files/sql_exporter.py asks: what only Prefect's database knows.
//
// The queries are made for the tables of Prefect 3.8 and use its indexes; a new version of Prefect must pass the package's tests first. Windows that end now
// take the place of counters, which would run backwards when Prefect deletes old runs.
package sqlexporter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"prefect-platform/internal/catalogue"
)

// QueriesFile is the file with the queries, in catalogue.FilesDir.
const QueriesFile = "queries.json"

// Canary is the name of the deployment that shows that flows run.
const Canary = "platform-canary"

// query is a metric and the SQL that yields it: label columns, and one named value.
type query struct {
	metric, help string
	labels       []string
	sql          string
}

// Waiting runs of queues that nobody has paused.
const waiting = `FROM work_queue q
JOIN work_pool p ON p.id = q.work_pool_id
LEFT JOIN flow_run r ON r.work_queue_id = q.id AND r.state_type = 'SCHEDULED' AND r.next_scheduled_start_time < now() - interval '60 seconds'
WHERE NOT q.is_paused AND NOT p.is_paused
GROUP BY p.name, q.name`

func queries(s catalogue.Settings) []query {
	recently := func(d time.Duration) string {
		return fmt.Sprintf("interval '%d milliseconds'", s.Pace(d).Milliseconds())
	}
	return []query{
		{
			"prefect_flow_runs", "Flow runs that have not ended, by state.",
			[]string{"state"},
			// Those that have ended are many, and to count them would read the whole table.
			`SELECT s.state::text AS state, (SELECT count(*) FROM flow_run r WHERE r.state_type = s.state) AS value
FROM unnest(ARRAY['SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED', 'CANCELLING']::state_type[]) AS s (state)`,
		},
		{
			"prefect_flow_runs_late", "Flow runs that should have started more than a minute ago.",
			[]string{"work_pool", "work_queue"},
			"SELECT p.name AS work_pool, q.name AS work_queue, count(r.id) AS value\n" + waiting,
		},
		{
			"prefect_flow_run_oldest_late_seconds", "How long the first of them has been waiting.",
			[]string{"work_pool", "work_queue"},
			"SELECT p.name AS work_pool, q.name AS work_queue, coalesce(extract(epoch FROM now() - min(r.next_scheduled_start_time)), 0) AS value\n" + waiting,
		},
		{
			"prefect_flow_runs_unmarked", "Flow runs more than two minutes late that the services have not marked so.",
			nil,
			`SELECT count(*) AS value
FROM flow_run
WHERE state_type = 'SCHEDULED' AND state_name = 'Scheduled' AND next_scheduled_start_time < now() - interval '120 seconds'`,
		},
		{
			"prefect_flow_run_oldest_running_seconds", "Age of the oldest running flow run.",
			[]string{"flow", "deployment"},
			`SELECT f.name AS flow, coalesce(d.name, '') AS deployment, extract(epoch FROM now() - min(r.start_time)) AS value
FROM flow_run r
JOIN flow f ON f.id = r.flow_id
LEFT JOIN deployment d ON d.id = r.deployment_id
WHERE r.state_type = 'RUNNING' AND r.start_time IS NOT NULL
GROUP BY f.name, d.name`,
		},
		{
			"prefect_flow_run_oldest_pending_seconds", "How long a flow run has been pending, which a worker took and did not start.",
			[]string{"work_pool"},
			`SELECT p.name AS work_pool, coalesce(extract(epoch FROM now() - min(r.state_timestamp)), 0) AS value
FROM work_pool p
JOIN work_queue q ON q.work_pool_id = p.id
LEFT JOIN flow_run r ON r.work_queue_id = q.id AND r.state_type = 'PENDING'
GROUP BY p.name`,
		},
		{
			"prefect_flow_runs_ended_recently", "Flow runs that ended in the last 15 minutes.",
			[]string{"flow", "deployment", "state"},
			`SELECT f.name AS flow, coalesce(d.name, '') AS deployment, r.state_type::text AS state, count(*) AS value
FROM flow_run r
JOIN flow f ON f.id = r.flow_id
LEFT JOIN deployment d ON d.id = r.deployment_id
WHERE r.end_time > now() - ` + recently(15*time.Minute) + `
GROUP BY f.name, d.name, r.state_type`,
		},
		{
			"prefect_flow_runs_due_recently", "Flow runs of deployments whose time to start, with a minute's grace, was in the last 5 minutes, and whether they did.",
			[]string{"started"},
			`SELECT s.started, count(r.id) AS value
FROM (VALUES ('in time'), ('late')) AS s (started)
LEFT JOIN flow_run r ON r.deployment_id IS NOT NULL
  AND r.expected_start_time > now() - interval '60 seconds' - ` + recently(5*time.Minute) + `
  AND r.expected_start_time <= now() - interval '60 seconds'
  AND (r.start_time IS NOT NULL OR r.state_type IN ('SCHEDULED', 'PENDING')) -- neither cancelled nor deleted before its start
  AND r.state_name <> 'AwaitingConcurrencySlot' -- waits because somebody said so
  AND s.started = CASE WHEN r.start_time <= r.expected_start_time + interval '60 seconds' THEN 'in time' ELSE 'late' END
GROUP BY s.started`,
		},
		{
			"prefect_scheduler_horizon_seconds", "How far ahead runs are planned, for the deployment where it is least. Schedules that may end (rrule, limited runs) do not count.",
			nil,
			`SELECT extract(epoch FROM min(planned.until) - now()) AS value
FROM (
  SELECT coalesce(max(r.next_scheduled_start_time), now()) AS until
  FROM deployment d
  LEFT JOIN flow_run r ON r.deployment_id = d.id AND r.state_type = 'SCHEDULED' AND r.auto_scheduled
  WHERE NOT d.paused AND EXISTS (
    SELECT FROM deployment_schedule s
    WHERE s.deployment_id = d.id AND s.active AND s.max_scheduled_runs IS NULL AND s.schedule ?| ARRAY['interval', 'cron']
  )
  GROUP BY d.id
) AS planned
HAVING count(*) > 0`,
		},
		{
			"prefect_worker_heartbeat_age_seconds", "Time since any worker of a pool was heard of.",
			[]string{"work_pool"},
			`SELECT p.name AS work_pool, extract(epoch FROM now() - max(w.last_heartbeat_time)) AS value
FROM work_pool p
JOIN worker w ON w.work_pool_id = p.id
WHERE NOT p.is_paused
GROUP BY p.name`,
		},
		{
			"prefect_workers_online", "Workers of a pool that were heard of within three of their heartbeats.",
			[]string{"work_pool"},
			`SELECT p.name AS work_pool, count(w.id) AS value
FROM work_pool p
LEFT JOIN worker w ON w.work_pool_id = p.id AND w.last_heartbeat_time > now() - 3 * coalesce(w.heartbeat_interval_seconds, 30) * interval '1 second'
GROUP BY p.name`,
		},
		{
			"prefect_work_queue_poll_age_seconds", "Time since a worker asked for the runs of a queue.",
			[]string{"work_pool", "work_queue"},
			`SELECT p.name AS work_pool, q.name AS work_queue, extract(epoch FROM now() - q.last_polled) AS value
FROM work_queue q
JOIN work_pool p ON p.id = q.work_pool_id
WHERE q.last_polled IS NOT NULL AND NOT q.is_paused AND NOT p.is_paused`,
		},
		{
			"prefect_event_newest_age_seconds", "Age of the newest event.",
			nil,
			`SELECT extract(epoch FROM now() - occurred) AS value
FROM events
ORDER BY occurred DESC
LIMIT 1`,
		},
		{
			"prefect_table_bytes", "Size of a table with its indexes.",
			[]string{"table"},
			`SELECT relname AS "table", pg_total_relation_size(relid) AS value
FROM pg_stat_user_tables
WHERE relname IN ('artifact', 'event_resources', 'events', 'flow_run', 'flow_run_state', 'log', 'task_run', 'task_run_state')`,
		},
		{
			"prefect_canary_last_success_timestamp_seconds", "When the canary last succeeded, its task run recorded.",
			nil,
			`SELECT extract(epoch FROM r.end_time) AS value
FROM flow_run r
JOIN deployment d ON d.id = r.deployment_id
WHERE d.name = '` + Canary + `' AND r.state_type = 'COMPLETED' AND r.end_time IS NOT NULL
  AND EXISTS (SELECT FROM task_run t WHERE t.flow_run_id = r.id AND t.state_type = 'COMPLETED') -- which comes by way of the events
ORDER BY r.end_time DESC
LIMIT 1`,
		},
	}
}

// readable are the columns that the queries need: not the parameters of runs, their results or the payload of events.
var readable = map[string][]string{
	"deployment":          {"id", "name", "paused"},
	"deployment_schedule": {"deployment_id", "active", "max_scheduled_runs", "schedule"},
	"events":              {"occurred"},
	"flow":                {"id", "name"},
	"flow_run": {
		"id", "flow_id", "deployment_id", "work_queue_id", "state_type", "state_name", "state_timestamp", "start_time", "end_time",
		"expected_start_time", "next_scheduled_start_time", "auto_scheduled",
	},
	"task_run":   {"flow_run_id", "state_type"},
	"work_pool":  {"id", "name", "is_paused"},
	"work_queue": {"id", "name", "is_paused", "last_polled", "work_pool_id"},
	"worker":     {"id", "work_pool_id", "last_heartbeat_time", "heartbeat_interval_seconds"},
}

// Grants returns the SQL that lets a role read what the queries need, and no more. It needs the tables, so it runs after the migration, each time.
func Grants(role string) string {
	var b strings.Builder
	for _, table := range slices.Sorted(maps.Keys(readable)) {
		fmt.Fprintf(&b, "GRANT SELECT (%s) ON %s TO %s;\n", strings.Join(readable[table], ", "), table, role)
	}
	return b.String()
}

// Queries returns the content of QueriesFile.
func Queries(s catalogue.Settings) (string, error) {
	type entry struct {
		Metric string   `json:"metric"`
		Help   string   `json:"help"`
		Labels []string `json:"labels"`
		SQL    string   `json:"sql"`
	}
	entries := []entry{}
	for _, q := range queries(s) {
		entries = append(entries, entry{q.metric, q.help, append([]string{}, q.labels...), q.sql})
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(entries)
	return text.String(), err
}
