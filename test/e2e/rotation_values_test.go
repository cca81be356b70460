//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// use tries a value of a credential as whoever has it would.
type use struct {
	resource string // what the program calls it, without the slot
	workload string // where its program is found
	command  func(slot, value string) []string
	refusal  string // what it says to a value that is not valid
}

func login(role func(slot string) string) func(slot, value string) []string {
	return func(slot, value string) []string {
		return []string{"env", "PGPASSWORD=" + value, "psql", "-h", "postgres", "-U", role(slot), "-d", "prefect", "-c", "SELECT 1"}
	}
}

func always(role string) func(string) string { return func(string) string { return role } }

var uses = map[string]use{
	"database":         {"database", "postgres", login(func(slot string) string { return "prefect_" + slot }), "authentication failed\x00not permitted to log in"},
	"postgresExporter": {"postgres-exporter", "postgres", login(always("monitor_server")), "authentication failed"},
	"sqlExporter":      {"sql-exporter", "postgres", login(always("monitor_prefect")), "authentication failed"},
	"backupRole":       {"backup-role", "postgres", login(always("prefect_backup")), "authentication failed"},
	"redis": {"redis", "redis", func(_, value string) []string {
		return []string{"redis-cli", "--no-auth-warning", "-a", value, "PING"}
	}, "WRONGPASS"},
	"backup": {"backup", "backup-store", func(_, value string) []string {
		const open = `. /etc/platform/repository && printf %s "$1" >/tmp/tried && export RESTIC_PASSWORD_FILE=/tmp/tried && repository cat config --no-lock`
		return []string{"sh", "-c", open, "sh", value}
	}, "wrong password or no key found"},
}

// valueOf is what a slot of a credential holds.
func valueOf(t *testing.T, name, slot string) string {
	t.Helper()
	if name == "api" {
		return stack.Password
	}
	value := stack.secrets(t)[uses[name].resource+"-"+slot+" result"]
	if value == "" {
		t.Fatalf("slot %s of %s has no value", slot, name)
	}
	return value
}

// expectOld wants the value that was retired to open nothing within a minute, and the one in its place to open what it is for.
func expectOld(t *testing.T, name, oldSlot, old string) {
	t.Helper()
	if name == "api" {
		expectRetired(t, old)
		if got := statusOf(t, stack.Password); got != http.StatusOK {
			t.Errorf("with the new value: %d, want 200", got)
		}
		return
	}
	u := uses[name]
	newSlot := map[string]string{"a": "b", "b": "a"}[oldSlot]
	try := func(slot, value string) ExecResult {
		return stack.Exec(t, stack.Container(t, u.workload).ID, u.command(slot, value)...)
	}
	Await(t, refusedWithin, "the old value of "+name+" to be refused", func() error {
		said := try(oldSlot, old)
		for _, refusal := range strings.Split(u.refusal, "\x00") {
			if strings.Contains(said.Stdout+said.Stderr, refusal) {
				return nil
			}
		}
		return fmt.Errorf("it says %d: %s%s", said.Code, said.Stdout, said.Stderr)
	})
	if said := try(newSlot, valueOf(t, name, newSlot)); said.Code != 0 || strings.Contains(said.Stdout, "WRONGPASS") {
		t.Errorf("the new value of %s opens nothing: %s%s", name, said.Stdout, said.Stderr)
	}
}

// testRotationOfEach rotates every credential that a stack can have, five times in a row.
func testRotationOfEach(t *testing.T) {
	withOwnAuthorities(t)
	withEverything(t)
	for _, name := range []string{"database", "redis", "api", "postgresExporter", "sqlExporter", "backup", "backupRole", "ca"} {
		t.Run(name, func(t *testing.T) {
			active, other := "a", "b"
			for range 5 {
				old := ""
				if name != "ca" {
					old = valueOf(t, name, active)
				}
				underLoad(t, func() { rotateNow(t, name) })
				active, other = other, active
				expectRotated(t, name, active, false)
				if name != "ca" {
					expectOld(t, name, other, old)
				}
				expectWatchedAndCopied(t)
			}
		})
	}
	underLoad(t, func() { rotateNow(t, "all") })
	for _, name := range []string{"database", "redis", "api", "postgresExporter", "sqlExporter", "backup", "backupRole", "ca"} {
		expectRotated(t, name, "a", false)
	}
	expectWatchedAndCopied(t)
}

