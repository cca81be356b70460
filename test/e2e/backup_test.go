//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// losable is how much of what was committed may be gone with the volume of the database.
const losable = 5 * time.Second

// counting commits a row each 100 ms and tells of it afterwards, until the server is gone.
const counting = `
CREATE TABLE counter (n serial, at timestamptz DEFAULT clock_timestamp());
CREATE PROCEDURE count_on() LANGUAGE plpgsql AS $$
DECLARE last record;
BEGIN
	LOOP
		INSERT INTO counter DEFAULT VALUES RETURNING * INTO last;
		COMMIT;
		RAISE NOTICE 'committed %', last.n;
		PERFORM pg_sleep(0.1);
	END LOOP;
END $$`

// TestBackup_BringsTheDatabaseBack destroys the volume with the data under load, restores all of it and then a moment before a mistake, and tries what must be refused.
func TestBackup_BringsTheDatabaseBack(t *testing.T) {
	backedUp(t)
	awaitCopy(t, time.Time{})
	reported(t)
	recoveryKey(t)
	writeBlock(t)
	awaitReceived(t)
	stopped := stopReceiving(t)
	refuseRestores(t)
	drilled(t)
	noSuccess(t, stopped)

	stack.PG(t, "DROP TABLE IF EXISTS precious, counter; DROP PROCEDURE IF EXISTS count_on") // of a test that failed
	stack.PG(t, "CREATE TABLE precious AS SELECT generate_series(1, 1000) AS i")
	for _, statement := range strings.SplitN(counting, ";\n", 2) {
		stack.PG(t, statement)
	}
	name := uniqueName("backup")
	run := startRun(t, deploy(t, name, nil), map[string]any{"tasks": 40, "pause": 0.2, "until": stopFile(name)})
	awaitState(t, run, "RUNNING", time.Minute)
	committed := count(t)

	time.Sleep(10 * time.Second) // of load
	before := time.Now().UTC()
	time.Sleep(1500 * time.Millisecond) // a moment between the last good state and the mistake
	stack.PG(t, "DELETE FROM precious")
	time.Sleep(3 * time.Second)
	last := destroyDatabase(t, committed)

	start := time.Now()
	restore(t)
	t.Logf("restored all that was received, and deployed it, in %s", time.Since(start).Round(100*time.Millisecond))
	have, err := strconv.Atoi(stack.PG(t, "SELECT max(n) FROM counter")[0])
	if err != nil {
		t.Fatal(err)
	}
	lost := time.Duration(last-have) * 100 * time.Millisecond // at least: each took longer
	t.Logf("%d rows were committed, %d are there: %s lost", last, have, lost)
	if lost > losable {
		t.Errorf("lost %s of committed rows, want %s at most", lost, losable)
	}
	if rows := stack.PG(t, "SELECT count(*) FROM precious")[0]; rows != "0" {
		t.Errorf("%s rows are there that were deleted", rows)
	}
	release(t, name)
	awaitState(t, run, "COMPLETED", 3*time.Minute)

	awaitCopy(t, start)
	restoreUnderPosts(t)

	awaitCopy(t, start)
	start = time.Now()
	restore(t, "--to", before.Format(time.RFC3339Nano))
	t.Logf("went back to %s in %s", before.Format(time.RFC3339), time.Since(start).Round(100*time.Millisecond))
	if rows := stack.PG(t, "SELECT count(*) FROM precious")[0]; rows != "1000" {
		t.Errorf("%s rows are there, want those from before they were deleted", rows)
	}
	stack.PG(t, "DROP TABLE precious, counter; DROP PROCEDURE count_on")
	Await(t, time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })
	if full {
		offAndOn(t)
	}
	awaitCopy(t, start)
	loseWAL(t)
	flipByte(t)
	gap(t)
	damage(t)
}

