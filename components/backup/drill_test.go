package backup

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// exists tells whether a file is there.
func (p place) exists(name string) bool {
	_, err := os.Stat(filepath.Join(p.dir, name))
	return err == nil
}

const rehearsing = ". /etc/platform/repository\n. /etc/platform/tidy\nrehearse"

// bringing stands in for a repository that has what a drill wants.
const bringing = `case $1 in restore) eval into=\$$#; mkdir -p "$into" ;; dump) echo '1 20261127T210000Z 0/1' ;; esac`

func TestRehearse_IsDoneAfterDaysAndAfterAFailureWithinTheHourAndWhenAsked(t *testing.T) {
	for name, each := range map[string]struct {
		script string
		begins bool
	}{
		"the first":                    {"", true},
		"one of yesterday":             {`touch -d yesterday "$STAGE/rehearsed"`, false},
		"one of last week":             {`touch -d '8 days ago' "$STAGE/rehearsed"`, true},
		"one that failed an hour ago":  {`touch -d '1 hour ago' "$STAGE/rehearsed" "$DRILL/failed"`, true},
		"one that has failed":          {`touch "$STAGE/rehearsed" "$DRILL/failed"`, false},
		"somebody asks":                {`touch "$STAGE/rehearsed"; echo me >"$DRILL/asked"`, true},
		"somebody asks, and one is on": {`echo me >"$DRILL/asked"; echo other >"$DRILL/ready"`, false},
		"nothing was stored":           {`rm "$STAGE/stored"`, false},
	} {
		p := newPlace(t, map[string]string{"restic": bringing})
		p.write(t, "stage/stored", "20261127T210000Z\n")
		exit, said := p.run(t, each.script+"\n"+rehearsing)
		if calls := p.read("calls"); exit != 0 || strings.Contains(calls, "latest:/base/20261127T210000Z") != each.begins {
			t.Errorf("%s: exit code %d, it called\n%s%s", name, exit, calls, said)
		}
		if each.begins && (!p.exists("drill/ready") || p.read("drill/received") == "" || p.exists("drill/asked")) {
			t.Errorf("%s: the drill lacks something", name)
		}
	}
}

func TestRehearse_LeavesASnapshotThatCannotBeReadToTheDrillToTell(t *testing.T) {
	p := newPlace(t, map[string]string{"restic": `[ "$2 $1" != "--quiet dump" ]`})
	p.write(t, "stage/stored", "20261127T210000Z\n")
	p.write(t, "drill/asked", "me\n")
	p.run(t, rehearsing)
	if ready := p.read("drill/ready"); ready != "me\nthe newest snapshot cannot be read\n" {
		t.Errorf("it is told %q", ready)
	}
}

func TestRehearse_HasWhatWasFoundDamagedCopiedAnewOnce(t *testing.T) {
	p := newPlace(t, map[string]string{"restic": bringing})
	p.write(t, "stage/stored", "20261127T210000Z\n")
	p.run(t, `touch "$STAGE/rehearsed"; echo sound >"$DRILL/failed"`+"\n"+rehearsing)
	if p.exists("stage/doubted") {
		t.Error("a copy that is sound is doubted")
	}
	p.run(t, `echo damaged >"$DRILL/failed"`+"\n"+rehearsing)
	if !p.exists("stage/doubted") {
		t.Error("nothing is copied anew")
	}
	p.run(t, `touch -d '1 minute' "$STAGE/doubted"; touch -r "$STAGE/doubted" "$STAGE/then"`+"\n"+rehearsing+"\n"+`[ -z "$(find "$STAGE/doubted" -newer "$STAGE/then")" ]`)
	if exit, _ := p.run(t, `[ -z "$(find "$STAGE/then" -newer "$STAGE/doubted")" ]`); exit != 0 {
		t.Error("it is doubted again, for the same drill")
	}
}

// drilling runs one turn of the drill; after it something asks it to end.
func drilling(t *testing.T, p place, ready, recovering string) string {
	t.Helper()
	p.write(t, "files/recover", "#!/bin/sh\n"+recovering)
	p.write(t, "drill/ready", ready)
	exit, said := p.run(t, drillScript)
	if exit != 0 || p.exists("drill/ready") || p.exists("drill/data") {
		t.Errorf("exit code %d, and it leaves what it had\n%s", exit, said)
	}
	return said
}

