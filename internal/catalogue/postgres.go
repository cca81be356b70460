package catalogue

import (
	"fmt"
	"time"
)

// A share of what ordinary roles may use: the last connections are kept for superusers and for those with pg_use_reserved_connections.
const connectionsUsed = `sum(pg_stat_activity_count) / (max(pg_settings_max_connections) - max(pg_settings_superuser_reserved_connections) - max(pg_settings_reserved_connections))`

func postgresRules(s Settings) Group {
	t := s.Thresholds
	return Group{Name: "postgres", Alerts: []Alert{
		{
			Name: "PostgresDown", Service: Postgres, Severity: Critical, For: time.Minute,
			// A server that hangs, or whose name is gone, costs the exporter more time than it has: then it does not answer at all.
			Expr:        `pg_up{job="postgres"} == 0 or (up{job="postgres"} == 0 and on () probe_success{job="probe-ready"} == 0)`,
			Summary:     "PostgreSQL cannot be reached",
			Description: `The exporter cannot log in since a minute. Clients of Prefect are told to wait; nothing starts.`,
		},
		{
			Name: "PostgresRestarting", Service: Postgres, Severity: Critical,
			Expr:        `changes(pg_postmaster_start_time_seconds[15m]) > 2`,
			Summary:     "PostgreSQL restarts again and again",
			Description: `It started {{ $value | humanize }} times in 15 minutes.`,
		},
		{
			Name: "PostgresConnectionsHigh", Service: Postgres, Severity: Warning, For: 5 * time.Minute,
			Expr:        fmt.Sprintf(`%s > %g`, connectionsUsed, t.ConnectionsRatio),
			Summary:     "PostgreSQL runs out of connections",
			Description: `{{ $value | humanizePercentage }} of the connections that Prefect may use are taken.`,
		},
		{
			Name: "PostgresConnectionsExhausted", Service: Postgres, Severity: Critical, For: 2 * time.Minute,
			Expr:        connectionsUsed + ` > 0.97`,
			Summary:     "PostgreSQL has no connection left",
			Description: `{{ $value | humanizePercentage }} of the connections that Prefect may use are taken; further ones are refused.`,
		},
		{
			Name: "PostgresLongTransaction", Service: Postgres, Severity: Warning, For: 2 * time.Minute,
			Expr:        fmt.Sprintf(`max by (usename, state) (pg_stat_activity_max_tx_duration{datname="prefect",state!="idle"}) > %s`, seconds(t.TransactionAge)),
			Summary:     "A transaction stays open for long",
			Description: `One of {{ $labels.usename }} ({{ $labels.state }}) is {{ $value | humanizeDuration }} old. It keeps vacuum from cleaning up.`,
		},
		{
			Name: "PostgresDeadlocks", Service: Postgres, Severity: Warning,
			Expr:        `increase(pg_stat_database_deadlocks{datname="prefect"}[15m]) > 3`,
			Summary:     "Transactions block each other",
			Description: `{{ $value | humanize }} deadlocks in 15 minutes; in each of them a request failed.`,
		},
		{
			Name: "PostgresRollbacksHigh", Service: Postgres, Severity: Warning, For: 15 * time.Minute,
			Expr: `rate(pg_stat_database_xact_rollback{datname="prefect"}[5m]) / (rate(pg_stat_database_xact_rollback[5m]) + rate(pg_stat_database_xact_commit[5m])) > 0.5` +
				` and rate(pg_stat_database_xact_rollback[5m]) > 5`,
			Summary:     "Most transactions end without success",
			Description: `{{ $value | humanizePercentage }} of the transactions are rolled back.`,
		},
		{
			Name: "PostgresCacheMisses", Service: Postgres, Severity: Warning, For: time.Hour,
			Expr: `rate(pg_stat_database_blks_hit{datname="prefect"}[15m]) / (rate(pg_stat_database_blks_hit[15m]) + rate(pg_stat_database_blks_read[15m])) < 0.9` +
				` and rate(pg_stat_database_blks_read[15m]) > 100`,
			Summary:     "PostgreSQL reads much that does not fit into its memory",
			Description: `Only {{ $value | humanizePercentage }} of the blocks are found in its cache.`,
		},
		{
			Name: "PostgresVacuumBehind", Service: Postgres, Severity: Warning, For: time.Hour,
			Expr:        `pg_stat_user_tables_n_dead_tup > 100000 and pg_stat_user_tables_n_dead_tup > 0.3 * pg_stat_user_tables_n_live_tup`,
			Summary:     "Vacuum does not keep up with a table",
			Description: `{{ $labels.relname }} holds {{ $value | humanize }} dead rows.`,
		},
		{
			Name: "PostgresWraparound", Service: Postgres, Severity: Critical, For: time.Hour,
			Expr:        `max by (datname) (pg_database_wraparound_age_datfrozenxid_seconds) > 1000000000`,
			Summary:     "PostgreSQL will refuse to write unless a table is frozen",
			Description: `The oldest transaction of {{ $labels.datname }} is {{ $value | humanize }} transactions old; at 2.1 G the server stops.`,
		},
		{
			Name: "PostgresCheckpointsForced", Service: Postgres, Severity: Warning, For: 30 * time.Minute,
			Expr:        `increase(pg_stat_checkpointer_num_requested_total[30m]) > 10`,
			Summary:     "The write-ahead log is too small for what is written",
			Description: `{{ $value | humanize }} checkpoints in 30 minutes came before their time.`,
		},
		{
			Name: "PostgresExporterFailing", Service: Postgres, Severity: Warning, For: 10 * time.Minute,
			Expr:        `min by (collector) (pg_scrape_collector_success) == 0 and on () pg_up == 1`,
			Summary:     "A part of PostgreSQL's metrics cannot be read",
			Description: `The collector {{ $labels.collector }} fails: often a right that the role lacks.`,
		},
	}}
}
