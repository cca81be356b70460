package config

import (
	"fmt"
	"strconv"
)

// Connections is how many connections to PostgreSQL may be open at the worst moment: a start-first replacement runs old and new side by side.
type Connections struct {
	API, Services int // both generations
	Migration     int
	Monitoring    int // the limits of its two roles, kept for them (reserved_connections)
	Reserve       int // superuser_reserved_connections, the one-shots of rotation and backup, and a person with psql
}

// Total is what max_connections must allow.
func (n Connections) Total() int { return n.API + n.Services + n.Migration + n.Monitoring + n.Reserve }

// Each services process holds connections besides its pool: the event subscriber's LISTEN and the vacuum's own.
const (
	besidePool        = 2
	migration         = 5
	connectionReserve = 10
)

// ExporterConnections is how many connections each role of monitoring may have: one that asks, one that is still going, and one to spare.
const ExporterConnections = 3

// ReadersConnections is how many both roles of monitoring may have. They are kept free also without monitoring, so that turning it on does not replace the server.
const ReadersConnections = 2 * ExporterConnections

// Connections adds up what all processes of the stack may open.
func (c Config) Connections() Connections {
	n := Connections{
		API:        2 * c.API.Replicas * (c.API.PoolSize + c.API.PoolOverflow),
		Services:   2 * c.Services.Replicas * (c.Services.PoolSize + c.Services.PoolOverflow + besidePool),
		Migration:  migration,
		Monitoring: ReadersConnections,
		Reserve:    connectionReserve,
	}
	return n
}

func (c Config) checkDatabase(p *Problems) {
	d := c.Database
	p.container("database", 256, d.MemoryMiB, d.CPUs)
	p.between("database.runRetentionDays", d.RunRetentionDays, 1, 3650, "days")
	p.between("database.eventRetentionDays", d.EventRetentionDays, 1, 3650, "days")
	p.between("database.volume", d.Volume, 1, 1000, "")
	p.between("database.slowQueryMillis", d.SlowQueryMillis, 1, 600_000, "milliseconds")

	// A pooler in front of the server would be due beyond this.
	const key, mostConnections = "database.maxConnections", 1000
	p.between(key, d.MaxConnections, 1, mostConnections, "connections")
	if !p.coversAny(key, "api.replicas", "api.poolSize", "api.poolOverflow", "services.replicas", "services.poolSize", "services.poolOverflow") {
		c.checkConnections(p, key, mostConnections)
	}
	const perConnection = 5 // MiB, a floor and no advice: a quarter is shared buffers, the rest holds a process and one small sort
	if least := d.MaxConnections * perConnection; d.MemoryMiB < least && !p.coversAny(key, "database.memoryMiB") {
		p.add("database.memoryMiB", fmt.Sprintf("%d for %d connections", d.MemoryMiB, d.MaxConnections), fmt.Sprintf("%d MiB or more, %d for each of %s", least, perConnection, key), set("database.memoryMiB", strconv.Itoa(least)))
	}
}

func (c Config) checkConnections(p *Problems, key string, most int) {
	need := c.Connections()
	total := need.Total()
	sum := fmt.Sprintf("API 2 x %d x (%d + %d) = %d, services 2 x %d x (%d + %d + %d) = %d, migration %d, monitoring %d, reserve %d; the 2 is for a replacement, which runs old and new at once",
		c.API.Replicas, c.API.PoolSize, c.API.PoolOverflow, need.API,
		c.Services.Replicas, c.Services.PoolSize, c.Services.PoolOverflow, besidePool, need.Services, need.Migration, need.Monitoring, need.Reserve)
	switch {
	case total > most:
		p.add(key, fmt.Sprintf("a need of %d", total), fmt.Sprintf("%d or fewer, with fewer replicas or smaller pools: %s", most, sum), "")
	case c.Database.MaxConnections < total:
		p.add(key, strconv.Itoa(c.Database.MaxConnections), fmt.Sprintf("%d or more: %s", total, sum), set(key, strconv.Itoa(total)))
	}
}
