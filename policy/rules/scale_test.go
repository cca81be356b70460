package rules

var _ = prove("scale-redis", proof{
	fails: []fixture{
		on(theAPI, "a broker in memory", reEnv("PREFECT_SERVER_EVENTS_MESSAGING_BROKER", "prefect.server.utilities.messaging.memory"), "MESSAGING_BROKER"),
		on(theAPI, "no cache of messages", unEnv("PREFECT_SERVER_EVENTS_MESSAGING_CACHE"), "not set"),
		on("prefect-services-0", "the order of events in memory", unEnv("PREFECT_SERVER_EVENTS_CAUSAL_ORDERING"), "CAUSAL_ORDERING"),
		on(theAPI, "leases in memory", reEnv("PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "prefect.server.concurrency.lease_storage.memory"), "LEASE_STORAGE"),
		on("prefect-api-1", "a cleanup queue in memory", unEnv("PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE"), "CLEANUP_QUEUE_STORAGE"),
		on(theAPI, "another Redis", reEnv("PREFECT_REDIS_MESSAGING_HOST", "localhost"), "localhost"),
		on(theAPI, "a migration at start", reEnv("PREFECT_SERVER_DATABASE_MIGRATE_ON_START", "true"), "MIGRATE_ON_START"),
		on(theAPI, "a later word", added("envs", "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE="), "LEASE_STORAGE"),
		on(theAPI, "a docket in memory", added("envs", docketURL+"=memory://"), docketURL),
	},
	unknown: unknownOf(theAPI, "envs"),
})

var _ = prove("scale-docket", proof{
	fails: []fixture{
		on(theHolder, "in memory", edit("prefect.toml", `url = "redis://`, `url = "memory://`), "server.docket.url"),
		on("prefect-services-files", "none", edit("prefect.toml", "[server.docket]", "[server.other]"), "server.docket.url"),
		on("prefect-services-files", "no TOML", edit("prefect.toml", "[server", "[[server"), "TOML"),
	},
	unknown: []fixture{on(theHolder, "the file", unknownProperty("uploads"), "")},
})

var _ = prove("scale-start-first", proof{
	fails:        []fixture{on(theAPI, "a gap", func(r *Resource) { r.DeleteBeforeReplace = true }, "deleteBeforeReplace")},
	neverUnknown: "an option is always known",
})
