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

// copying stands in for PostgreSQL's programs; the copy has KIB, the dump DUMP_KIB, and a table unless TABLES says otherwise.
var copying = map[string]string{
	"pg_basebackup": `for each; do case $each in --pgdata=*) into=${each#*=} ;; esac; done
echo 'START WAL LOCATION: 0/2000028 (file 000000010000000000000002)' >"$into/backup_label"
dd if=/dev/zero of="$into/data" bs=1024 count="$KIB" 2>/dev/null`,
	"psql":            `echo 'public.flow|1|2'; dd if=/dev/zero of="$DUMP/$PGDATABASE.dump" bs=1024 count="${DUMP_KIB:-1}" 2>/dev/null; [ -n "${UNDUMPED:-}" ] || : >"$DUMP/whole"`,
	"pg_verifybackup": `[ "${DAMAGED:-}" = "" ]`, "pg_dumpall": "", "pg_restore": `echo "${TABLES-TABLE DATA}"`, "pg_archivecleanup": "",
	"sleep": `rm -f "$STAGE/store-now"; exec /bin/sleep 1`, // names of copies differ by a second
}

// copies tells whether a copy was taken.
func (p place) copies(t *testing.T, kib int, env ...string) bool {
	t.Helper()
	p.write(t, "stage/identity", "server|1")
	if p.read("stage/received") == "" {
		p.received(t, time.Now().Add(time.Hour))
	}
	exit, said := p.run(t, functions(copyScript)+"copy", append(env, fmt.Sprintf("KIB=%d", kib))...)
	t.Logf("%d KiB: %d %s", kib, exit, strings.TrimSpace(said))
	return exit == 0
}

func TestCopy_RefusesOneThatShrankUnlessTheNextIsAlike(t *testing.T) {
	p := newPlace(t, copying)
	for i, each := range []struct {
		kib  int
		want bool
	}{{1000, true}, {900, true}, {300, false}, {100, false}, {700, true}, {200, false}, {220, true}} {
		if got := p.copies(t, each.kib); got != each.want {
			t.Errorf("step %d, %d KiB: taken %v", i, each.kib, got)
		}
	}
}

func TestCopy_RefusesWhatIsDamagedOrEmpty(t *testing.T) {
	for name, env := range map[string]string{"damaged": "DAMAGED=yes", "a dump without tables": "TABLES=", "a dump that failed": "UNDUMPED=yes"} {
		p := newPlace(t, copying)
		if p.copies(t, 100, env) {
			t.Errorf("%s is taken", name)
		}
		if found, _ := filepath.Glob(filepath.Join(p.dir, "stage/base/*Z")); len(found) > 0 {
			t.Errorf("%s is there: %v", name, found)
		}
	}
}

func TestCopy_TakesTheOneBeforeAwayOnlyAfterItWasStoredOnceMore(t *testing.T) {
	programs := map[string]string{}
	for name, script := range copying {
		programs[name] = script
	}
	programs["sleep"] = `[ ! -e "$STAGE/store-now" ] || { ls "$STAGE/base" >"$STAGE/seen"; rm "$STAGE/store-now"; }`
	p := newPlace(t, programs)
	p.write(t, "stage/base/20261126T210000Z/backup_label", "")
	if !p.copies(t, 100) {
		t.Fatal("no copy was taken")
	}
	if seen := p.read("stage/seen"); seen != "20261126T210000Z\n" {
		t.Errorf("there was %q when everything was stored", seen)
	}
	found, _ := filepath.Glob(filepath.Join(p.dir, "stage/base/*Z"))
	if len(found) != 1 || strings.HasSuffix(found[0], "20261126T210000Z") {
		t.Errorf("there is %v", found)
	}
	if !strings.Contains(p.read("calls"), "pg_archivecleanup "+p.dir+"/stage/wal 000000010000000000000002") {
		t.Errorf("it called\n%s", p.read("calls"))
	}
}

func TestReceive_BeginsAnewOnlyOnceAllIsStored(t *testing.T) {
	p := newPlace(t, map[string]string{
		"psql": "", "pg_receivewal": "",
		"sleep": `ls "$STAGE" | grep -q wal && echo kept >"$STAGE/seen"; rm -f "$STAGE/store-now"`,
	})
	p.write(t, "stage/identity", "another|1")
	p.write(t, "stage/wal/000000010000000000000001", "")
	if exit, said := p.run(t, strings.Replace(functions(receiveScript), "slot=$1", "slot=backup", 1)+"begin_anew 'server|1'"); exit != 0 {
		t.Fatalf("%d: %s", exit, said)
	}
	if p.read("stage/seen") != "kept\n" || p.read("stage/identity") != "server|1\n" || !strings.Contains(p.read("calls"), "pg_receivewal --slot=backup --create-slot") {
		t.Errorf("seen %q, identity %q, it called\n%s", p.read("stage/seen"), p.read("stage/identity"), p.read("calls"))
	}
	if found, _ := filepath.Glob(filepath.Join(p.dir, "stage/wal/*")); len(found) > 0 {
		t.Errorf("what belongs to another server is left: %v", found)
	}
}

