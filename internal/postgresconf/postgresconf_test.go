package postgresconf

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"prefect-platform/internal/golden"
)

func TestConf_IsAsReviewed(t *testing.T) {
	golden.Check(t, "postgresql.conf", Server{MemoryMiB: 1024, MaxConnections: 100, Reserved: 6, SlowQueryMillis: 500, HBAFile: "/etc/platform/pg_hba.conf"}.Conf())
}

func TestHBA_IsAsReviewed(t *testing.T) {
	golden.Check(t, "pg_hba.conf", HBA(netip.MustParsePrefix("10.213.2.0/24")))
}

func TestRoles_AreAsReviewed(t *testing.T) {
	golden.Check(t, "roles.sql", Roles(Slot{Role: RoleA, Verifier: "SCRAM-SHA-256$4096:a$b:c", Valid: true}, Slot{Role: RoleB, Verifier: "SCRAM-SHA-256$4096:d$e:f"}))
}

func TestConf_KeepsWithinTheMemoryOfTheContainer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Server{
			MemoryMiB:      rapid.IntRange(256, 65536).Draw(t, "memory"),
			MaxConnections: rapid.IntRange(20, 1000).Draw(t, "connections"),
		}
		conf := s.Conf()
		shared, work := setting(t, conf, "shared_buffers"), setting(t, conf, "work_mem")
		if work > 2 && shared+work*s.MaxConnections > s.MemoryMiB {
			t.Fatalf("%d MiB shared and %d MiB for each of %d connections in a container of %d MiB", shared, work, s.MaxConnections, s.MemoryMiB)
		}
	})
}

func setting(t *rapid.T, conf, name string) int {
	match := regexp.MustCompile(`(?m)^` + name + ` = (\d+)MB$`).FindStringSubmatch(conf)
	if match == nil {
		t.Fatalf("no %s in\n%s", name, conf)
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestHBA_EndsInReject(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(HBA(netip.MustParsePrefix("10.0.0.0/24"))), "\n")
	if last := lines[len(lines)-1]; last != "host all all all reject" {
		t.Errorf("the last rule is %q", last)
	}
	for _, line := range lines {
		if strings.Contains(line, "trust") || strings.HasPrefix(line, "host all postgres") {
			t.Errorf("rule %q", line)
		}
	}
}

func TestReaders_AreAsReviewed(t *testing.T) {
	golden.Check(t, "readers.sql", Readers(
		Reader{Role: RoleServerFigures, Verifier: "SCRAM-SHA-256$4096:a$b:c", Connections: 3, MemberOf: []string{"pg_monitor", "pg_use_reserved_connections"}},
		Reader{Role: RolePrefectFigures, Verifier: "SCRAM-SHA-256$4096:d$e:f", Connections: 3},
	)+NoReaders(RoleServerFigures))
}

func TestBackup_IsAsReviewed(t *testing.T) {
	golden.Check(t, "backup.sql", Backup("SCRAM-SHA-256$4096:a$b:c")+NoBackup())
}