// restoreUnderPosts restores all that was received while clients post: each is told to come again, or finds what was acknowledged afterwards.
func restoreUnderPosts(t *testing.T) {
	t.Helper()
	name := uniqueName("restored")
	var flow struct {
		ID string `json:"id"`
	}
	stack.API(t, http.MethodPost, "/flows/", map[string]any{"name": name}, &flow)
	posts := startLoad(t, 10, http.MethodPost, "/api/flow_runs/", func(n int) any {
		return map[string]any{"name": fmt.Sprintf("%s-%d", name, n), "flow_id": flow.ID}
	})
	acknowledged := func() (n int) {
		for _, a := range posts.Answers() {
			if !a.Failed() {
				n++
			}
		}
		return n
	}
	Await(t, time.Minute, "some to be acknowledged", func() error {
		if n := acknowledged(); n < 20 {
			return fmt.Errorf("%d are", n)
		}
		return nil
	})
	start := time.Now()
	restore(t)
	t.Logf("restored and deployed under posts in %s", time.Since(start).Round(100*time.Millisecond))
	after := acknowledged()
	Await(t, time.Minute, "some to be acknowledged again", func() error {
		if acknowledged() < after+5 {
			return errors.New("none is")
		}
		return nil
	})
	expectWaiting(t, posts)
	expectStored(t, name, posts.Answers())
}

