//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// backupFigure is the value of a metric as the backup reports it.
func backupFigure(t *testing.T, metric string) float64 {
	t.Helper()
	said := stack.Exec(t, stack.Container(t, "backup-store").ID, "sh", "-c", "cat /reports/*.prom").Stdout
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(metric) + ` ([0-9.e+]+)$`).FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("no %s in\n%s", metric, said)
	}
	value, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// newestMoment is the last one that `restore --list` promises.
func newestMoment(t *testing.T) time.Time {
	t.Helper()
	out, err := stack.platform("restore", "--list")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	fields := strings.Fields(out)
	moment, err := time.Parse(time.RFC3339, fields[len(fields)-1])
	if err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return moment
}

// stopReceiving stops the process that receives, as one hangs that waits for a disk, and returns when.
func stopReceiving(t *testing.T) time.Time {
	t.Helper()
	const script = `for p in /proc/[0-9]*; do [ "$(cat "$p/comm" 2>/dev/null)" != pg_receivewal ] || kill -STOP "${p#/proc/}"; done`
	if said := stack.Exec(t, stack.Container(t, "backup-wal").ID, "sh", "-c", script); said.Code != 0 {
		t.Fatal(said.Stderr)
	}
	stack.PG(t, "CREATE TABLE unreceived ()")
	return time.Now()
}

// noSuccess waits until a snapshot is made of what no longer comes: it must promise nothing beyond that. What hangs is started anew after a while.
func noSuccess(t *testing.T, stopped time.Time) {
	t.Helper()
	receiver, store := stack.Container(t, "backup-wal").ID, stack.Container(t, "backup-store").ID
	Await(t, 3*time.Minute, "a snapshot that is no success", func() error {
		stack.Exec(t, store, "sh", "-c", `[ -e "$STAGE/store-now" ] || echo test >"$STAGE/store-now"`)
		if _, said := stack.Logs(t, store); !strings.Contains(said, "so this snapshot is no success") {
			return fmt.Errorf("the store has said %q", said)
		}
		return nil
	})
	if healthy := stack.Exec(t, receiver, "/etc/platform/receiving"); healthy.Code != 1 && backupFigure(t, "prefect_backup_received_timestamp_seconds") < float64(stopped.Unix()+1) {
		t.Errorf("what receives nothing is healthy: %d", healthy.Code)
	}
	Await(t, 3*time.Minute, "what hangs to be started anew", func() error {
		if _, said := stack.Logs(t, receiver); !strings.Contains(said, "what receives is started anew") {
			// Until then nothing may be promised.
			if at := backupFigure(t, "prefect_backup_last_success_timestamp_seconds"); at > float64(stopped.Unix()+1) {
				t.Errorf("a success of %s, and nothing came after %s", time.Unix(int64(at), 0), stopped)
			}
			if to := newestMoment(t); to.After(stopped.Add(time.Second)) {
				t.Errorf("the list promises %s, and nothing came after %s", to, stopped)
			}
			return fmt.Errorf("it says %q", said)
		}
		return nil
	})
	stack.PG(t, "DROP TABLE unreceived")
	took := Await(t, 2*time.Minute, "a success again", func() error {
		stack.Exec(t, store, "sh", "-c", `[ -e "$STAGE/store-now" ] || echo test >"$STAGE/store-now"`)
		if at := backupFigure(t, "prefect_backup_last_success_timestamp_seconds"); at < float64(stopped.Unix()+60) {
			return fmt.Errorf("the last is of %s", time.Unix(int64(at), 0))
		}
		return nil
	})
	t.Logf("what hung was started anew, and a snapshot was good %s later", took.Round(100*time.Millisecond))
}

// awaitReceived waits until what was committed by now is received.
func awaitReceived(t *testing.T) {
	t.Helper()
	now := float64(time.Now().Unix() + 1)
	Await(t, time.Minute, "what was committed to be received", func() error {
		if at := backupFigure(t, "prefect_backup_received_timestamp_seconds"); at < now {
			return fmt.Errorf("received until %s", time.Unix(int64(at), 0))
		}
		return nil
	})
}

// drilled has the newest snapshot tried.
func drilled(t *testing.T) {
	t.Helper()
	start := time.Now()
	out, err := stack.platform("backup", "drill")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("a drill took %s\n%s", time.Since(start).Round(100*time.Millisecond), strings.TrimSpace(out))
	for _, want := range []string{`it has all that was received until \d+T\d+Z`, `every table and index is whole`, `the dump has the \d\d+ tables of the source with the same \d\d+ rows`, `Prefect \d.* started on it in`, `it decrypted \d+ of \d+ blocks.*\(.*Secret`, `and is whole`} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("it does not say %q", want)
		}
	}
}

// gap takes a file out of the changes that were received: the drill must say so, and the server is copied anew.
func gap(t *testing.T) {
	t.Helper()
	receiver := stack.Container(t, "backup-wal").ID
	for range 2 {
		stack.PG(t, "CREATE TABLE filler AS SELECT generate_series(1, 1000) AS i")
		stack.PG(t, "DROP TABLE filler")
		stack.PG(t, "SELECT pg_switch_wal()")
	}
	stack.PG(t, "CREATE TABLE filler ()")
	stack.PG(t, "DROP TABLE filler")
	awaitReceived(t)
	const script = `cd /stage/wal && rm "$(ls | tail -n 2 | head -n 1)"`
	if said := stack.Exec(t, receiver, "sh", "-c", script); said.Code != 0 {
		t.Fatal(said.Stderr)
	}
	start := time.Now()
	if out, err := stack.platform("backup", "drill"); err == nil || !strings.Contains(out, "a file of WAL is missing or damaged") || !strings.Contains(out, "it must not be relied on") {
		t.Errorf("a drill with a gap in the changes: %v\n%s", err, out)
	}
	if backupFigure(t, "prefect_backup_restore_test_failed") != 1 {
		t.Error("no alert would tell of it")
	}
	if full {
		awaitCopy(t, start)
		drilled(t)
	}
}