// refusedBytes is what the report says of a copy or dump that is not taken now.
func (p place) refusedBytes(what string) string {
	for line := range strings.Lines(p.read("reports/copy.prom")) {
		if value, found := strings.CutPrefix(line, `prefect_backup_refused_bytes{what="`+what+`"} `); found {
			return strings.TrimSpace(value)
		}
	}
	return "nothing"
}

func TestCopy_TellsWhatItRefusesAsLongAsItDoes(t *testing.T) {
	p := newPlace(t, copying)
	for i, each := range []struct {
		kib, dump string
		taken     bool
		refused   string // of the copy and of the dump: none, some
	}{
		{"1000", "1000", true, "0 0"},
		{"400", "1000", false, "some 0"},
		{"1000", "1000", true, "0 0"},
		{"1000", "100", false, "0 some"}, // somebody emptied tables: the copy is as large as ever
		{"1000", "110", true, "0 0"},     // an hour later
	} {
		taken := p.copies(t, atoi(t, each.kib), "DUMP_KIB="+each.dump)
		refused := p.refusedBytes("copy") + " " + p.refusedBytes("dump")
		if each.refused != "0 0" {
			for _, field := range strings.Fields(refused) {
				if field != "0" {
					refused = strings.Replace(refused, field, "some", 1)
				}
			}
		}
		if taken != each.taken || refused != each.refused {
			t.Errorf("step %d: taken %v, refused %s, want %v, %s\n%s", i, taken, refused, each.taken, each.refused, p.read("reports/copy.prom"))
		}
	}
	if report := p.read("reports/copy.prom"); !strings.Contains(report, "\nprefect_backup_dump_size_bytes 1") || !strings.Contains(report, "\nprefect_backup_duration_seconds ") {
		t.Errorf("the report is\n%s", report)
	}
}

// After a restore to an earlier moment, or with an empty server in the place of a lost one, there is nothing else that could be restored.
func TestCopy_TakesTheFirstOfASmallerServerAndTellsUntilTheNextAgrees(t *testing.T) {
	p := newPlace(t, copying)
	if !p.copies(t, 1000, "DUMP_KIB=1000") {
		t.Fatal("no copy was taken")
	}
	if err := os.RemoveAll(filepath.Join(p.dir, "stage/base")); err != nil { // as receive does for another server
		t.Fatal(err)
	}
	if !p.copies(t, 1000, "DUMP_KIB=100") || p.refusedBytes("dump") == "0" || !p.exists("stage/shrunken") {
		t.Errorf("the first of a smaller server: shrunken %v\n%s", p.exists("stage/shrunken"), p.read("reports/copy.prom"))
	}
	if !p.copies(t, 1000, "DUMP_KIB=110") || p.refusedBytes("dump") != "0" || p.exists("stage/shrunken") {
		t.Errorf("the next: shrunken %v\n%s", p.exists("stage/shrunken"), p.read("reports/copy.prom"))
	}
	if p.copies(t, 1000, "DUMP_KIB=10") {
		t.Error("one that shrank again is taken at once")
	}
}

func TestCopy_TellsOfADumpWithoutTables(t *testing.T) {
	p := newPlace(t, copying)
	p.copies(t, 100, "TABLES=")
	if got := p.refusedBytes("dump"); got == "0" || got == "nothing" {
		t.Errorf("the report is\n%s", p.read("reports/copy.prom"))
	}
	if !p.copies(t, 100) || p.refusedBytes("dump") != "0" {
		t.Errorf("after one with tables the report is\n%s", p.read("reports/copy.prom"))
	}
}

func TestCopy_TakesNoneWhoseChangesAreNotReceived(t *testing.T) {
	programs := map[string]string{}
	for name, script := range copying {
		programs[name] = script
	}
	programs["sleep"] = ""
	p := newPlace(t, programs)
	p.received(t, time.Now().Add(-time.Minute))
	p.write(t, "stage/base/20261126T210000Z/backup_label", "")
	if p.copies(t, 100) {
		t.Error("a copy is taken that is no database")
	}
	if found, _ := filepath.Glob(filepath.Join(p.dir, "stage/base/*Z")); len(found) != 1 {
		t.Errorf("the one before is gone: %v", found)
	}
}

