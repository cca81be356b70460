// Package rotation plans how the values of credentials follow each other, as edits of a stack's configuration. It looks at nothing itself and changes nothing.
package rotation

import (
	"fmt"
	"slices"
	"strings"

	"prefect-platform/config"
)

// The names of the credentials, as below rotation in the configuration.
const (
	Database         = "database"
	API              = "api"
	Redis            = "redis"
	PostgresExporter = "postgresExporter"
	SQLExporter      = "sqlExporter"
	BackupKey        = "backup"
	BackupRole       = "backupRole"
	CA               = "ca"
)

// All stands for every credential of a stack where a name is expected.
const All = "all"

// Credential is one secret with its two slots.
type Credential struct {
	Name string
	// Resource is what the program calls the generated password, without the slot; empty for the authority, see tokens.Authority.
	Resource string
	Slots    config.Slots
	// Supplied holds the values that the user gave, by slot. What is not there is generated.
	Supplied map[string]string
	// Single says that whoever checks it knows one value only, as a role of the database that has no second one: the old value ends when the new one is deployed. It can
	// be taken back all the same.
	Single bool

	secret string // the key of a supplied value, without the slot; empty where none can be supplied
}

// Of returns the credentials that a stack has. Those of monitoring and backup are there only with these, and the authority where it signs the edge's certificate.
func Of(c config.Config) []Credential {
	all := []Credential{
		{Database, "database", c.Rotation.Database, supplied(c.Secrets.DatabasePasswordA, c.Secrets.DatabasePasswordB), false, "databasePassword"},
		{API, "api", c.Rotation.API, supplied(c.Secrets.APIPasswordA, c.Secrets.APIPasswordB), false, "apiPassword"},
		{Redis, "redis", c.Rotation.Redis, supplied(c.Secrets.RedisPasswordA, c.Secrets.RedisPasswordB), false, "redisPassword"},
	}
	if c.Monitoring.Enabled {
		all = append(all,
			Credential{Name: PostgresExporter, Resource: "postgres-exporter", Slots: c.Rotation.PostgresExporter, Single: true},
			Credential{Name: SQLExporter, Resource: "sql-exporter", Slots: c.Rotation.SQLExporter, Single: true},
		)
	}
	if c.Backup.Enabled {
		all = append(all,
			Credential{BackupKey, "backup", c.Rotation.Backup, supplied(c.Secrets.BackupPasswordA, c.Secrets.BackupPasswordB), false, "backupPassword"},
			Credential{Name: BackupRole, Resource: "backup-role", Slots: c.Rotation.BackupRole, Single: true},
		)
	}
	if c.TLS.Mode == config.SelfSigned {
		all = append(all, Credential{Name: CA, Slots: c.Rotation.CA})
	}
	return all
}

func supplied(a, b string) map[string]string {
	values := map[string]string{}
	for slot, value := range map[string]string{"a": a, "b": b} {
		if value != "" {
			values[slot] = value
		}
	}
	return values
}

// Choose finds credentials by their names, in the order of a stack. All names every one.
func Choose(from []Credential, names []string) ([]Credential, error) {
	if slices.Contains(names, All) {
		if len(names) > 1 {
			return nil, fmt.Errorf("%s is every credential: name nothing beside it", All)
		}
		return from, nil
	}
	for _, name := range names {
		if slices.ContainsFunc(from, func(c Credential) bool { return c.Name == name }) {
			continue
		}
		if name == PostgresExporter || name == SQLExporter {
			return nil, fmt.Errorf("this stack has no %s: monitoring.enabled is false", name)
		}
		if name == BackupKey || name == BackupRole {
			return nil, fmt.Errorf("this stack has no %s: backup.enabled is false", name)
		}
		if name == CA {
			return nil, fmt.Errorf("this stack uses no %s of its own: tls.mode is not %s", name, config.SelfSigned)
		}
		return nil, fmt.Errorf("there is no credential %q: %s, or %s", name, strings.Join(namesOf(from), ", "), All)
	}
	var chosen []Credential
	for _, c := range from {
		if slices.Contains(names, c.Name) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

func namesOf(all []Credential) []string {
	names := make([]string, 0, len(all))
	for _, c := range all {
		names = append(names, c.Name)
	}
	return names
}

// Active is the slot that is in use.
func (c Credential) Active() string { return c.Slots.Active }

// Idle is the other slot.
func (c Credential) Idle() string {
	if c.Slots.Active == "b" {
		return "a"
	}
	return "b"
}

// Generation is that of a slot.
func (c Credential) Generation(slot string) int {
	if slot == "b" {
		return c.Slots.B
	}
	return c.Slots.A
}

// Key is the full key of a field, such as prefect-platform:rotation.api.keep.
func (c Credential) Key(field string) string {
	return config.Namespace + ":rotation." + c.Name + "." + field
}

// SecretKey is the full key of the value that a user may supply for a slot.
func (c Credential) SecretKey(slot string) string {
	return config.Namespace + ":" + c.secret + strings.ToUpper(slot)
}
