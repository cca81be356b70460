package rules

import (
	"prefect-platform/internal/tokens"
)

// component is one that the program does not make with these properties.
func component(token string, properties map[string]any) []Resource {
	return []Resource{alien(token, "it", properties)}
}

var _ = prove("data-volume-named", proof{
	fails: []fixture{
		on(theAPI, "a volume", added("volumes", map[string]any{"containerPath": "/x"}), "has no name"), on(theAPI, "an empty name", added("volumes", map[string]any{"containerPath": "/x", "volumeName": ""}), "has no name"),
		on(theAPI, "a mount", added("mounts", map[string]any{"type": "volume", "target": "/x"}), "has no source"),
	},
	unknown: []fixture{on(theAPI, "volumes", unknownProperty("volumes"), "")},
})

var _ = prove("data-path", proof{
	fails: []fixture{
		on(theDB, "a memory over the data", putField("tmpfs", "/var/lib/postgresql/18", "size=1g"), "lies over"),
		on(theDB, "the path of another major", putIn("volumes", 1, "containerPath", "/var/lib/postgresql/data"), "no volume is mounted on /var/lib/postgresql"),
		{name: "a major with the path of the next", of: tokens.Container, resource: theDB, change: put("image", "postgres:17.10"+digest), found: "/var/lib/postgresql/data"},
		on(theDB, "data in memory", several(putIn("volumes", 1, "containerPath", "/srv"), putField("tmpfs", "/var/lib/postgresql", "mode=0700")), "tmpfs"),
		on(theDB, "data elsewhere", added("envs", "PGDATA=/tmp/data"), "PGDATA"), on(theDB, "data elsewhere by dots", added("envs", "PGDATA=/var/lib/postgresql/../../../tmp"), "PGDATA"),
		{name: "a server among the backup", stack: "dev" + monitored, of: tokens.Container, resource: "backup-backup-wal", change: without("entrypoints"), found: "no volume is mounted", also: []string{"data-server-arguments"}},
		on(theCache, "a cache without volume", putIn("volumes", 1, "containerPath", "/srv"), "/data"),
		{name: "another major's volume", of: tokens.Container, resource: theDB, change: putIn("volumes", 1, "volumeName", "prefect-dev-postgres-17"), found: "postgres-17", also: []string{"data-volume-protected"}},
	},
	unknown: []fixture{on(theDB, "volumes", unknownProperty("volumes"), ""), on(theDB, "image", unknownProperty("image"), "")},
})

var _ = prove("data-volume-protected", proof{
	fails: []fixture{
		{name: "no protection", of: tokens.Volume, resource: "postgres-18", change: func(r *Resource) { r.Protect = false }, found: "not protected"},
		{name: "a cache without", of: tokens.Volume, resource: "redis-8", change: func(r *Resource) { r.Protect = false }, found: "not protected"},
		{name: "a volume that is not the stack's", remove: []string{"postgres-18"}, found: "does not have"},
	},
	unknown: []fixture{on(theDB, "the volume's name", putIn("volumes", 1, "volumeName", computed), "")},
})

var _ = prove("data-one-server", proof{
	fails: []fixture{
		on(theDB, "a successor beside it", func(r *Resource) { r.DeleteBeforeReplace = false }, "deleteBeforeReplace"),
		on(theCache, "a name of chance", without("name"), "its name"), on(theCache, "another name", put("name", "cache-1234567"), "cache-1234567"),
	},
	unknown: []fixture{on(theDB, "name", unknownProperty("name"), "")},
})

var _ = prove("data-retention", proof{
	fails: []fixture{
		on("prefect-services-0", "events only", reEnv(vacuumEnabled, "events"), vacuumEnabled), on("prefect-services-0", "nothing", unEnv(vacuumEnabled), vacuumEnabled),
		on("prefect-services-0", "for ever", reEnv(vacuumPeriod, "9999999999"), vacuumPeriod), on("prefect-services-0", "at once", reEnv(vacuumPeriod, "0"), vacuumPeriod),
		on("prefect-services-0", "events for ever", reEnv(eventPeriod, "P99999D"), eventPeriod), on("prefect-services-0", "a later word", added("envs", vacuumEnabled+"=false"), vacuumEnabled),
		{name: "no days recorded", of: tokens.Prefect, resource: "prefect", change: without(tokens.InputRetentionDays), found: "retentionDays"},
		{name: "zero days recorded", of: tokens.Prefect, resource: "prefect", change: put(tokens.InputRetentionDays, 0), found: "retentionDays"},
	},
	unknown: []fixture{on("prefect-services-0", "environment", unknownProperty("envs"), ""), {name: "days", of: tokens.Prefect, resource: "prefect", change: unknownProperty(tokens.InputRetentionDays)}},
})

var _ = prove("data-connections", proof{
	fails: []fixture{
		on(theAPI, "a larger pool", reEnv(poolSize, "40"), ""), on("prefect-services-0", "no limit", reEnv(poolOverflow, "-1"), poolOverflow), on(theAPI, "a pool without limit", reEnv(poolSize, "0"), poolSize),
		on(theAPI, "the default", unEnv(poolSize), poolSize),
		{name: "fewer connections", of: tokens.Database, resource: "database", change: put(tokens.InputMaxConnections, 60), found: "60"},
		{name: "none recorded", of: tokens.Database, resource: "database", change: without(tokens.InputMaxConnections), found: "maxConnections"},
	},
	unknown: []fixture{{name: "connections", of: tokens.Database, resource: "database", change: unknownProperty(tokens.InputMaxConnections)}, on(theAPI, "environment", unknownProperty("envs"), "")},
})

var _ = prove("data-backup-repository", proof{
	fails: []fixture{
		{name: "a folder", add: component(tokens.Backup, map[string]any{"repository": "/backup", "drill": "0 4 * * 0"}), found: "on this host"},
		{name: "a file", add: component(tokens.Backup, map[string]any{"repository": "file:///backup", "drill": "0 4 * * 0"}), found: "on this host"},
		{name: "the host itself", add: component(tokens.Backup, map[string]any{"repository": "sftp://127.0.0.1/backup", "drill": "0 4 * * 0"}), found: "on this host"},
		{name: "nowhere", add: component(tokens.Backup, map[string]any{"drill": "0 4 * * 0"}), found: "nowhere"},
	},
	unknown: []fixture{{name: "repository", add: component(tokens.Backup, map[string]any{"repository": computed, "drill": "0 4 * * 0"})}},
})

var _ = prove("data-backup-drill", proof{
	fails: []fixture{
		{name: "none", add: component(tokens.Backup, map[string]any{"repository": "s3://bucket/path"}), found: "drill"},
		{name: "sometime", add: component(tokens.Backup, map[string]any{"repository": "s3://bucket/path", "drill": "weekly?"}), found: "weekly?"},
	},
	unknown: []fixture{{name: "drill", add: component(tokens.Backup, map[string]any{"repository": "s3://bucket/path", "drill": computed})}},
})