// withEverything puts up all that has a credential.
func withEverything(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { removeCollected(t) }) // after the stack has been put back
	backedUp(t, withPatience(), Set("monitoring.enabled", true), Set("monitoring.speed", hurry))
	t.Cleanup(func() { // what the next `up` puts back would replace the active key
		if out, err := stack.pulumi("state", "unprotect", "--all", "--yes"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// expectWatchedAndCopied wants figures of everything to arrive, and a snapshot of now.
func expectWatchedAndCopied(t *testing.T) {
	t.Helper()
	now := time.Now()
	Await(t, time.Minute, "all targets to answer", func() error { return targetsUp(t) })
	awaitCopy(t, now)
}

// testRotationByHand follows docs/operations.md, for somebody who has nothing but Pulumi.
func testRotationByHand(t *testing.T) {
	stack.Up(t, withPatience())
	old := valueOf(t, "redis", "a")
	commands := commandsAfter(t, "docs/operations.md", "By hand it is the same edits")
	if len(commands) != 7 {
		t.Fatalf("the page has %q", commands)
	}
	underLoad(t, func() {
		for _, command := range commands {
			byHand(t, command)
		}
		byHand(t, "pulumi up") // again, which changes nothing
	})
	expectRotated(t, "redis", "b", false)
	expectOld(t, "redis", "a", old)

	// Turned, and undone before anybody retired the old value.
	underLoad(t, func() {
		for _, command := range []string{
			"pulumi config set --path prefect-platform:rotation.redis.a 2", "pulumi config set --path prefect-platform:rotation.redis.active a",
			"pulumi config set --path prefect-platform:rotation.redis.keep true", "pulumi config set --path prefect-platform:rotation.redis.since today", "pulumi up",
			"pulumi config set --path prefect-platform:rotation.redis.active b", "pulumi up", "pulumi config set --path prefect-platform:rotation.redis.keep false", "pulumi up",
		} {
			byHand(t, command)
		}
	})
	expectRotated(t, "redis", "b", false)

	// A jump says that clients may meet errors: the old value ends at once, and afterwards all is well.
	old = valueOf(t, "redis", "b")
	for _, command := range []string{"pulumi config set --path prefect-platform:rotation.redis.a 3", "pulumi config set --path prefect-platform:rotation.redis.active a", "pulumi up"} {
		byHand(t, command)
	}
	expectOld(t, "redis", "b", old)
	Await(t, time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })
	underLoad(t, func() {})
}

// byHand runs a command of the documentation, today and without questions.
func byHand(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(command)
	for i, word := range words {
		if _, err := time.Parse(time.DateOnly, word); err == nil || word == "today" {
			words[i] = time.Now().UTC().Format(time.DateOnly)
		}
	}
	if words[1] == "up" {
		words = append(words, "--yes", "--skip-preview")
	}
	if out, err := stack.pulumi(words[1:]...); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// commandsAfter are those of the block that follows some words on a page.
func commandsAfter(t *testing.T, page, words string) (commands []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(stack.clone, page))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), words)
	if !found {
		t.Fatalf("%s does not say %q", page, words)
	}
	block := strings.SplitN(after, "```", 3)
	for line := range strings.Lines(block[1]) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			command, _, _ = strings.Cut(command, " #")
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	return commands
}

// written is the configuration as it is in the stack's file now.
func written(t *testing.T) map[string]any {
	t.Helper()
	file, err := readStackFile(stack.stackFile())
	if err != nil {
		t.Fatal(err)
	}
	return file.Config
}

// testRotationOfSupplied turns to a value of one's own, from that to another, and back to a generated one.
func testRotationOfSupplied(t *testing.T) {
	const first, second = `fir$t @/:#?& "v\a'lue%`, `another 'one' of \my own%20`
	stack.Up(t, withPatience())
	for _, each := range []struct{ key, value string }{{"apiPasswordB", first}, {"apiPasswordA", second}} {
		old := stack.Password
		underLoad(t, func() {
			if out, err := stack.pulumiIn(each.value, "config", "set", "--secret", fullKey(each.key)); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			rotateNow(t, "api")
		})
		if stack.Password != each.value {
			t.Fatalf("the value is %q, want %q", stack.Password, each.value)
		}
		expectOld(t, "api", "", old)
	}
	if out, err := stack.platform("rotate", "api", "--yes"); err == nil || !strings.Contains(out, "supply the next one first") {
		t.Errorf("a value of one's own was followed by a generated one: %v\n%s", err, out)
	}
	old := stack.Password
	underLoad(t, func() { rotateNow(t, "api", "--generate") })
	expectOld(t, "api", "", old)
	if now := written(t); now[fullKey("apiPasswordA")] != nil || now[fullKey("apiPasswordB")] != nil {
		t.Error("a retired value of one's own is left in the configuration")
	}
}

// testRotationKilled kills the command, with all that it started, after each third container that it makes, goes on or back, and goes on with the next third.
func testRotationKilled(t *testing.T) {
	stack.Up(t, withPatience())
	active := "a"
	for containers := 1; ; containers += 3 {
		killed, back := false, containers%2 == 0
		underLoad(t, func() {
			killed = killRotation(t, "database", containers)
			rotation, _ := written(t)[fullKey("rotation")].(map[string]any)
			database, _ := rotation["database"].(map[string]any)
			switch kept := database["keep"] == true; {
			case !killed:
				active = map[string]string{"a": "b", "b": "a"}[active]
			case kept && back:
				rotateNow(t, "database", "--back")
			case kept:
				rotateNow(t, "database")
				active = map[string]string{"a": "b", "b": "a"}[active]
			default: // in the second step: no edit is left
				if out, err := stack.platform("up", "--yes"); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				active = map[string]string{"a": "b", "b": "a"}[active]
			}
		})
		t.Logf("killed after %d containers: %v", containers, killed)
		expectRotated(t, "database", active, false)
		expectLogins(t, "prefect_"+active)
		if !killed {
			if containers < 10 {
				t.Errorf("a whole rotation makes %d containers only", containers)
			}
			return
		}
	}
}
