package config

import "time"

// Validate reports everything about decoded values that would not work, or not be safe, when deployed.
func (c Config) Validate() Problems {
	return c.validate(time.Now())
}

func (c Config) validate(now time.Time) Problems {
	var p Problems
	c.checkEdge(&p)
	c.checkTimeZone(&p)
	c.checkTLS(&p, now)
	c.checkProcesses(&p)
	c.checkDatabase(&p)
	c.checkWorkers(&p)
	c.checkAccess(&p)
	c.checkRotation(&p, now)
	c.checkNetwork(&p)
	c.checkImages(&p)
	c.checkEgress(&p)
	c.checkMonitoring(&p)
	c.checkBackup(&p)
	c.checkSecrets(&p)
	c.Engine.check(&p)
	c.checkProduction(&p)
	return p.sorted()
}
