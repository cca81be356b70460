//go:build lab

package sqlexporter

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"prefect-platform/internal/catalogue"
)

const role = "prefect_monitoring"

// server is a PostgreSQL of its own with the tables that the pinned Prefect makes.
type server struct {
	port       int
	credential *syscall.Credential // PostgreSQL does not run as root
}

func newServer(t *testing.T) *server {
	t.Helper()
	// Not below the test's own folder, which only its owner may enter.
	dir, err := os.MkdirTemp("", "sqlexporter-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{port: freePort(t)}
	if os.Getuid() == 0 {
		s.credential = ownedByPostgres(t, dir)
	}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(installed) == 0 {
		t.Fatal("no PostgreSQL is installed; .ci/packages installs it")
	}
	bin, data := installed[len(installed)-1], filepath.Join(dir, "data")
	s.run(t, bin+"/initdb", "--pgdata", data, "--username", "postgres", "--auth", "trust", "--no-sync")
	s.run(t, bin+"/pg_ctl", "--pgdata", data, "--log", filepath.Join(dir, "log"), "--wait", "start", "--options",
		fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c fsync=off", s.port, dir))
	t.Cleanup(func() { s.run(t, bin+"/pg_ctl", "--pgdata", data, "--mode", "immediate", "stop") })

	s.sql(t, "postgres", "postgres", "CREATE DATABASE prefect")
	upgrade := exec.Command("../../.lab/venv/bin/prefect", "server", "database", "upgrade", "--yes")
	upgrade.Env = append(os.Environ(), "PREFECT_HOME="+t.TempDir(), fmt.Sprintf("PREFECT_API_DATABASE_CONNECTION_URL=postgresql+asyncpg://postgres@127.0.0.1:%d/prefect", s.port))
	if output, err := upgrade.CombinedOutput(); err != nil {
		t.Fatalf("prefect server database upgrade (make .lab/venv/ready makes it): %s\n%s", err, output)
	}
	s.sql(t, "postgres", "prefect", "CREATE ROLE "+role+" LOGIN;\n"+Grants(role))
	return s
}

func freePort(t *testing.T) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

func ownedByPostgres(t *testing.T, dir string) *syscall.Credential {
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (s *server) run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = os.TempDir()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential}
	if err := cmd.Run(); err != nil { // not its output: the server would keep the pipe open
		t.Fatalf("%s: %s", name, err)
	}
}

func (s *server) sql(t *testing.T, role, database, text string) string {
	t.Helper()
	psql := exec.Command("psql", "-XqAt", "-F", "|", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", role, database)
	psql.Stdin = strings.NewReader(text)
	output, err := psql.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %s\n%s", err, output, text)
	}
	return strings.TrimSpace(string(output))
}

// scrape runs all queries as the role that has only its grants. Each result is a line of the labels' values and the value, which is rounded.
func (s *server) scrape(t *testing.T) map[string][]string {
	t.Helper()
	scraped := map[string][]string{}
	for _, q := range queries(catalogue.Defaults()) {
		columns := append(slices.Clone(q.labels), "value")
		for i, column := range columns {
			columns[i] = `"` + column + `"`
		}
		columns[len(columns)-1] = "round(value)"
		output := s.sql(t, role, "prefect", fmt.Sprintf("SELECT %s FROM (%s\n) AS metric ORDER BY 1", strings.Join(columns, ", "), q.sql))
		if output != "" {
			scraped[q.metric] = strings.Split(output, "\n")
		}
	}
	return scraped
}

func TestQueries_OnTheTablesOfThePinnedPrefect(t *testing.T) {
	s := newServer(t)
	t.Run("work on an empty database", s.worksEmpty)
	t.Run("measure what they say", s.measures)
	t.Run("are granted no column that holds data", s.grantsNoData)
}

func (s *server) worksEmpty(t *testing.T) {
	got := s.scrape(t)
	for metric, want := range map[string][]string{
		"prefect_flow_runs_unmarked":                    {"0"},
		"prefect_flow_runs_due_recently":                {"in time|0", "late|0"},
		"prefect_flow_runs_late":                        nil,
		"prefect_scheduler_horizon_seconds":             nil,
		"prefect_event_newest_age_seconds":              nil,
		"prefect_canary_last_success_timestamp_seconds": nil,
	} {
		if !slices.Equal(got[metric], want) {
			t.Errorf("%s is %q, not %q", metric, got[metric], want)
		}
	}
	if states := got["prefect_flow_runs"]; len(states) != 5 || !slices.Contains(states, "RUNNING|0") {
		t.Errorf("states %q", states)
	}
}

// A small world in one moment of time. Runs are named for what they are.
const world = `
BEGIN;
INSERT INTO flow (id, name) VALUES ('00000000-0000-0000-0000-00000000000f', 'etl');
INSERT INTO work_pool (id, name, type, base_job_template, is_paused) VALUES
  ('00000000-0000-0000-0000-0000000000a1', 'default', 'process', '{}', false), ('00000000-0000-0000-0000-0000000000a2', 'paused', 'process', '{}', true);
INSERT INTO work_queue (id, name, work_pool_id, priority, is_paused, last_polled) VALUES
  ('00000000-0000-0000-0000-0000000000b1', 'default', '00000000-0000-0000-0000-0000000000a1', 1, false, now() - interval '7 seconds'),
  ('00000000-0000-0000-0000-0000000000b2', 'asleep', '00000000-0000-0000-0000-0000000000a1', 2, true, now()),
  ('00000000-0000-0000-0000-0000000000b3', 'default', '00000000-0000-0000-0000-0000000000a2', 1, false, now());
INSERT INTO worker (name, work_pool_id, last_heartbeat_time, heartbeat_interval_seconds) VALUES
  ('alive', '00000000-0000-0000-0000-0000000000a1', now() - interval '11 seconds', 30),
  ('slow', '00000000-0000-0000-0000-0000000000a1', now() - interval '85 seconds', 30),
  ('gone', '00000000-0000-0000-0000-0000000000a1', now() - interval '95 seconds', 30),
  ('resting', '00000000-0000-0000-0000-0000000000a2', now() - interval '9 hours', 30);
INSERT INTO deployment (id, name, flow_id, paused) VALUES
  ('00000000-0000-0000-0000-0000000000d1', 'nightly', '00000000-0000-0000-0000-00000000000f', false),
  ('00000000-0000-0000-0000-0000000000d2', 'platform-canary', '00000000-0000-0000-0000-00000000000f', false),
  ('00000000-0000-0000-0000-0000000000d3', 'stopped', '00000000-0000-0000-0000-00000000000f', true),
  ('00000000-0000-0000-0000-0000000000d4', 'finite', '00000000-0000-0000-0000-00000000000f', false);
INSERT INTO deployment_schedule (deployment_id, schedule, active, max_scheduled_runs) VALUES
  ('00000000-0000-0000-0000-0000000000d1', '{"cron": "0 3 * * *"}', true, NULL), ('00000000-0000-0000-0000-0000000000d2', '{"interval": 300}', true, NULL),
  ('00000000-0000-0000-0000-0000000000d3', '{"interval": 300}', true, NULL), ('00000000-0000-0000-0000-0000000000d4', '{"rrule": "FREQ=DAILY;COUNT=1"}', true, NULL);
CREATE FUNCTION run(what text, state text, queue text, deployment text, expected int, started int, ended int, since int, automatic boolean DEFAULT false) RETURNS void LANGUAGE sql AS $$
  INSERT INTO flow_run (name, flow_id, state_name, state_type, work_queue_id, deployment_id, expected_start_time, next_scheduled_start_time, start_time, end_time, state_timestamp, auto_scheduled)
  VALUES (what, '00000000-0000-0000-0000-00000000000f', split_part(state, ':', 2), split_part(state, ':', 1)::state_type, ('00000000-0000-0000-0000-0000000000' || queue)::uuid,
    ('00000000-0000-0000-0000-0000000000' || deployment)::uuid, now() - expected * interval '1 second',
    CASE WHEN state LIKE 'SCHEDULED%' THEN now() - expected * interval '1 second' END,
    now() - started * interval '1 second', now() - ended * interval '1 second', now() - since * interval '1 second', automatic)
$$;
`

// moments are the runs: each with how many seconds ago it was due, started, ended and changed its state.
const moments = `
SELECT run('late', 'SCHEDULED:Late', 'b1', 'd1', 90, NULL, NULL, 75);
SELECT run('late and not marked', 'SCHEDULED:Scheduled', 'b1', 'd1', 130, NULL, NULL, 130);
SELECT run('late where it is paused', 'SCHEDULED:Late', 'b2', 'd1', 4000, NULL, NULL, 4000);
SELECT run('late in a paused pool', 'SCHEDULED:Late', 'b3', 'd1', 4000, NULL, NULL, 4000);
SELECT run('not yet late', 'SCHEDULED:Scheduled', 'b1', 'd1', 50, NULL, NULL, 50);
SELECT run('waits for its slot', 'SCHEDULED:AwaitingConcurrencySlot', 'b1', 'd1', 100, NULL, NULL, 100);
SELECT run('planned', 'SCHEDULED:Scheduled', 'b1', 'd1', -50000, NULL, NULL, 10, true);
SELECT run('planned next', 'SCHEDULED:Scheduled', 'b1', 'd2', -3000, NULL, NULL, 10, true);
SELECT run('planned before that', 'SCHEDULED:Scheduled', 'b1', 'd2', -2700, NULL, NULL, 10, true);
SELECT run('taken', 'PENDING:Pending', 'b1', 'd1', 40, NULL, NULL, 33);
SELECT run('runs', 'RUNNING:Running', 'b1', 'd1', 5000, 4990, NULL, 4990);
SELECT run('runs without a deployment', 'RUNNING:Running', NULL, NULL, 6000, 6000, NULL, 6000);
SELECT run('started in time', 'COMPLETED:Completed', 'b1', 'd1', 200, 190, 100, 100);
SELECT run('started late', 'COMPLETED:Completed', 'b1', 'd1', 300, 230, 100, 100);
SELECT run('was due before', 'COMPLETED:Completed', 'b1', 'd1', 370, 200, 150, 150);
SELECT run('cancelled before it started', 'CANCELLED:Cancelled', 'b1', 'd1', 200, NULL, 100, 100);
SELECT run('failed', 'FAILED:Failed', 'b1', 'd1', 2000, 1990, 880, 880);
SELECT run('failed long ago', 'FAILED:Failed', 'b1', 'd1', 2000, 1990, 910, 910);
SELECT run('the canary', 'COMPLETED:Completed', 'b1', 'd2', 1000, 1000, 950, 950);
SELECT run('the canary before its task run is recorded', 'COMPLETED:Completed', 'b1', 'd2', 970, 970, 920, 920);
INSERT INTO task_run (flow_run_id, name, task_key, dynamic_key, state_type)
  SELECT id, 'sing', 'sing', '0', CASE name WHEN 'the canary' THEN 'COMPLETED' ELSE 'RUNNING' END::state_type FROM flow_run WHERE name LIKE 'the canary%';
SELECT run('the canary failed', 'FAILED:Failed', 'b1', 'd2', 2100, 2100, 2000, 2000);
INSERT INTO events (id, occurred, event, resource_id, resource, payload, received, recorded) VALUES
  (gen_random_uuid(), now() - interval '21 seconds', 'x', 'x', '{}', '{}', now(), now()), (gen_random_uuid(), now() - interval '99 seconds', 'x', 'x', '{}', '{}', now(), now());
COMMIT;
`

func (s *server) measures(t *testing.T) {
	s.sql(t, "postgres", "prefect", world+moments)
	began := time.Now()
	got := s.scrape(t)
	for metric, want := range map[string][]string{
		"prefect_flow_runs":                       {"SCHEDULED|9", "PENDING|1", "RUNNING|2", "PAUSED|0", "CANCELLING|0"},
		"prefect_flow_runs_late":                  {"default|default|3"},
		"prefect_flow_run_oldest_late_seconds":    {"default|default|130"},
		"prefect_flow_runs_unmarked":              {"1"},
		"prefect_flow_run_oldest_running_seconds": {"etl||6000", "etl|nightly|4990"},
		"prefect_flow_run_oldest_pending_seconds": {"default|33", "paused|0"},
		"prefect_flow_runs_ended_recently":        {"etl|nightly|COMPLETED|3", "etl|nightly|FAILED|1", "etl|nightly|CANCELLED|1"},
		"prefect_flow_runs_due_recently":          {"in time|1", "late|3"},
		"prefect_scheduler_horizon_seconds":       {"3000"},
		"prefect_worker_heartbeat_age_seconds":    {"default|11"},
		"prefect_workers_online":                  {"default|2", "paused|0"},
		"prefect_work_queue_poll_age_seconds":     {"default|default|7"},
		"prefect_event_newest_age_seconds":        {"21"},
	} {
		if !same(got[metric], want) {
			t.Errorf("%s is %q, not %q", metric, got[metric], want)
		}
	}
	success, err := strconv.ParseFloat(got["prefect_canary_last_success_timestamp_seconds"][0], 64)
	if age := float64(began.Unix()) - success; err != nil || age < 945 || age > 955 {
		t.Errorf("the canary succeeded %.0f s ago, not 950 (%v)", age, err)
	}
}

// same compares without order, and allows the few seconds that pass between insertion and query.
func same(got, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for _, line := range want {
		if !slices.ContainsFunc(got, func(other string) bool { return near(other, line) }) {
			return false
		}
	}
	return true
}

func near(a, b string) bool {
	i, j := strings.LastIndex(a, "|"), strings.LastIndex(b, "|")
	x, errX := strconv.ParseFloat(a[i+1:], 64)
	y, errY := strconv.ParseFloat(b[j+1:], 64)
	if errX != nil || errY != nil || a[:i+1] != b[:j+1] {
		return false
	}
	return x == y || y > 5 && x-y >= -3 && x-y <= 3
}

func (s *server) grantsNoData(t *testing.T) {
	for _, secret := range []string{"SELECT parameters FROM flow_run", "SELECT payload FROM events", "SELECT data FROM block_document", "SELECT message FROM log"} {
		psql := exec.Command("psql", "-XAt", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", role, "-c", secret, "prefect")
		if output, err := psql.CombinedOutput(); err == nil || !strings.Contains(string(output), "permission denied") {
			t.Errorf("%s: %v\n%s", secret, err, output)
		}
	}
}