func TestDrill_TellsHowItEndedAndKeepsTheTimeOfTheLastThatPassed(t *testing.T) {
	p := newPlace(t, map[string]string{"sleep": "kill -TERM $PPID"})
	const passed = "prefect_backup_restore_test_last_success_timestamp_seconds "

	said := drilling(t, p, "\nthe newest snapshot cannot be read\n", "exit 0")
	if report := p.read("reports/drill.prom"); report != "prefect_backup_restore_test_failed 1\n" || !strings.Contains(said, "the newest snapshot cannot be read") || p.exists("tmp/ready") {
		t.Errorf("unreadable: the report is %q\n%s", report, said)
	}
	drilling(t, p, "me\n\n", "echo all is well; exit 0")
	first := p.read("reports/drill.prom")
	if !strings.HasPrefix(first, passed) || !strings.HasSuffix(first, "prefect_backup_restore_test_failed 0\n") || p.read("drill/verdict") != "me passed\n" || p.exists("drill/failed") || !p.exists("tmp/ready") {
		t.Errorf("passed: the report is %q, the verdict %q", first, p.read("drill/verdict"))
	}
	if said := p.read("drill/said"); !strings.Contains(said, "all is well\n") || !strings.Contains(said, "is whole\n") {
		t.Errorf("who asked is told %q", said)
	}
	for how, recovering := range map[string]string{"damaged": "exit 1", "sound": `touch "$DRILL/sound"; exit 1`} {
		drilling(t, p, "me\n\n", recovering)
		if want := strings.Replace(first, "failed 0", "failed 1", 1); p.read("reports/drill.prom") != want || p.read("drill/verdict") != "me failed\n" || p.read("drill/failed") != how+"\n" {
			t.Errorf("failed: the report is %q, the verdict %q, what failed is %q", p.read("reports/drill.prom"), p.read("drill/verdict"), p.read("drill/failed"))
		}
	}
}

func TestDrill_HasOneThatWasInterruptedBroughtAgain(t *testing.T) {
	for ready, want := range map[string]string{"me\n\n": "me\n", "\n\n": "again\n"} {
		p := newPlace(t, map[string]string{"sleep": "kill -TERM $PPID"})
		p.write(t, "drill/begun", "")
		p.write(t, "drill/data/PG_VERSION", "18")
		drilling(t, p, ready, "exit 1")
		if asked := p.read("drill/asked"); asked != want || p.exists("drill/begun") || p.exists("reports/drill.prom") {
			t.Errorf("%q: it asks for %q, and reports %q", ready, asked, p.read("reports/drill.prom"))
		}
	}
}

// recovered stands in for a server that was made of a snapshot, and for Prefect on it.
var recovered = map[string]string{
	"psql": `case "$*" in
*tables.sql*) printf '%s\n' "${HAS:-public.flow|3|77}" "public.log|0|0" ;;
*pg_last_wal_replay_lsn*) echo 0/5000000 ;;
*'0/5000000'*) [ "${SHORT:-}" ] && echo f || echo t ;;
esac`,
	"pg_amcheck": `[ -z "${BROKEN:-}" ]`, "createdb": "", "pg_restore": `[ -z "${UNRESTORABLE:-}" ]`,
	"sleep": `[ ! -e "$DRILL/boot" ] || { rm "$DRILL/boot"; printf 'Prefect says something\n%s\n' "${BOOTED:-yes}" >"$DRILL/booted"; }`,
}

func TestExamine_FindsWhatIsNotWhatWasCopied(t *testing.T) {
	for name, each := range map[string]struct {
		env   string
		says  string
		sound bool
	}{
		"all is well":                  {"", "Prefect says something", true},
		"a gap in the WAL":             {"SHORT=yes", "the changes end at 0/5000000, and were received up to 0/5000028: a file of WAL is missing", false},
		"an index is broken":           {"BROKEN=yes", "it has all that was received until 20261127T210000Z", false},
		"a dump that is none":          {"UNRESTORABLE=yes", "every table and index is whole", false},
		"a row that is gone":           {"HAS=public.flow|2|77", "table public.flow differs: the source had 3 rows with the checksum 77, and the dump has 2 with 77", false},
		"a row that is another":        {"HAS=public.flow|3|78", "the dump has 3 with 78", false},
		"a table that is gone":         {"HAS=public.other|3|77", "table public.flow differs: the source had 3 rows with the checksum 77, and the dump has no such table", false},
		"a table too many":             {"HAS=public.flow|3|77\npublic.more|1|1", "the source had 2 tables, and the dump has 3", false},
		"Prefect does not start on it": {"BOOTED=no", "Prefect says something", true},
		"Prefect does not answer":      {"BOOT_SECONDS=0", "Prefect did not start on it within 0 s", true},
	} {
		p := newPlace(t, recovered)
		p.write(t, "drill/received", "1 20261127T210000Z 0/5000028\n")
		p.write(t, "drill/dump/tables", "public.flow|3|77\npublic.log|0|0\n")
		exit, said := p.run(t, examineScript, each.env)
		if (exit == 0) != (name == "all is well") || !strings.Contains(said, each.says) || p.exists("drill/sound") != each.sound {
			t.Errorf("%s: exit code %d, sound %v\n%s", name, exit, p.exists("drill/sound"), said)
		}
	}
}