func TestCopy_IsDueWhenTheLastIsOldOrDoubted(t *testing.T) {
	for name, each := range map[string]struct {
		script string
		due    bool
	}{
		"new":                         {"", false},
		"old":                         {`touch -d '25 hours ago' "$STAGE/base/20261127T210000Z"`, true},
		"of a version before":         {`rm "$STAGE/dump/tables"`, true},
		"of a smaller server":         {`touch -d '2 hours ago' "$STAGE/shrunken"`, true},
		"of one that was made now":    {`touch "$STAGE/shrunken"`, false},
		"found damaged":               {`touch -d '1 second' "$STAGE/doubted"`, true},
		"after one that was damaged":  {`touch -d '1 minute ago' "$STAGE/doubted"`, false},
		"of a server that is unknown": {`rm "$STAGE/identity"`, false},
	} {
		p := staged(t, "")
		p.write(t, "stage/identity", "server|1")
		p.write(t, "stage/dump/tables", "")
		if exit, said := p.run(t, functions(copyScript)+each.script+"\ndue"); (exit == 0) != each.due {
			t.Errorf("%s: due %v\n%s", name, exit == 0, said)
		}
	}
}

// following stands in for a server, which answers what is in $SAYS, and for a clock that goes on 10 s at each look. After some looks nothing receives any more.
var following = map[string]string{
	"psql":  `cat "$STAGE/says"`,
	"sleep": `/bin/sleep 0.05; echo >>"$STAGE/slept"; [ "$(wc -l <"$STAGE/slept")" -lt "$TURNS" ] || kill "$(cat "$STAGE/pid")"`,
	"date":  `case $1 in +%s) n=$(($(cat "$STAGE/clock" 2>/dev/null || echo 1000) + 10)); echo $n >"$STAGE/clock"; echo $n ;; *) exec /bin/date "$@" ;; esac`,
}

func TestReceive_NotesOnlyWhatTheServerSaysIsThere(t *testing.T) {
	for says, want := range map[string]struct {
		received, ready, ended bool
	}{
		"0/2000|0/2100|0/2100|t": {received: true, ready: true},
		"0/2000|0/2100|0/1000|f": {ended: true}, // it hangs
		"":                       {},            // nobody answers
	} {
		p := newPlace(t, following)
		p.write(t, "stage/says", says)
		if want.ended {
			p.write(t, "tmp/ready", "")
		}
		script := strings.Replace(functions(receiveScript), "slot=$1", "slot=backup", 1) + `/bin/sleep 60 &
receiver=$!
echo $receiver >"$STAGE/pid"
follow
wait $receiver
echo "ended by $?"`
		_, said := p.run(t, script, "TURNS=15")
		received := p.read("stage/received")
		if (received != "") != want.received || strings.Contains(said, "ended by 137") != want.ended || strings.Contains(said, "started anew") != want.ended {
			t.Errorf("%q: received %q\n%s", says, received, said)
		}
		if _, err := os.Stat(filepath.Join(p.dir, "tmp/ready")); (err == nil) != want.ready {
			t.Errorf("%q: ready is %v", says, err == nil)
		}
		if report := p.read("reports/receive.prom"); (report != "") != want.received {
			t.Errorf("%q: the report is %q", says, report)
		}
		if !want.received {
			continue
		}
		var at int64
		var form, position string
		if _, err := fmt.Sscan(received, &at, &form, &position); err != nil || form != time.Unix(at, 0).UTC().Format("20060102T150405Z") || position != "0/2100" {
			t.Errorf("received is %q: %v", received, err)
		}
	}
}

// A receiver that has much to catch up is not ended, and not taken for ready.
func TestReceive_LeavesWhatComesOnAlone(t *testing.T) {
	programs := map[string]string{}
	for name, script := range following {
		programs[name] = script
	}
	programs["psql"] = `n=$(($(cat "$STAGE/n" 2>/dev/null || echo 0) + 1)); echo $n >"$STAGE/n"; echo "0/9000|0/9000|0/$n|f"`
	p := newPlace(t, programs)
	_, said := p.run(t, strings.Replace(functions(receiveScript), "slot=$1", "slot=backup", 1)+"/bin/sleep 60 &\nreceiver=$!\necho $receiver >\"$STAGE/pid\"\nfollow", "TURNS=20")
	if strings.Contains(said, "started anew") || p.read("stage/received") != "" {
		t.Errorf("received %q\n%s", p.read("stage/received"), said)
	}
}

func TestReceiving_TellsWhatHangsFromWhatWaits(t *testing.T) {
	for script, want := range map[string]int{
		": >/tmp/round; : >/tmp/ready\n":                       0,
		": >/tmp/round\n":                                      1,
		"touch -d '2 minutes ago' /tmp/round; : >/tmp/ready\n": 2,
		": >/tmp/ready\n":                                      2,
	} {
		p := newPlace(t, nil)
		if exit, said := p.run(t, script+receivingScript); exit != want {
			t.Errorf("%q: %d, want %d\n%s", script, exit, want, said)
		}
	}
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
