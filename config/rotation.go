package config

import (
	"regexp"
	"time"
)

// How long the values of a credential may be in use, in days since Slots.Since, for `platform drift` and for whoever judges a stack before it is deployed. One day more is too long.
const (
	// RotationDueDays is for the active value: 90, what PCI DSS 4.0 (8.3.9) asks of passwords that are the only factor.
	RotationDueDays = 90
	// KeepDueDays is for a value that was rotated away and is kept valid: a week, in which every client can learn the new one.
	KeepDueDays = 7
	// CADueDays is for the stack's own authority, which is valid for ten years: all of its certificates end within the last one.
	CADueDays = 9 * 365
	// CAKeepDays is for the authority before it: people import one by hand, on every machine.
	CAKeepDays = 90
)

// apiUser keeps the credential whole in the password file, the URL and the header: a colon would end the name in all three.
var apiUser = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (c Config) checkAccess(p *Problems) {
	if !apiUser.MatchString(c.Access.User) {
		p.add("access.user", quoteOrNothing(c.Access.User), "1 to 64 letters, digits, dots, _ or -", set("access.user", Default().Access.User))
	}
}

func (c Config) checkRotation(p *Problems, now time.Time) {
	c.Rotation.Database.check(p, "rotation.database", now)
	c.Rotation.API.check(p, "rotation.api", now)
	c.Rotation.Redis.check(p, "rotation.redis", now)
	c.Rotation.PostgresExporter.check(p, "rotation.postgresExporter", now)
	c.Rotation.SQLExporter.check(p, "rotation.sqlExporter", now)
	c.Rotation.Backup.check(p, "rotation.backup", now)
	c.Rotation.BackupRole.check(p, "rotation.backupRole", now)
	c.Rotation.CA.check(p, "rotation.ca", now)
}

func (s Slots) check(p *Problems, section string, now time.Time) {
	const most = 1_000_000
	p.between(section+".a", s.A, 0, most, "")
	p.between(section+".b", s.B, 0, most, "")

	active, idle, idleName := s.A, s.B, "b"
	switch s.Active {
	case "a":
	case "b":
		active, idle, idleName = s.B, s.A, "a"
	default:
		p.add(section+".active", quoteOrNothing(s.Active), "a or b", set(section+".active", "a"))
		return
	}
	if key := section + "." + s.Active; active == 0 {
		p.add(key, "generation 0 in the active slot", "1 or more: generation 0 has no value", set(key, "1"))
	}
	if key := section + ".keep"; s.Keep && idle == 0 {
		p.add(key, "true, with generation 0 in slot "+idleName, "false: there is no other value to keep", set(key, "false"))
	}
	s.checkSince(p, section+".since", now)
}

func (s Slots) checkSince(p *Problems, key string, now time.Time) {
	if s.Since == "" {
		return
	}
	since, err := time.Parse(time.DateOnly, s.Since)
	if err != nil {
		p.add(key, quote(s.Since), "a date as YYYY-MM-DD", set(key, now.UTC().Format(time.DateOnly)))
		return
	}
	// The date is that of the person who rotated; the first to have a new day are at UTC+14.
	if since.After(now.Add(14 * time.Hour)) {
		p.add(key, s.Since, "a date that has come: it is when the last rotation was", set(key, now.UTC().Format(time.DateOnly)))
	}
}
