// Package postgresconf writes the configuration files of PostgreSQL, of 17 or 18.
package postgresconf

import (
	"fmt"
	"net/netip"
	"strings"
)

// Names on the server.
const (
	Database  = "prefect"
	OwnerRole = "prefect_owner" // owns the database and everything in it, cannot log in
	RoleA     = "prefect_a"
	RoleB     = "prefect_b"
	SocketDir = "/run/postgresql"

	// Roles of monitoring: one reads the server's own figures, one some columns of Prefect's tables.
	RoleServerFigures  = "monitor_server"
	RolePrefectFigures = "monitor_prefect"

	// RoleBackup copies the whole server, and reads everything in it. BackupSlot keeps what it has not received yet.
	RoleBackup = "prefect_backup"
	BackupSlot = "backup"

	// ProbeUser is whom the health check names. No such role exists: the question for its password is proof enough that the server answers, and is not logged.
	ProbeUser = "probe"
)

// Server sizes the server.
type Server struct {
	MemoryMiB       int // limit of the container
	MaxConnections  int
	Reserved        int // of these, for members of pg_use_reserved_connections
	SlowQueryMillis int
	HBAFile         string
}

// Conf returns postgresql.conf. The shares of memory are those of pgtune for an online transaction load, applied to the container's limit.
func (s Server) Conf() string {
	sharedBuffers := s.MemoryMiB / 4
	settings := []struct{ name, value string }{
		{"listen_addresses", "'*'"},
		{"port", "5432"},
		{"unix_socket_directories", quote(SocketDir)},
		{"hba_file", quote(s.HBAFile)},
		{"password_encryption", "scram-sha-256"},

		{"max_connections", fmt.Sprint(s.MaxConnections)},
		{"superuser_reserved_connections", "5"},
		{"reserved_connections", fmt.Sprint(s.Reserved)},
		{"shared_buffers", mib(sharedBuffers)},
		{"effective_cache_size", mib(s.MemoryMiB * 3 / 4)},
		{"maintenance_work_mem", mib(max(16, s.MemoryMiB/16))},
		{"work_mem", mib(max(2, (s.MemoryMiB-sharedBuffers)/(s.MaxConnections*3)))},

		{"wal_compression", "lz4"},
		{"min_wal_size", "256MB"},
		{"max_wal_size", "1GB"},
		{"max_slot_wal_keep_size", "1GB"}, // a backup that receives nothing for long must not fill the disk: it begins anew
		{"checkpoint_timeout", "15min"},
		{"checkpoint_completion_target", "0.9"},
		{"random_page_cost", "1.1"},
		{"effective_io_concurrency", "200"},
		{"jit", "off"}, // makes asyncpg's introspection of enum types slow (asyncpg #727)

		// Prefect inserts much and deletes in batches; these keep its tables small without a change of its schema.
		{"autovacuum_naptime", "30s"},
		{"autovacuum_vacuum_scale_factor", "0.05"},
		{"autovacuum_analyze_scale_factor", "0.02"},
		{"autovacuum_vacuum_insert_scale_factor", "0.1"},
		{"autovacuum_vacuum_cost_limit", "1000"},

		{"shared_preload_libraries", "'pg_stat_statements'"},
		{"track_io_timing", "on"},
		{"idle_in_transaction_session_timeout", "60s"},
		{"tcp_keepalives_idle", "60"},
		{"timezone", "'UTC'"},

		{"log_destination", "'stderr'"},
		{"log_timezone", "'UTC'"},
		{"log_line_prefix", "'%m [%p] %q%u@%d %a '"},
		{"log_statement", "none"}, // "ddl" would write passwords
		{"log_min_duration_statement", fmt.Sprintf("%dms", s.SlowQueryMillis)},
		{"log_parameter_max_length", "0"}, // values of slow statements are data, not diagnosis
		{"log_lock_waits", "on"},
		{"log_autovacuum_min_duration", "10s"},
	}
	var b strings.Builder
	for _, setting := range settings {
		fmt.Fprintf(&b, "%s = %s\n", setting.name, setting.value)
	}
	return b.String()
}

// HBA returns pg_hba.conf: the superuser over the socket only, the roles of application, monitoring and backup from one network only, the health check, and nobody
// else. Those of monitoring and backup are always in it, so that the server need not be made anew when one of them is added; without it they cannot log in.
func HBA(network netip.Prefix) string {
	var b strings.Builder
	b.WriteString("local all postgres peer\n")
	for _, role := range []string{RoleA, RoleB, RoleServerFigures, RolePrefectFigures, RoleBackup} {
		fmt.Fprintf(&b, "host %s %s %s scram-sha-256\n", Database, role, network)
	}
	fmt.Fprintf(&b, "host replication %s %s scram-sha-256\n", RoleBackup, network)
	fmt.Fprintf(&b, "host %s %s 127.0.0.1/32 scram-sha-256\n", Database, ProbeUser)
	b.WriteString("local all all reject\nhost all all all reject\n")
	return b.String()
}

// Slot is the login role of one slot of the database credential.
type Slot struct {
	Role     string
	Verifier string // see internal/scram
	Valid    bool
}

