//go:build e2e

package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"prefect-platform/test/e2e/load"
)

// oldPostgres is an image of the major version before the one that is pinned.
const oldPostgres = "postgres:17.12"

// onDemand builds an image that the lab does not provide by itself, or pulls it.
func onDemand(t *testing.T, folder, image string) {
	t.Helper()
	if _, err := stack.Docker.ImageInspect(t.Context(), image); err == nil {
		return
	}
	lab, err := filepath.EvalSymlinks(filepath.Join(stack.clone, ".lab"))
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "env", "-u", "DOCKER_HOST", "go", "run", "./cmd/lab", "--dir", lab, "image", folder)
	build.Dir = filepath.Join(stack.clone, "lab")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestUpgradePostgres_BringsEverythingToTheNewerVersionAndBack begins with a stack on the older version, refuses what cannot be done, upgrades while a flow runs, and
// takes the printed way back.
func TestUpgradePostgres_BringsEverythingToTheNewerVersionAndBack(t *testing.T) {
	drillsOnly(t)
	const old = "prefect_volume_of_17"
	before := onOldPostgres(t)
	name := uniqueName("upgrade")
	run := startRun(t, deploy(t, name, nil), map[string]any{"tasks": 40, "pause": 0.2, "until": stopFile(name)})
	awaitState(t, run, "RUNNING", time.Minute)
	for _, statement := range []string{
		"CREATE ROLE analyst LOGIN PASSWORD 'p@ss w/o#r?d' CONNECTION LIMIT 3", "GRANT pg_read_all_data TO analyst WITH INHERIT FALSE", "ALTER ROLE analyst SET statement_timeout = '7s'",
		"CREATE TABLE " + old + ` (i bigserial PRIMARY KEY, "a ""name" jsonb)`, `INSERT INTO ` + old + ` ("a ""name") SELECT jsonb_build_object('n', n) FROM generate_series(1, 1000) n`,
		"GRANT SELECT ON " + old + " TO analyst", `CREATE DATABASE "of another"`,
	} {
		stack.PG(t, statement)
	}

	refuseUpgrades(t)
	failToUpgrade(t)

	probe := startProbe(t)
	began := time.Now()
	out, err := stack.platform("upgrade", "postgres", "--yes")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("upgraded in %s\n%s", time.Since(began).Round(100*time.Millisecond), out)
	awaitVersion(t, "18")
	expectWaiting(t, probe)
	if found := stack.PG(t, "SELECT rolcanlogin, rolconnlimit, rolpassword LIKE 'SCRAM-SHA-256$%', (SELECT setconfig FROM pg_db_role_setting WHERE setrole = pg_authid.oid) FROM pg_authid WHERE rolname = 'analyst'")[0]; found != "t|3|t|{statement_timeout=7s}" {
		t.Errorf("the role is %s", found)
	}
	if found := stack.PG(t, "SELECT has_table_privilege('analyst', '"+old+"', 'SELECT'), (SELECT count(*) FROM "+old+"), (SELECT count(*) FROM pg_database WHERE datname = 'of another'), (SELECT count(*) FROM pg_extension WHERE extname = 'amcheck')")[0]; found != "t|1000|1|0" {
		t.Errorf("privilege, rows, other databases and extensions of the check are %s", found)
	}
	if next := stack.PG(t, "INSERT INTO "+old+" DEFAULT VALUES RETURNING i")[0]; next != "1001" {
		t.Errorf("the sequence goes on with %s", next)
	}
	release(t, name)
	awaitState(t, run, "COMPLETED", 3*time.Minute)
	expectWhole(t, run, tasksOf(t, run))
	if !strings.Contains(volumesOf(t), before) {
		t.Errorf("volume %s is gone", before)
	}

	followTheWayBack(t, out)
	awaitVersion(t, "17")
	if rows := stack.PG(t, "SELECT count(*) FROM "+old)[0]; rows != "1000" {
		t.Errorf("%s rows are there, want those from before the upgrade", rows)
	}
	Await(t, time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })
}