// offAndOn turns backups off and on again: they go on in the repository that is there.
func offAndOn(t *testing.T) {
	t.Helper()
	before, err := stack.platform("restore", "--list")
	if err != nil {
		t.Fatalf("%v\n%s", err, before)
	}
	for _, edits := range [][]Edit{nil, {Set("backup.enabled", true)}} {
		if out, err := stack.upWith(edits...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	after, err := stack.platform("restore", "--list")
	oldest := slices.Collect(strings.Lines(before))[1] // the newest of a copy gives way to the next one
	if err != nil || !strings.Contains(after, oldest) {
		t.Errorf("%v: after they were on again the snapshots are\n%s\nand were\n%s", err, after, before)
	}
}

// backedUp puts a backup up. Afterwards the stack is without, and has the volume that a restore made.
func backedUp(t *testing.T, edits ...Edit) {
	t.Helper()
	t.Cleanup(func() {
		if out, err := stack.upWith(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		volumes, err := stack.Docker.VolumeList(context.Background(), client.VolumeListOptions{})
		if err != nil {
			t.Error(err)
		}
		now := dataVolume()
		for _, v := range volumes.Items {
			rest, ours := strings.CutPrefix(v.Name, "prefect-"+stack.Name+"-")
			if ours && v.Name != now && left.MatchString(rest) {
				if _, err := stack.Docker.VolumeRemove(context.Background(), v.Name, client.VolumeRemoveOptions{}); err != nil {
					t.Error(err)
				}
			}
		}
	})
	start := time.Now()
	edits = append(edits, Set("backup.enabled", true))
	if full {
		edits = append(edits, Set("monitoring.enabled", true))
	}
	if out, err := stack.upWith(edits...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("up with a backup took %s", time.Since(start).Round(100*time.Millisecond))
}

// left are volumes that outlive what they were for.
var left = regexp.MustCompile(`^(backup-.*|postgres-.*18|prometheus-3|alertmanager)$`)

// reported waits until all figures are there: those of a copy, of a snapshot, and of the drill that made a database of it. In the long version the alerts' pages are followed.
func reported(t *testing.T) {
	t.Helper()
	took := Await(t, 3*time.Minute, "the reports", func() error {
		said := stack.Exec(t, stack.Container(t, "backup-store").ID, "sh", "-c", "cat /reports/*.prom")
		for _, name := range []string{"last_success_timestamp_seconds", "received_timestamp_seconds", "size_bytes", "dump_size_bytes", `refused_bytes{what="dump"}`, "duration_seconds", "restore_test_last_success_timestamp_seconds", "restore_test_failed"} {
			if !strings.Contains(said.Stdout, "prefect_backup_"+name+" ") {
				return fmt.Errorf("no %s in %s%s", name, said.Stdout, said.Stderr)
			}
		}
		return nil
	})
	t.Logf("the first snapshot had been made a database of after %s more", took.Round(100*time.Millisecond))
	if !full {
		return
	}
	Await(t, 2*time.Minute, "Prometheus to know the figures", func() error {
		var found struct {
			Result []any `json:"result"`
		}
		err := prometheus(t, "query", url.Values{"query": {`{__name__=~"prefect_backup_.+"}`}}, &found)
		if err == nil && len(found.Result) != 9 {
			err = fmt.Errorf("it knows %d", len(found.Result))
		}
		return err
	})
	lintRules(t, "backup")
	followRunbooks(t, "BackupMissing", "BackupNotReceiving", "BackupReportBroken", "BackupShrank", "BackupTooOld", "RestoreTestFailed", "RestoreTestTooOld")
}

// dataVolume is the volume of the database, as the configuration says.
func dataVolume() string {
	if generation := stack.Config("database.volume"); generation != nil {
		return fmt.Sprintf("prefect-%s-postgres-%v-18", stack.Name, generation)
	}
	return "prefect-" + stack.Name + "-postgres-18"
}

// awaitCopy waits until a copy that ended after some time is stored.
func awaitCopy(t *testing.T, since time.Time) {
	t.Helper()
	awaitCopyBy(t, stack.platform, since, 2*time.Minute)
}

// awaitCopyBy is awaitCopy for the stack that a command is about.
func awaitCopyBy(t *testing.T, platform func(args ...string) (string, error), since time.Time, within time.Duration) {
	t.Helper()
	took := Await(t, within, "a snapshot", func() error {
		out, err := platform("restore", "--list")
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		fields := strings.Fields(lines[len(lines)-1])
		if ended, err := time.Parse(time.RFC3339, fields[max(0, len(fields)-2)]); err != nil || ended.Before(since) {
			return fmt.Errorf("the newest is %q", lines[len(lines)-1])
		}
		return nil
	})
	t.Logf("a copy was stored after %s", took.Round(100*time.Millisecond))
}

// count begins to commit rows. The number of the last that was told of comes when the server is gone.
func count(t *testing.T) <-chan int {
	t.Helper()
	database := stack.Container(t, "postgres").ID
	last := make(chan int, 1)
	go func() {
		defer close(last)
		said, err := stack.exec(context.Background(), database, "psql", "-X", "-h", "/run/postgresql", "-U", "postgres", "-d", "prefect", "-c", "CALL count_on()")
		notices := regexp.MustCompile(`committed (\d+)`).FindAllStringSubmatch(said.Stderr, -1)
		if len(notices) == 0 {
			fmt.Fprintln(os.Stderr, "counting:", err, said)
			return
		}
		n, _ := strconv.Atoi(notices[len(notices)-1][1])
		last <- n
	}()
	return last
}

// destroyDatabase takes away the server and its volume, and returns the last row that it had confirmed.
func destroyDatabase(t *testing.T, committed <-chan int) (last int) {
	t.Helper()
	database := stack.Container(t, "postgres")
	if _, err := stack.Docker.ContainerRemove(t.Context(), database.ID, client.ContainerRemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	for _, c := range stack.Containers(t) { // those that never run know the volume's socket only
		for _, m := range c.Mounts {
			if m.Name == dataVolume() {
				t.Fatalf("%s has the volume too", c.Name)
			}
		}
	}
	if _, err := stack.Docker.VolumeRemove(t.Context(), dataVolume(), client.VolumeRemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	select {
	case last = <-committed:
	case <-time.After(time.Minute):
	}
	if last < 50 {
		t.Fatalf("%d rows were committed: this test shows nothing", last)
	}
	return last
}

// restore restores and keeps what the command changed in the configuration.
func restore(t *testing.T, flags ...string) {
	t.Helper()
	out, err := stack.platform(append([]string{"restore", "--yes"}, flags...)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(strings.TrimSpace(out))
	changed, err := readStackFile(stack.stackFile())
	if err != nil {
		t.Fatal(err)
	}
	base, err := readStackFile(stack.baseFile())
	if err != nil {
		t.Fatal(err)
	}
	base.Config[namespace+":database"] = changed.Config[namespace+":database"]
	if err := base.write(stack.baseFile()); err != nil {
		t.Fatal(err)
	}
}

// recoveryKey tries whether the key that people are told to keep opens the backups without the stack's state.
func recoveryKey(t *testing.T) {
	t.Helper()
	said, err := stack.platform("backup")
	if err != nil || !strings.Contains(said, "(not printed") {
		t.Errorf("backup says, where its output may be kept: %v\n%s", err, said)
	}
	if said, err = stack.platform("backup", "--show"); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	_, after, _ := strings.Cut(said, "\nkey")
	key, rest, _ := strings.Cut(strings.TrimSpace(after), "\n")
	if !strings.Contains(rest, "none: this repository is lost with the host") {
		t.Errorf("a repository on the host has a recovery key: %s", rest)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := stack.platform("restore", "--list", "--from-stack", stack.Name, "--key-file", file); err != nil || !strings.Contains(out, "Z  20") {
		t.Errorf("with the key alone: %v\n%s", err, out)
	}
}

// refuseRestores tries what cannot be restored.
func refuseRestores(t *testing.T) {
	t.Helper()
	wrong := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(wrong, []byte("a key of another repository"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := "prefect-" + stack.Name + "empty-backup-repository"
	if _, err := stack.Docker.VolumeCreate(t.Context(), client.VolumeCreateOptions{Name: empty}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_, err := stack.Docker.VolumeRemove(context.Background(), empty, client.VolumeRemoveOptions{})
		if err != nil {
			t.Error(err)
		}
	}()
	for _, c := range []struct {
		flags []string
		says  string
	}{
		{[]string{"--key-file", wrong}, "the key does not open the repository"},
		{[]string{"--from-stack", stack.Name + "empty", "--key-file", wrong}, "there is no repository at volume " + empty},
		{[]string{"--from-stack", "nobody", "--key-file", wrong}, "there is no volume prefect-nobody-backup-repository"},
		{[]string{"--to", "2001-01-01T00:00:00Z"}, "the oldest moment that is kept is"},
		{[]string{"--to", "2101-01-01T00:00:00Z"}, "nothing after that was stored"},
		{[]string{"--to", "yesterday"}, "is no moment"},
		{[]string{"--snapshot", "00000000"}, "there is no snapshot 00000000"},
	} {
		refused(t, c.says, c.flags...)
	}
}

// inStore runs a script where the repository can be reached.
func inStore(t *testing.T, script string) string {
	t.Helper()
	said := stack.Exec(t, stack.Container(t, "backup-store").ID, "sh", "-ec", ". /etc/platform/repository\n"+script)
	if said.Code != 0 {
		t.Fatalf("%s\n%s", said.Stdout, said.Stderr)
	}
	return strings.TrimSpace(said.Stdout)
}

// withoutWAL makes a snapshot that lacks the first of at least two files of changes, and returns its ID.
func withoutWAL(t *testing.T) (id string) {
	t.Helper()
	stack.PG(t, "CREATE TABLE IF NOT EXISTS switched (i int); INSERT INTO switched VALUES (1); SELECT pg_switch_wal(); INSERT INTO switched VALUES (2); DROP TABLE switched")
	return inStore(t, `
first=$(sed -n 's/^START WAL LOCATION: .*(file \(.*\))$/\1/p' "$STAGE"/base/*Z/backup_label)
until [ -e "$STAGE/wal/$first" ]; do sleep 0.2; done
echo e2e >"$STAGE/store-now"
while [ -e "$STAGE/store-now" ]; do sleep 0.2; done
repository rewrite --retry-lock 2m --exclude "/wal/$first" latest | sed -n 's/^saved new snapshot \([0-9a-f]*\)$/\1/p'`)
}

// loseWAL tries a snapshot that lacks a file of changes.
func loseWAL(t *testing.T) {
	t.Helper()
	id := withoutWAL(t)
	refused(t, "is missing", "--snapshot", id)
	inStore(t, "repository forget --quiet --retry-lock 2m "+id)
}

// spot is a byte of the repository.
type spot struct {
	pack string // name of the file that has it
	at   int
}

// spotOfCopy is one that the newest snapshot needs to restore its copy: in the middle of a blob of it, as files hold blobs of older copies too, and the dump, which is
// not restored.
func spotOfCopy(t *testing.T) spot {
	t.Helper()
	found := strings.Fields(inStore(t, `
for pack in $(repository list --no-lock packs); do
	in=$(repository find --quiet --no-lock --snapshot latest --pack "$pack" 2>/dev/null) || continue
	case $in in *"in file /dump/"*) ;; *"in file /base/"*) echo "$pack $(echo "$in" | sed -n 's/^Found blob //p' | head -n 1)" && break ;; esac
done`))
	if len(found) != 2 {
		t.Fatalf("no file of the repository has anything of the copy only: %v", found)
	}
	indexes := json.NewDecoder(strings.NewReader(inStore(t, `for index in $(repository list --no-lock index); do repository cat --quiet --no-lock index "$index"; done`)))
	for {
		var index struct {
			Packs []struct {
				ID    string `json:"id"`
				Blobs []struct {
					ID             string `json:"id"`
					Offset, Length int
				} `json:"blobs"`
			} `json:"packs"`
		}
		if err := indexes.Decode(&index); err != nil {
			t.Fatalf("where blob %s of pack %s is: %v", found[1], found[0], err)
		}
		for _, pack := range index.Packs {
			for _, blob := range pack.Blobs {
				if pack.ID == found[0] && blob.ID == found[1] {
					return spot{pack.ID, blob.Offset + blob.Length/2}
				}
			}
		}
	}
}

// flip changes one byte of the file $1, at $2, or changes it back.
const flip = `
chmod u+w "$1"
byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1)
printf "\\$(printf %o $((byte ^ 255)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null`

// flipByte changes one byte of the repository, tries to restore, and changes it back.
func flipByte(t *testing.T) {
	t.Helper()
	s := spotOfCopy(t)
	change := fmt.Sprintf("set -- /repository/data/%.2s/%s %d\n", s.pack, s.pack, s.at) + flip
	inStore(t, change)
	refused(t, "cannot be read, or is damaged")
	inStore(t, change)
}

// damage takes data out of the repository.
func damage(t *testing.T) {
	t.Helper()
	store := stack.Container(t, "backup-store").ID
	if said := stack.Exec(t, store, "sh", "-c", "find /repository/data -type f | head -n -1 | xargs rm -f"); said.Code != 0 {
		t.Fatal(said.Stderr)
	}
	refused(t, "cannot be read, or is damaged")
}

// refused expects that nothing is restored and nothing touched.
func refused(t *testing.T, says string, flags ...string) {
	t.Helper()
	before, database, file := volumesOf(t), stack.Container(t, "postgres").ID, fileText(t, stack.stackFile())
	out, err := stack.platform(append([]string{"restore", "--yes"}, flags...)...)
	if err == nil || !strings.Contains(out, says) {
		t.Errorf("restore %v: %v, want %q\n%s", flags, err, says, out)
	}
	if after := volumesOf(t); after != before {
		t.Errorf("restore %v: volumes were\n%s\nand are\n%s", flags, before, after)
	}
	if fileText(t, stack.stackFile()) != file {
		t.Errorf("restore %v changed the configuration", flags)
	}
	if now := stack.Container(t, "postgres").ID; now != database {
		t.Errorf("restore %v made the database anew", flags)
	}
	Await(t, time.Minute, "the stack to serve on", func() error {
		return stack.TryAPI(t, http.MethodPost, "/flows/count", map[string]any{}, nil)
	})
}

func volumesOf(t *testing.T) string {
	t.Helper()
	volumes, err := stack.Docker.VolumeList(t.Context(), client.VolumeListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range volumes.Items {
		if strings.HasPrefix(v.Name, "prefect-"+stack.Name+"-") {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, "\n")
}