// Roles returns the SQL that brings the roles into the described state, from whatever state they are in. The connection must be to Database as superuser.
//
// Both login roles act as the owner, so that objects belong to it whoever made them, and the migration needs no more than owning the database (pg_trgm is a
// trusted extension). The password with which the official image insists on being initialised is taken away.
func Roles(slots ...Slot) string {
	var b strings.Builder
	b.WriteString("BEGIN;\n")
	createRole(&b, OwnerRole)
	fmt.Fprintf(&b, "ALTER DATABASE %s OWNER TO %s;\n", Database, OwnerRole)
	for _, slot := range slots {
		createRole(&b, slot.Role)
		login := "NOLOGIN"
		if slot.Valid {
			login = "LOGIN"
		}
		fmt.Fprintf(&b, "ALTER ROLE %s WITH %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD %s;\n", slot.Role, login, quote(slot.Verifier))
		fmt.Fprintf(&b, "GRANT %s TO %s;\n", OwnerRole, slot.Role)
		fmt.Fprintf(&b, "ALTER ROLE %s SET role = %s;\n", slot.Role, quote(OwnerRole))
	}
	b.WriteString("ALTER ROLE postgres PASSWORD NULL;\n")
	fmt.Fprintf(&b, "REVOKE CONNECT ON DATABASE %s FROM PUBLIC;\nGRANT CONNECT ON DATABASE %s TO %s;\n", Database, Database, OwnerRole)
	b.WriteString("CREATE EXTENSION IF NOT EXISTS pg_stat_statements;\nCOMMIT;\n")
	for _, slot := range slots {
		if !slot.Valid {
			fmt.Fprintf(&b, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s;\n", quote(slot.Role))
		}
	}
	return b.String()
}

// Reader is a role that may only read, a little at a time.
type Reader struct {
	Role        string
	Verifier    string   // see internal/scram
	Connections int      // at once, at most
	MemberOf    []string // predefined roles
}

// readerTimeout ends a statement that takes longer than whoever asked for it waits.
const readerTimeout = "5s"

// Readers returns the SQL that brings reading roles into the described state. The connection must be to Database as superuser, after Roles.
func Readers(readers ...Reader) string {
	var b strings.Builder
	b.WriteString("BEGIN;\n")
	for _, r := range readers {
		createRole(&b, r.Role)
		fmt.Fprintf(&b, "ALTER ROLE %s WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT %d PASSWORD %s;\n", r.Role, r.Connections, quote(r.Verifier))
		for _, setting := range []string{"statement_timeout = " + quote(readerTimeout), "default_transaction_read_only = on"} {
			fmt.Fprintf(&b, "ALTER ROLE %s SET %s;\n", r.Role, setting)
		}
		fmt.Fprintf(&b, "GRANT CONNECT ON DATABASE %s TO %s;\n", Database, r.Role)
		for _, role := range r.MemberOf {
			fmt.Fprintf(&b, "GRANT %s TO %s;\n", role, r.Role)
		}
	}
	b.WriteString("COMMIT;\n")
	return b.String()
}

// NoReaders returns the SQL after which reading roles cannot log in, if they ever could.
func NoReaders(roles ...string) string {
	var b strings.Builder
	for _, role := range roles {
		fmt.Fprintf(&b, "SELECT 'ALTER ROLE %s NOLOGIN' WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = %s) \\gexec\n", role, quote(role))
	}
	return b.String()
}

// backupConnections are how many the role of the backup may have besides those that copy: one that asks, and those of a dump.
const backupConnections = 4

// Backup returns the SQL that lets the backup's role copy the server. The connection must be to Database as superuser, after Roles.
func Backup(verifier string) string {
	var b strings.Builder
	b.WriteString("BEGIN;\n")
	createRole(&b, RoleBackup)
	fmt.Fprintf(&b, "ALTER ROLE %s WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE REPLICATION CONNECTION LIMIT %d PASSWORD %s;\n", RoleBackup, backupConnections, quote(verifier))
	fmt.Fprintf(&b, "GRANT CONNECT ON DATABASE %s TO %s;\nGRANT pg_read_all_data TO %s;\nCOMMIT;\n", Database, RoleBackup, RoleBackup)
	return b.String()
}

// NoBackup returns the SQL after which the backup's role cannot log in, if it ever could, and the server keeps nothing for it.
func NoBackup() string {
	slot := fmt.Sprintf("FROM pg_replication_slots WHERE slot_name = %s", quote(BackupSlot))
	return fmt.Sprintf("SELECT 'ALTER ROLE %s NOLOGIN NOREPLICATION' WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = %s) \\gexec\n", RoleBackup, quote(RoleBackup)) +
		"SELECT pg_terminate_backend(active_pid, 5000) " + slot + " AND active;\n" +
		"SELECT pg_drop_replication_slot(slot_name) " + slot + " AND NOT active;\n"
}

func createRole(b *strings.Builder, role string) {
	fmt.Fprintf(b, "SELECT 'CREATE ROLE %s NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %s) \\gexec\n", role, quote(role))
}

func mib(n int) string { return fmt.Sprintf("%dMB", n) }

// quote writes a string literal for SQL and for postgresql.conf, which share this rule; there is no backslash in what is written here.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
