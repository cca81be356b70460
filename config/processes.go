package config

import (
	"slices"
	"strings"
)

var logLevels = []string{"DEBUG", "INFO", "WARNING", "ERROR"}

// checkProcesses looks at Redis and at the containers that use the database.
func (c Config) checkProcesses(p *Problems) {
	p.container("redis", 64, c.Redis.MemoryMiB, c.Redis.CPUs)
	for _, process := range []struct {
		section                          string
		replicas, poolSize, poolOverflow int
		memoryMiB                        int
		cpus                             float64
	}{
		{"api", c.API.Replicas, c.API.PoolSize, c.API.PoolOverflow, c.API.MemoryMiB, c.API.CPUs},
		{"services", c.Services.Replicas, c.Services.PoolSize, c.Services.PoolOverflow, c.Services.MemoryMiB, c.Services.CPUs},
	} {
		p.between(process.section+".replicas", process.replicas, 1, 50, "")
		p.between(process.section+".poolSize", process.poolSize, 1, 100, "")
		p.between(process.section+".poolOverflow", process.poolOverflow, 0, 100, "")
		p.container(process.section, 384, process.memoryMiB, process.cpus)
	}
	if !slices.Contains(logLevels, c.API.LogLevel) {
		p.add("api.logLevel", quoteOrNothing(c.API.LogLevel), "one of "+strings.Join(logLevels, ", "), set("api.logLevel", Default().API.LogLevel))
	}
}
