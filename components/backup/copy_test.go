package backup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

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