// onOldPostgres has the stack run on the older version with a volume of its own, whose name is returned. Afterwards it runs on the one from before again.
func onOldPostgres(t *testing.T) (volume string) {
	t.Helper()
	onDemand(t, "postgres-17", oldPostgres)
	putBack(t)
	removeVolumes(t, postgresVolumes) // of a test that failed
	edits := []Edit{Set("images.override.postgres", oldPostgres), Set("database.volume", 2)}
	volume = "prefect-" + stack.Name + "-postgres-2-17"
	out, err := stack.upWith(edits...)
	if err == nil || !strings.Contains(out, "docker volume create "+volume) {
		t.Fatalf("up begins with an empty database: %v\n%s", err, out)
	}
	if _, err := stack.Docker.VolumeCreate(t.Context(), client.VolumeCreateOptions{Name: volume}); err != nil {
		t.Fatal(err)
	}
	if out, err := stack.upWith(edits...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	awaitVersion(t, "17")
	return volume
}

// removeVolumes removes those of the stack but the one with its data.
func removeVolumes(t *testing.T, like *regexp.Regexp) {
	t.Helper()
	now := dataVolume()
	volumes, err := stack.Docker.VolumeList(context.Background(), client.VolumeListOptions{})
	if err != nil {
		t.Error(err)
	}
	for _, v := range volumes.Items {
		if v.Name == now || !strings.HasPrefix(v.Name, "prefect-"+stack.Name+"-") || !like.MatchString(v.Name) {
			continue
		}
		if _, err := stack.Docker.VolumeRemove(context.Background(), v.Name, client.VolumeRemoveOptions{}); err != nil {
			t.Error(err)
		}
	}
}

func awaitVersion(t *testing.T, major string) {
	t.Helper()
	if version := stack.PG(t, "SHOW server_version")[0]; !strings.HasPrefix(version, major+".") {
		t.Fatalf("PostgreSQL %s runs, want %s", version, major)
	}
}

// refuseUpgrades tries an image that cannot read the data, and what is no upgrade.
func refuseUpgrades(t *testing.T) {
	t.Helper()
	file := stack.stackFile()
	kept := fileText(t, file)
	defer restoreFile(t, file, kept)
	running, volumes := stack.Container(t, "postgres").ID, volumesOf(t)
	for says, command := range map[string][]string{
		"and postgres:17.12 is not newer": {"upgrade", "postgres", "--yes", "--to", "postgres:17.12"},
		`"postgres:18": want a tag with`:  {"upgrade", "postgres", "--yes", "--to", "postgres:18"},
		"which PostgreSQL 18 cannot read": {"up", "--yes"},
	} {
		if command[0] == "up" {
			if out, err := stack.pulumi("config", "set", "--stack", stack.Name, "--path", namespace+":images.override.postgres", "postgres:18.6"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if out, err := stack.pulumi("config", "set", "--stack", stack.Name, "--path", namespace+":database.volume", "7"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		out, err := stack.platform(command...)
		restoreFile(t, file, kept)
		if err == nil || !strings.Contains(out, says) {
			t.Errorf("%v: %v, want %q\n%s", command, err, says, out)
		}
	}
	if now := stack.Container(t, "postgres").ID; now != running || volumesOf(t) != volumes {
		t.Error("something was touched")
	}
}

// failToUpgrade has a table that only the older version takes.
func failToUpgrade(t *testing.T) {
	t.Helper()
	stack.PG(t, "CREATE TABLE only_here (i int CHECK (current_setting('server_version_num')::int < 180000))")
	stack.PG(t, "INSERT INTO only_here VALUES (1)")
	running, volumes, kept := stack.Container(t, "postgres").ID, volumesOf(t), fileText(t, stack.stackFile())
	out, err := stack.platform("upgrade", "postgres", "--yes")
	if err == nil || !strings.Contains(out, "violates check constraint") || !strings.Contains(out, "the old version serves on") {
		t.Errorf("%v\n%s", err, out)
	}
	if now := stack.Container(t, "postgres").ID; now != running || volumesOf(t) != volumes || fileText(t, stack.stackFile()) != kept {
		t.Errorf("a failed upgrade left something behind: volumes\n%s\nbefore\n%s", volumesOf(t), volumes)
	}
	Await(t, time.Minute, "the old version to serve on", func() error { return stack.TryAPI(t, "POST", "/flows/count", map[string]any{}, nil) })
	stack.PG(t, "DROP TABLE only_here")
}

// expectWaiting wants every answer to be a good one, or one that makes Prefect's clients wait.
func expectWaiting(t *testing.T, probe *load.Load) {
	t.Helper()
	answers, waited := probe.Stop(), 0
	var first, last time.Time
	for _, a := range load.Failures(answers) {
		if a.Code != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
			t.Errorf("a client was neither answered properly nor told to come again: %s", a)
			continue
		}
		if waited++; first.IsZero() {
			first = a.At
		}
		last = a.At
	}
	t.Logf("%d of %d requests were told to come again, within %s", waited, len(answers), last.Sub(first).Round(100*time.Millisecond))
	if len(answers) == 0 || waited == 0 {
		t.Error("no request noticed it: this test shows nothing")
	}
}

var wayBack = regexp.MustCompile(`(?m)^  pulumi (config set .+)$`)

// followTheWayBack does what the command printed.
func followTheWayBack(t *testing.T, out string) {
	t.Helper()
	commands := wayBack.FindAllStringSubmatch(out, -1)
	if len(commands) != 2 {
		t.Fatalf("no way back in %s", out)
	}
	for _, command := range commands {
		if out, err := stack.pulumi(strings.Fields(command[1])...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	began := time.Now()
	if out, err := stack.platform("up", "--yes"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("the way back took %s", time.Since(began).Round(100*time.Millisecond))
}

func restoreFile(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
