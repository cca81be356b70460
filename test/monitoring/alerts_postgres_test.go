package monitoring

// What all rules about connections need.
const limits = `; pg_settings_max_connections | 100x200; pg_settings_superuser_reserved_connections | 5x200; pg_settings_reserved_connections | 5x200`

var postgresScenarios = []scenario{
	{
		alert: "PostgresDown", is: "critical postgres",
		input: []string{`pg_up{job="postgres",instance="a"} | 1x4 0x7 1x60`},
		fires: 6 * minute, over: 13 * minute, with: labels{"job": "postgres", "instance": "a"},
		says:  "The exporter cannot log in since a minute. Clients of Prefect are told to wait; nothing starts.",
		quiet: []string{`pg_up{job="postgres",instance="a"} | 1 0 1 0 1x200`},
	},
	{
		alert: "PostgresDown", is: "critical postgres",
		input: []string{`up{job="postgres",instance="a"} | 1x4 0x7 1x60`, `probe_success{job="probe-ready"} | 1x4 0x7 1x60`},
		fires: 6 * minute, over: 13 * minute, with: labels{"job": "postgres", "instance": "a"},
		says:  "The exporter cannot log in since a minute. Clients of Prefect are told to wait; nothing starts.",
		quiet: []string{`up{job="postgres",instance="a"} | 1x4 0x60`, `probe_success{job="probe-ready"} | 1x65`}, // only the exporter is down
	},
	{
		alert: "PostgresRestarting", is: "critical postgres",
		input: []string{`pg_postmaster_start_time_seconds | 10x9 20x1 30x1 40x60`},
		fires: 14 * minute, over: 24 * minute,
		says:  "It started 3 times in 15 minutes.",
		quiet: []string{`pg_postmaster_start_time_seconds | 10x9 20 30x200`},
	},
	{
		alert: "PostgresConnectionsHigh", is: "warning postgres",
		input: []string{
			`pg_stat_activity_count{datname="prefect",state="idle"} | 20x4 71x7 20x60`, `pg_stat_activity_count{datname="prefect",state="active"} | 2x200`,
			`pg_settings_max_connections | 100x200`, `pg_settings_superuser_reserved_connections | 5x200`, `pg_settings_reserved_connections | 5x200`,
		},
		fires: 10 * minute, over: 13 * minute,
		says:  "81.11% of the connections that Prefect may use are taken.",
		quiet: []string{`pg_stat_activity_count{datname="prefect"} | 72x200` + limits},
	},
	{
		alert: "PostgresConnectionsExhausted", is: "critical postgres",
		input: []string{
			`pg_stat_activity_count{datname="prefect",state="idle"} | 20x4 88x4 20x60`,
			`pg_settings_max_connections | 100x200`, `pg_settings_superuser_reserved_connections | 5x200`, `pg_settings_reserved_connections | 5x200`,
		},
		fires: 7 * minute, over: 10 * minute,
		says:  "97.78% of the connections that Prefect may use are taken; further ones are refused.",
		quiet: []string{`pg_stat_activity_count{datname="prefect"} | 87x200` + limits},
	},
	{
		alert: "PostgresLongTransaction", is: "warning postgres",
		input: []string{
			`pg_stat_activity_max_tx_duration{datname="prefect",state="active",usename="prefect_a",instance="a"} | 1x4 601x4 1x60`,
			`pg_stat_activity_max_tx_duration{datname="prefect",state="active",usename="prefect_a",instance="b"} | 1x200`,
		},
		fires: 7 * minute, over: 10 * minute, with: labels{"usename": "prefect_a", "state": "active"},
		says: "One of prefect_a (active) is 10m 1s old. It keeps vacuum from cleaning up.",
		quiet: []string{
			`pg_stat_activity_max_tx_duration{datname="prefect",state="active",usename="a"} | 600x200; pg_stat_activity_max_tx_duration{datname="prefect",state="idle",usename="a"} | 9000x200; ` +
				`pg_stat_activity_max_tx_duration{datname="postgres",state="active",usename="a"} | 9000x200`,
		},
	},
	{
		alert: "PostgresDeadlocks", is: "warning postgres",
		input: []string{`pg_stat_database_deadlocks{datname="prefect"} | 0x19 4x60`},
		fires: 20 * minute, over: 34 * minute, with: labels{"datname": "prefect"},
		says:  "4 deadlocks in 15 minutes; in each of them a request failed.",
		quiet: []string{`pg_stat_database_deadlocks{datname="prefect"} | 0x19 2x200; pg_stat_database_deadlocks{datname="other"} | 0x19 9x200`},
	},
	{
		alert: "PostgresRollbacksHigh", is: "warning postgres",
		input: []string{`pg_stat_database_xact_rollback{datname="prefect"} | 0+600x30 18000x60`, `pg_stat_database_xact_commit{datname="prefect"} | 0+300x90`},
		fires: 18 * minute, over: 32 * minute, with: labels{"datname": "prefect"},
		says: "66.67% of the transactions are rolled back.",
		last: "60% of the transactions are rolled back.",
		quiet: []string{
			`pg_stat_database_xact_rollback{datname="prefect"} | 0+300x200; pg_stat_database_xact_commit{datname="prefect"} | 0+10x200`,
			`pg_stat_database_xact_rollback{datname="prefect"} | 0+600x200; pg_stat_database_xact_commit{datname="prefect"} | 0+600x200; ` +
				`pg_stat_database_xact_rollback{datname="other"} | 0+600x200; pg_stat_database_xact_commit{datname="other"} | 0+1x200`,
		},
	},
	{
		alert: "PostgresCacheMisses", is: "warning postgres",
		input: []string{`pg_stat_database_blks_hit{datname="prefect"} | 0+48000x200`, `pg_stat_database_blks_read{datname="prefect"} | 0+6060x100 606000x60`},
		fires: 75 * minute, over: 101 * minute, with: labels{"datname": "prefect"},
		says: "Only 88.79% of the blocks are found in its cache.",
		quiet: []string{
			`pg_stat_database_blks_hit{datname="prefect"} | 0+1x200; pg_stat_database_blks_read{datname="prefect"} | 0+6000x200`,
			`pg_stat_database_blks_hit{datname="prefect"} | 0+54540x200; pg_stat_database_blks_read{datname="prefect"} | 0+6060x200; ` +
				`pg_stat_database_blks_hit{datname="other"} | 0+10x200; pg_stat_database_blks_read{datname="other"} | 0+9060x200`,
		},
	},
	{
		alert: "PostgresVacuumBehind", is: "warning postgres",
		input: []string{`pg_stat_user_tables_n_dead_tup{relname="log"} | 0x4 100001x70 0x60`, `pg_stat_user_tables_n_live_tup{relname="log"} | 333336x200`},
		fires: 65 * minute, over: 76 * minute, with: labels{"relname": "log"},
		says: "log holds 100k dead rows.",
		quiet: []string{
			`pg_stat_user_tables_n_dead_tup{relname="log"} | 100000x200; pg_stat_user_tables_n_live_tup{relname="log"} | 5x200`,
			`pg_stat_user_tables_n_dead_tup{relname="log"} | 300000x200; pg_stat_user_tables_n_live_tup{relname="log"} | 1000000x200`,
		},
	},
	{
		alert: "PostgresWraparound", is: "critical postgres",
		input: []string{`pg_database_wraparound_age_datfrozenxid_seconds{datname="prefect",instance="a"} | 1x4 1000000001x70 1x60`},
		fires: 65 * minute, over: 76 * minute, with: labels{"datname": "prefect"},
		says:  "The oldest transaction of prefect is 1G transactions old; at 2.1 G the server stops.",
		quiet: []string{`pg_database_wraparound_age_datfrozenxid_seconds{datname="prefect"} | 1000000000x200`},
	},
	{
		alert: "PostgresCheckpointsForced", is: "warning postgres",
		input: []string{`pg_stat_checkpointer_num_requested_total | 0x9 0+1x120 120x60`},
		fires: 51 * minute, over: 150 * minute,
		says:  "30 checkpoints in 30 minutes came before their time.",
		last:  "10.34 checkpoints in 30 minutes came before their time.",
		quiet: []string{`pg_stat_checkpointer_num_requested_total | 0+0.3x300`},
	},
	{
		alert: "PostgresExporterFailing", is: "warning postgres",
		input: []string{`pg_scrape_collector_success{collector="stat_activity",instance="a"} | 1x4 0x14 1x60`, `pg_up | 1x200`},
		fires: 15 * minute, over: 20 * minute, with: labels{"collector": "stat_activity"},
		says:  "The collector stat_activity fails: often a right that the role lacks.",
		quiet: []string{`pg_scrape_collector_success{collector="x"} | 0x200; pg_up | 0x200`, `pg_scrape_collector_success{collector="x"} | 1x200; pg_up | 1x200`},
	},
}
