package config

var wrongDatabase = []wrong{
	refused(`database: {memoryMiB: 255, maxConnections: 85}`,
		`database.memoryMiB: found 255, want 256 to 1048576 MiB (pulumi config set --path database.memoryMiB 256)`),
	refused(`database: {cpus: -1}`,
		`database.cpus: found -1, want more than 0 and up to 64 cores (pulumi config set --path database.cpus 1)`),
	refused(`database: {maxConnections: 78}`,
		`database.maxConnections: found 78, want 85 or more: API 2 x 1 x (5 + 10) = 30, services 2 x 1 x (5 + 10 + 2) = 34, migration 5, monitoring 6, reserve 10; the 2 is for a replacement, which runs old and new at once (pulumi config set --path database.maxConnections 85)`),
	refused(`database: {maxConnections: 0}`,
		`database.maxConnections: found 0, want 1 to 1000 connections (pulumi config set --path database.maxConnections 1)`),
	refused(`database: {maxConnections: 1001}`,
		`database.maxConnections: found 1001, want 1 to 1000 connections (pulumi config set --path database.maxConnections 1000)`),
	refused(`database: {maxConnections: 300}`,
		`database.memoryMiB: found 1024 for 300 connections, want 1500 MiB or more, 5 for each of database.maxConnections (pulumi config set --path database.memoryMiB 1500)`),
	refused(`database: {runRetentionDays: 0}`,
		`database.runRetentionDays: found 0, want 1 to 3650 days (pulumi config set --path database.runRetentionDays 1)`),
	refused(`database: {eventRetentionDays: 0}`,
		`database.eventRetentionDays: found 0, want 1 to 3650 days (pulumi config set --path database.eventRetentionDays 1)`),
	refused(`database: {slowQueryMillis: 0}`,
		`database.slowQueryMillis: found 0, want 1 to 600000 milliseconds (pulumi config set --path database.slowQueryMillis 1)`),
	refused(`database: {volume: 0}`,
		`database.volume: found 0, want 1 to 1000 (pulumi config set --path database.volume 1)`),
}