func TestExamine_BelievesNoSnapshotThatDoesNotSayHowFarItGoes(t *testing.T) {
	for received, tables := range map[string]string{"0 20261127T210000Z\n": "public.flow|3|77\npublic.log|0|0\n", "1 20261127T210000Z 0/5000028\n": ""} {
		p := newPlace(t, recovered)
		p.write(t, "drill/received", received)
		p.write(t, "drill/dump/tables", tables)
		if exit, said := p.run(t, examineScript); exit == 0 {
			t.Errorf("%q with the tables %q passes\n%s", received, tables, said)
		}
	}
}

// server stands in for Prefect's API: it answers what boot.py asks.
const server = `#!/usr/bin/env python3
import http.server, json, os, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        if self.path.endswith("health"):
            said = True
        elif self.path.endswith("version"):
            said = "3.8.8"
        else:
            assert body["include_secrets"]
            said = json.loads(os.environ.get("BLOCKS", "null") if "BLOCKS" in os.environ else open("/tmp/blocks.json").read())
            said = said[body["offset"]:] if isinstance(said, list) else said
        self.send_response(500 if said == "damaged" else 200)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    do_GET = do_POST = answer
    log_message = lambda *_: None

port = int(sys.argv[sys.argv.index("--port") + 1])
print("it says something", flush=True)
http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
`

func TestBoot_ReadsTheBlocksOfAPrefectThatItStarts(t *testing.T) {
	const secret = `{"data": {"value": "x"}, "block_schema": {"fields": {"secret_fields": ["value"]}}, "block_type": {"name": "Secret"}}`
	const deep = `{"data": {"in": {"password": "x"}}, "block_schema": {"fields": {"secret_fields": ["in.password"]}}, "block_type": {"name": "Deep"}}`
	const plain = `{"data": {"value": 1}, "block_schema": {"fields": {}}, "block_type": {"name": "JSON"}}`
	for blocks, want := range map[string]struct {
		exit int
		says string
	}{
		"[" + secret + "," + plain + "," + deep + "]": {0, "it decrypted 2 of 3 blocks, which have secrets (Deep, Secret)"},
		"[" + plain + "]": {0, "none of 1 blocks has a secret, so none was decrypted"},
		"[]":              {0, "none of 0 blocks has a secret, so none was decrypted"},
		`"damaged"`:       {1, "it cannot read the blocks: HTTP Error 500"},
		"none":            {1, "Prefect does not start on it:"},
	} {
		p := newPlace(t, nil)
		p.write(t, "tmp/blocks.json", blocks)
		prefect := p.here(server)
		if blocks == "none" {
			prefect = "#!/bin/sh\nexit 1\n"
		}
		p.write(t, "bin/prefect", prefect)
		p.write(t, "boot.py", p.here(strings.ReplaceAll(bootProgram, `"/tmp"`, `"/tmp/"`)))
		command := exec.Command("python3", filepath.Join(p.dir, "boot.py"))
		command.Env = []string{"PATH=" + p.dir + "/bin:" + os.Getenv("PATH"), "DRILL=" + p.dir + "/drill"}
		output, _ := command.CombinedOutput()
		if said := string(output); command.ProcessState.ExitCode() != want.exit || !strings.Contains(said, want.says) {
			t.Errorf("%s: exit code %d\n%s", blocks, command.ProcessState.ExitCode(), said)
		}
	}
}

func TestRecover_RefusesATimeOfWhichNobodyKnowsWhetherAllCame(t *testing.T) {
	ended := map[string]string{
		"pg_verifybackup": "", "psql": "exit 1", "sleep": "exec /bin/sleep 0.05",
		"postgres": `echo 'FATAL:  recovery ended before configured recovery target was reached'; exit 1`,
	}
	for env, want := range map[string]string{"": "nothing was committed between that time and the end of the WAL", "BEYOND=yes": "nothing after that time was received, so it may lack something"} {
		p := newPlace(t, ended)
		p.write(t, "data/PG_VERSION", "18\n")
		exit, said := p.run(t, strings.ReplaceAll(recoverScript, "'$1'", "'2026-11-27 21:30:00'"), "PGDATA="+p.dir+"/data", "WAL="+p.dir+"/wal", env)
		if replays := strings.Count(p.read("calls"), "postgres --config-file"); exit == 0 || !strings.Contains(said, want) || (replays == 1) != (env != "") {
			t.Errorf("%q: exit code %d, replayed %d times\n%s", env, exit, replays, said)
		}
	}
}
