package backup

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// place is a folder in which scripts run as in a container, with other programs than the real ones.
type place struct{ dir string }

// programs are shell scripts by the names of the programs that they stand in for. Each call is noted.
func newPlace(t *testing.T, programs map[string]string) place {
	t.Helper()
	p := place{t.TempDir()}
	for _, folder := range []string{"bin", "files", "tmp", "stage", "reports", "drill"} {
		if err := os.Mkdir(filepath.Join(p.dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range programs {
		p.write(t, "bin/"+name, "#!/bin/sh\necho \""+name+" $*\" >>"+p.dir+"/calls\n"+script+"\n")
	}
	for name, script := range map[string]string{"repository": repositoryScript, "snapshot": snapshotScript, "tidy": tidyScript, "examine": examineScript, "tables.sql": tablesSQL, "key": "new", "other-key": "old", "password": "p"} {
		p.write(t, "files/"+name, p.here(script))
	}
	return p
}

func (p place) here(script string) string {
	return strings.NewReplacer("/etc/platform", p.dir+"/files", "/tmp/", p.dir+"/tmp/").Replace(script)
}

func (p place) write(t *testing.T, name, content string) {
	t.Helper()
	file := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (p place) read(name string) string {
	content, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		return ""
	}
	return string(content)
}

// run runs a script and returns its exit code and what it printed.
func (p place) run(t *testing.T, script string, env ...string) (int, string) {
	t.Helper()
	command := exec.Command("sh", "-c", "set -u\n"+p.here(script))
	command.Env = append([]string{
		"PATH=" + p.dir + "/bin:" + os.Getenv("PATH"), "STAGE=" + p.dir + "/stage", "REPORT=" + p.dir + "/reports", "DRILL=" + p.dir + "/drill",
		"PGHOST=/nowhere", "STACK=dev", "EVERY_HOURS=24", "KEEP_DAYS=14", "DRILL_DAYS=7", "KEEP_OTHER_KEY=true", "RESTIC_REPOSITORY=/repository", "REPOSITORY_USER=", "PGDATABASE=prefect",
	}, env...)
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(output)
}

const opening = ". /etc/platform/repository\nopen"

func TestOpen_MakesARepositoryOnlyWhereNoneIs(t *testing.T) {
	for code, want := range map[int]struct {
		exit int
		made bool
	}{0: {0, false}, 10: {0, true}, 1: {1, false}, 11: {1, false}, 12: {1, false}} {
		p := newPlace(t, map[string]string{"restic": fmt.Sprintf(`case $1 in cat) exit %d ;; key) exit 12 ;; esac`, code)})
		exit, said := p.run(t, opening)
		if made := strings.Contains(p.read("calls"), "restic init"); exit != want.exit || made != want.made {
			t.Errorf("restic says %d: exit code %d, made %v\n%s", code, exit, made, said)
		}
	}
}

func TestOpen_LetsTheNewKeyInByTheOtherOne(t *testing.T) {
	p := newPlace(t, map[string]string{"restic": `case $1 in cat) exit 12 ;; key) grep -q old "$RESTIC_PASSWORD_FILE" ;; esac`})
	if exit, said := p.run(t, opening); exit != 0 {
		t.Fatalf("%d: %s", exit, said)
	}
	if calls := p.read("calls"); !strings.Contains(calls, "restic key add --new-password-file "+p.dir+"/files/key") {
		t.Errorf("it called\n%s", calls)
	}
}

func TestOpen_TakesARetiredKeyAwayAndNoOther(t *testing.T) {
	listing := `case $1$2 in keylist) printf ' ID        User\n-----------\n 11111111  nobody\n*22222222  nobody\n' ;; esac`
	for keep, want := range map[string]bool{"true": false, "false": true} {
		p := newPlace(t, map[string]string{"restic": listing})
		if exit, said := p.run(t, opening, "KEEP_OTHER_KEY="+keep); exit != 0 {
			t.Fatalf("%d: %s", exit, said)
		}
		calls := p.read("calls")
		if strings.Contains(calls, "key remove 22222222") != want || strings.Contains(calls, "remove 11111111") {
			t.Errorf("keep %s: it called\n%s", keep, calls)
		}
	}
}

func TestRepository_ChecksTheHostKeysOfAnSFTPServer(t *testing.T) {
	p := newPlace(t, map[string]string{"restic": ""})
	p.run(t, ". /etc/platform/repository\nrepository snapshots", "RESTIC_REPOSITORY=sftp:me@host:/path")
	if calls := p.read("calls"); !strings.Contains(calls, "StrictHostKeyChecking=yes") || !strings.Contains(calls, "UserKnownHostsFile="+p.dir+"/files/known-hosts") {
		t.Errorf("it called\n%s", calls)
	}
}

const storing = ". /etc/platform/repository\n. /etc/platform/snapshot\nsnapshot"

// staged is a place with a copy and what follows it.
func staged(t *testing.T, restic string) place {
	t.Helper()
	p := newPlace(t, map[string]string{"restic": restic})
	p.write(t, "stage/base/20261127T210000Z/backup_label", "")
	p.write(t, "stage/wal/000000010000000000000001.partial", "")
	p.write(t, "stage/dump/prefect.dump", "")
	p.received(t, time.Now().Add(-5*time.Second))
	return p
}

// received has a receiver say up to when it has everything.
func (p place) received(t *testing.T, at time.Time) {
	t.Helper()
	p.write(t, "stage/received", fmt.Sprintf("%d %s 0/3000028\n", at.Unix(), at.UTC().Format("20060102T150405Z")))
}

func TestSnapshot_HasCopyDumpAndWALUnderTheNameOfTheCopy(t *testing.T) {
	p := staged(t, `[ "$1" != backup ] || find . -type f | sort >"$STAGE/seen"`)
	if exit, said := p.run(t, storing); exit != 0 {
		t.Fatalf("%d: %s", exit, said)
	}
	if calls := p.read("calls"); !strings.Contains(calls, " base dump wal received ") || !strings.Contains(calls, "--tag base=20261127T210000Z ") {
		t.Errorf("it called\n%s", calls)
	}
	if seen := p.read("stage/seen"); seen != "./base/20261127T210000Z/backup_label\n./dump/prefect.dump\n./received\n./wal/000000010000000000000001.partial\n" {
		t.Errorf("restic saw\n%s", seen)
	}
	if report := p.read("reports/store.prom"); !strings.HasPrefix(report, "prefect_backup_last_success_timestamp_seconds ") {
		t.Errorf("the report is %q", report)
	}
}

func TestSnapshot_AnswersWhoAskedForItOnlyOnceItIsStored(t *testing.T) {
	for code, want := range map[int]string{0: "", 1: "me", 3: "me"} {
		p := staged(t, fmt.Sprintf(`[ "$1" != backup ] || exit %d`, code))
		p.write(t, "stage/store-now", "me")
		exit, _ := p.run(t, storing)
		if left := p.read("stage/store-now"); left != want || (exit == 0) != (code == 0) {
			t.Errorf("restic says %d: exit code %d, what was asked is %q", code, exit, left)
		}
		if report := p.read("reports/store.prom"); (report != "") != (code == 0) {
			t.Errorf("restic says %d: the report is %q", code, report)
		}
		if forgot := strings.Contains(p.read("calls"), "forget --quiet --host dev latest"); forgot != (code == 3) {
			t.Errorf("restic says %d: an incomplete snapshot is taken away: %v", code, forgot)
		}
	}
	p := staged(t, `[ "$1" != backup ] || echo another >"$STAGE/store-now"`)
	p.write(t, "stage/store-now", "me")
	if p.run(t, storing); p.read("stage/store-now") != "another\n" {
		t.Error("who asked meanwhile has got a snapshot from before")
	}
}

func TestSnapshot_IsNoSuccessWhenTheCopyIsOverdue(t *testing.T) {
	p := staged(t, "")
	p.run(t, `touch -d '27 hours ago' "$STAGE/base/20261127T210000Z"`)
	if exit, said := p.run(t, storing); exit != 0 || p.read("reports/store.prom") != "" {
		t.Errorf("exit code %d, report %q\n%s", exit, p.read("reports/store.prom"), said)
	}
}

func TestSnapshot_IsAsGoodAsWhatWasReceived(t *testing.T) {
	for age, good := range map[time.Duration]bool{20 * time.Second: true, 2 * time.Minute: false} {
		p := staged(t, "")
		at := time.Now().Add(-age)
		p.received(t, at)
		exit, said := p.run(t, storing)
		if want := "--tag received=" + at.UTC().Format("20060102T150405Z"); exit != 0 || !strings.Contains(p.read("calls"), want) {
			t.Errorf("%s: exit code %d, want %s\n%s%s", age, exit, want, said, p.read("calls"))
		}
		want := ""
		if good {
			want = fmt.Sprintf("prefect_backup_last_success_timestamp_seconds %d\n", at.Unix())
		}
		if report := p.read("reports/store.prom"); report != want || strings.Contains(said, "nothing has been received from the server since") == good {
			t.Errorf("%s: the report is %q, want %q\n%s", age, report, want, said)
		}
	}
}

func TestSnapshot_IsNoSuccessWhenTheServerIsMuchSmallerThanTheOneBefore(t *testing.T) {
	p := staged(t, "")
	p.write(t, "stage/shrunken", "")
	if exit, said := p.run(t, storing); exit != 0 || p.read("reports/store.prom") != "" || !strings.Contains(said, "no success until the next one agrees") {
		t.Errorf("exit code %d, report %q\n%s", exit, p.read("reports/store.prom"), said)
	}
}

func TestSnapshot_PromisesTheCopyOnlyWhereNothingSaysMore(t *testing.T) {
	p := staged(t, "")
	if err := os.Remove(filepath.Join(p.dir, "stage/received")); err != nil {
		t.Fatal(err)
	}
	p.run(t, storing)
	if !strings.Contains(p.read("calls"), "--tag received=20261127T210000Z ") || p.read("reports/store.prom") != "" {
		t.Errorf("the report is %q, it called\n%s", p.read("reports/store.prom"), p.read("calls"))
	}
}

func TestSnapshot_MarksTheLastOfTheCopyBefore(t *testing.T) {
	p := staged(t, `[ "$1" != tag ]`)
	p.write(t, "stage/stored", "20261126T210000Z")
	p.run(t, storing)
	if calls := p.read("calls"); !strings.Contains(calls, "--tag base=20261126T210000Z --add last latest") {
		t.Errorf("it called\n%s", calls)
	}
	if stored := p.read("stage/stored"); stored != "20261126T210000Z" {
		t.Errorf("the mark failed, and is not tried again: %s", stored)
	}
}

func TestTidy_KeepsTwoDaysAndTheLastOfEachCopy(t *testing.T) {
	p := newPlace(t, map[string]string{"restic": ""})
	if exit, said := p.run(t, ". /etc/platform/repository\n. /etc/platform/tidy\ntidy"); exit != 0 {
		t.Fatalf("%d: %s", exit, said)
	}
	for _, want := range []string{"--keep-within 2d --keep-tag last", "--tag last --keep-within 14d", "restic prune", "restic check"} {
		if !strings.Contains(p.read("calls"), want) {
			t.Errorf("lacks %s in\n%s", want, p.read("calls"))
		}
	}
}

// functions are those of a script without its endless loop.
func functions(script string) string {
	before, _, _ := strings.Cut(script, "\nwhile :; do")
	return before + "\n"
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
