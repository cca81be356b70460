package prefect

import (
	"maps"
	"strconv"
	"strings"

	"prefect-platform/components/cache"
	"prefect-platform/components/database"
	"prefect-platform/config"
)

// common is the environment of everything that is Prefect.
func (a Args) common() map[string]string {
	return map[string]string{
		"PREFECT_HOME":                     "/tmp/prefect", // nothing in it must outlive the container
		"PREFECT_SERVER_EPHEMERAL_ENABLED": "false",        // the default profile would start a server of its own without an API URL
		"PREFECT_SERVER_ANALYTICS_ENABLED": "false",
		"DO_NOT_TRACK":                     "1",
		"PREFECT_LOGGING_COLORS":           "false",
		"PYTHONUNBUFFERED":                 "1",
	}
}

// server is the environment of every process that holds the database: whatever Prefect keeps in memory by default is in Redis, because two processes of a kind
// run at once at each replacement, and would plan runs and act on events twice.
func (a Args) server(application string, poolSize, overflow int) map[string]string {
	env := a.common()
	redis := map[string]string{"HOST": cache.Host, "PORT": strconv.Itoa(cache.Port), "DB": "0"}
	for key, value := range redis {
		env["PREFECT_REDIS_MESSAGING_"+key] = value
		env["PREFECT_REDIS_WORKER_CLEANUP_QUEUE_"+key] = value // reads none of the above
	}
	maps.Copy(env, map[string]string{
		"PREFECT_SERVER_DATABASE_MIGRATE_ON_START":                         "false", // migrations take no lock; the migration job runs them once
		"PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE":                     strconv.Itoa(poolSize),
		"PREFECT_SERVER_DATABASE_SQLALCHEMY_MAX_OVERFLOW":                  strconv.Itoa(overflow),
		"PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_APPLICATION_NAME": application,

		"PREFECT_SERVER_EVENTS_MESSAGING_BROKER":              "prefect_redis.messaging",
		"PREFECT_SERVER_EVENTS_MESSAGING_CACHE":               "prefect_redis.messaging",
		"PREFECT_SERVER_EVENTS_CAUSAL_ORDERING":               "prefect_redis.ordering",
		"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE":            "prefect_redis.lease_storage",
		"PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": "prefect_redis.cleanup_queue",

		"PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P" + strconv.Itoa(a.Retention.EventRetentionDays) + "D", // ISO 8601; a number of seconds is refused
		"PREFECT_SERVER_LOGGING_LEVEL":           a.API.LogLevel,

		// With another volume come other processes: they keep what they have read of the one before, such as the key that encrypts blocks.
		"DATABASE_VOLUME": a.Engine.Database,
	})
	return env
}

func (a Args) apiEnvironment() map[string]string {
	env := a.server("prefect-api", a.API.PoolSize, a.API.PoolOverflow)
	maps.Copy(env, map[string]string{
		"PREFECT_SERVER_API_KEEPALIVE_TIMEOUT":       "75", // seconds, longer than clients keep an idle connection (httpx 5, the edge 2): the end of one would meet a request
		"PREFECT_SERVER_UI_API_URL":                  a.PublicURL + "/api",
		"PREFECT_SERVER_UI_STATIC_DIRECTORY":         "/tmp/ui", // the UI is copied there at start
		"PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
		"PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS":    a.PublicURL,
		"PREFECT_SERVER_METRICS_ENABLED":             "true",
		// Seconds, a year: Prefect's consumers drop from the stream what was delivered, those of services.py what was stored, so only they may.
		"PREFECT_REDIS_MESSAGING_CONSUMER_TRIM_EVERY": "31536000",
		"FORWARDED_ALLOW_IPS":                         a.AppSubnet.String() + ",127.0.0.1",
	})
	return env
}

func (a Args) servicesEnvironment() map[string]string {
	env := a.server("prefect-services", a.Services.PoolSize, a.Services.PoolOverflow)
	maps.Copy(env, map[string]string{
		"PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED":          "events,flow_runs",
		"PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": strconv.Itoa(a.Retention.RunRetentionDays * 24 * 60 * 60),
		"PREFECT_REDIS_MESSAGING_CONSUMER_TRIM_EVERY":        "60", // seconds
		"PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE":   "20",
	})
	a.reachOut(env)
	return env
}

func (a Args) clientEnvironment() map[string]string {
	env := a.common()
	env["PREFECT_API_URL"] = "http://" + a.host() + ":" + strconv.Itoa(Port) + "/api"
	return env
}

func (a Args) workerEnvironment(group config.Worker) map[string]string {
	env := a.clientEnvironment()
	maps.Copy(env, map[string]string{
		"PREFECT_RESULTS_LOCAL_STORAGE_PATH": resultsDir + "/storage",
		"PREFECT_UI_URL":                     a.PublicURL, // in the logs of flows, the links that people follow
		"PREFECT_FLOWS_HEARTBEAT_FREQUENCY":  "180",       // seconds; the zombie automation waits for three of them
	})
	a.reachOut(env)
	maps.Copy(env, group.Environment)
	return env
}

// reachOut sends what leaves the stack through the company's proxy.
func (a Args) reachOut(env map[string]string) {
	if a.Egress.Proxy == "" {
		return
	}
	direct := strings.Join(append([]string{"localhost", "127.0.0.1", Host, a.host(), cache.Host, database.Host}, a.Egress.NoProxy...), ",")
	maps.Copy(env, map[string]string{
		"HTTP_PROXY": a.Egress.Proxy, "HTTPS_PROXY": a.Egress.Proxy, "NO_PROXY": direct,
		"http_proxy": a.Egress.Proxy, "https_proxy": a.Egress.Proxy, "no_proxy": direct, // which name counts differs between libraries
	})
}
