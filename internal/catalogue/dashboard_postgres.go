package catalogue

import "fmt"

func postgresDashboard(s Settings) Dashboard {
	t := s.Thresholds
	return Dashboard{
		Name: "postgres", Title: "PostgreSQL", About: "The database: connections, what it does, and how well it does it.",
		Rows: []Row{
			{Title: "Connections", Panels: []Panel{
				{
					Title: "In use", Kind: Number, Unit: Ratio, Width: 4, Levels: &Levels{t.ConnectionsRatio, 0.97}, Alerts: []string{"PostgresConnectionsHigh", "PostgresConnectionsExhausted"},
					About:   "Of the connections that Prefect may have.",
					Queries: []Query{{Expr: connectionsUsed}},
				},
				{
					Title: "Answers", Kind: Number, Unit: YesNo, Width: 4, Levels: &Levels{1, 0.5}, Alerts: []string{"PostgresDown"},
					About:   "Whether the exporter can log in.",
					Queries: []Query{{Expr: `min(pg_up)`}},
				},
				{
					Title: "By state", Kind: Graph, Unit: Count, Width: 16, Alerts: []string{"PostgresConnectionsHigh"},
					About:   "Connections to all databases. Idle ones belong to pools; idle in transaction should be rare.",
					Queries: []Query{{`sum by (state) (pg_stat_activity_count{state!=""} > 0)`, "{{state}}"}},
				},
			}},
			{Title: "Work", Panels: []Panel{
				{
					Title: "Transactions", Kind: Graph, Unit: PerSecond, Width: 8, Alerts: []string{"PostgresRollbacksHigh"},
					About: "Committed and rolled back in Prefect's database.",
					Queries: []Query{
						{`sum(rate(pg_stat_database_xact_commit{datname="prefect"}[$__rate_interval]))`, "committed"},
						{`sum(rate(pg_stat_database_xact_rollback{datname="prefect"}[$__rate_interval]))`, "rolled back"},
					},
				},
				{
					Title: "Longest transaction", Kind: Graph, Unit: Seconds, Width: 8, Alerts: []string{"PostgresLongTransaction"},
					About:   "By state of its connection. A long one keeps vacuum from cleaning up.",
					Queries: []Query{{`max by (state) (pg_stat_activity_max_tx_duration{datname="prefect",state!=""})`, "{{state}}"}},
				},
				{
					Title: "Deadlocks", Kind: Graph, Unit: PerSecond, Width: 8, Alerts: []string{"PostgresDeadlocks"},
					About:   "Transactions that PostgreSQL ended because they waited for each other.",
					Queries: []Query{{`rate(pg_stat_database_deadlocks{datname="prefect"}[$__rate_interval])`, "deadlocks"}},
				},
			}},
			{Title: "Storage", Panels: []Panel{
				{
					Title: "Read from memory", Kind: Graph, Unit: Ratio, Width: 8, Alerts: []string{"PostgresCacheMisses"},
					About:   "The share of blocks that were in shared buffers. Little below 100 % is normal.",
					Queries: []Query{{`sum(rate(pg_stat_database_blks_hit{datname="prefect"}[$__rate_interval])) / (sum(rate(pg_stat_database_blks_hit{datname="prefect"}[$__rate_interval])) + sum(rate(pg_stat_database_blks_read{datname="prefect"}[$__rate_interval])))`, "from memory"}},
				},
				{
					Title: "Size", Kind: Graph, Unit: Bytes, Width: 8,
					About:   "Of Prefect's database, with indexes.",
					Queries: []Query{{`pg_database_size_bytes{datname="prefect"}`, "{{datname}}"}},
				},
				{
					Title: "Checkpoints", Kind: Graph, Unit: PerSecond, Width: 8, Alerts: []string{"PostgresCheckpointsForced"},
					About: "Timed ones are normal. Requested ones say that max_wal_size is reached before.",
					Queries: []Query{
						{`rate(pg_stat_checkpointer_num_timed_total[$__rate_interval])`, "timed"},
						{`rate(pg_stat_checkpointer_num_requested_total[$__rate_interval])`, "requested"},
					},
				},
				{
					Title: "Dead rows", Kind: Graph, Unit: Count, Width: 12, Alerts: []string{"PostgresVacuumBehind"},
					About:   "Of the five tables that have most. Autovacuum takes them away.",
					Queries: []Query{{`topk(5, pg_stat_user_tables_n_dead_tup)`, "{{relname}}"}},
				},
				{
					Title: "Age of transaction numbers", Kind: Graph, Unit: Count, Width: 12, Alerts: []string{"PostgresWraparound"},
					About:   fmt.Sprintf("PostgreSQL stops at %d; autovacuum begins to freeze at %d.", 2_100_000_000, 200_000_000),
					Queries: []Query{{`max by (datname) (pg_database_wraparound_age_datfrozenxid_seconds)`, "{{datname}}"}},
				},
			}},
		},
	}
}
