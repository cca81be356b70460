//go:build e2e

package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	restserver "github.com/restic/rest-server"
)

// What may be lost with a host, and how long it may take until Prefect answers on another, with 1 GiB of history.
const (
	recoveryPoint = 60 * time.Second
	recoveryTime  = 5 * time.Minute
)

// Both ends of the cable between the two engines; the backups are kept at the first.
const (
	cable                 = "e2e-cable"
	cableHere, cableThere = "10.216.254.1", "10.216.254.2"
	backupUser            = "e2e"
	backupPassword        = "t8Kq2vWm5zXc9LpR"
)

// TestRecover_RebuildsAStackOfWhichHostAndStateAreLost kills a host under load. What is left is a second engine, the git repository with the stack file, the backups
// elsewhere, and the recovery key.
func TestRecover_RebuildsAStackOfWhichHostAndStateAreLost(t *testing.T) {
	drillsOnly(t)
	repository := keepElsewhere(t)
	edits := append(repository.edits(), SetSecret("workerSecrets", `{"TREASURE": "of the stack file"}`), Set("workers[0].secretEnvironment", []any{"TREASURE"}))
	backedUp(t, edits...)
	host := secondEngine(t).host
	plug(t)
	var took []time.Duration
	for _, gib := range []int{0, 1} {
		took = append(took, loseAndRecover(t, host, repository, gib))
		if out, err := stack.upWith(append(edits, Set("backup.enabled", true))...); err != nil { // the host was not lost, after all
			t.Fatalf("%v\n%s", err, out)
		}
		stack.PG(t, "DROP TABLE bulk, counter; DROP PROCEDURE count_on")
	}
	t.Logf("recovery took %s, and %s with 1 GiB of history: %s for each GiB", took[0].Round(time.Second), took[1].Round(time.Second), (took[1] - took[0]).Round(time.Second))
	if took[1] > recoveryTime {
		t.Errorf("it may take %s", recoveryTime)
	}
}

func loseAndRecover(t *testing.T, host string, repository kept, gib int) time.Duration {
	t.Helper()
	const rows = 1 << 20 // of 1 KiB
	stack.PG(t, "DROP TABLE IF EXISTS bulk, counter; DROP PROCEDURE IF EXISTS count_on")
	for _, statement := range strings.SplitN(counting, ";\n", 2) {
		stack.PG(t, statement)
	}
	// As hard to make small as results and names are.
	stack.PG(t, fmt.Sprintf("CREATE TABLE bulk AS SELECT i, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 31) j) FROM generate_series(1, %d) i", gib*rows))
	block, password := writeBlock(t), stack.Password
	copying := time.Duration(gib) * 8 * time.Minute // on a little machine
	copyAnew(t, 2*time.Minute+copying)
	key := keyOfRecovery(t)
	var needed spot
	unwhole := ""
	if gib == 0 {
		needed, unwhole = spotOfCopy(t), withoutWAL(t)
	}
	committed := count(t)
	time.Sleep(45 * time.Second) // of load, longer than from one snapshot to the next
	last := loseHost(t, committed)

	lost := newElsewhere(t, host, "another passphrase")
	if gib == 0 {
		refuseRecoveries(t, lost, repository, key, needed, unwhole)
	}
	start := time.Now()
	out, err := lost.platform("recover", "--yes", "--key-file", key)
	took := time.Since(start)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(strings.TrimSpace(out))
	defer func() {
		if out, err := lost.platform("clean", "--yes"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}()

	have := atoi(t, lost.database(t, "SELECT max(n) FROM counter"))
	gone := time.Duration(last-have) * 100 * time.Millisecond // at least: each took longer
	t.Logf("%d GiB: Prefect answered after %s; %d rows were committed, %d are there: %s lost", gib, took.Round(100*time.Millisecond), last, have, gone)
	if gone > recoveryPoint {
		t.Errorf("lost %s, want %s at most", gone, recoveryPoint)
	}
	if found := atoi(t, lost.database(t, "SELECT count(*) FROM bulk")); found != gib*rows {
		t.Errorf("%d rows of bulk are there, want %d", found, gib*rows)
	}
	if said := lost.ask(t, stack.User+":"+password, block); !strings.Contains(said, treasure) {
		t.Errorf("the encrypted block cannot be read with the password from before: %s", said)
	}
	if file := lost.clone.read(t, "Pulumi."+stack.Name+".yaml"); strings.Contains(file, "of the stack file") || !strings.Contains(file, namespace+":workerSecrets:") {
		t.Errorf("the supplied secret is not there, or not encrypted:\n%s", file)
	}
	awaitCopyBy(t, lost.platform, start, 3*time.Minute+copying) // the recovered stack backs itself up
	return took
}

// refuseRecoveries tries what cannot be recovered: it leaves file, state and engine as they were.
func refuseRecoveries(t *testing.T, lost *elsewhere, repository kept, key string, needed spot, unwhole string) {
	t.Helper()
	file := "Pulumi." + stack.Name + ".yaml"
	before := lost.clone.read(t, file)
	try := func(says string, flags ...string) {
		t.Helper()
		out, err := lost.platform(append([]string{"recover", "--yes", "--key-file", key}, flags...)...)
		if err == nil || !strings.Contains(out, says) {
			t.Errorf("recover %v: %v, want %q\n%s", flags, err, says, out)
		}
		if lost.clone.read(t, file) != before {
			t.Errorf("recover %v changed the stack file", flags)
		}
		if made := lost.output(t, "sh", "-c", ". .lab/env && pulumi stack ls --json"); made != "[]" {
			t.Errorf("recover %v made a stack: %s", flags, made)
		}
		if volumes := lost.output(t, "docker", "volume", "ls", "--quiet"); volumes != "" {
			t.Errorf("recover %v left %s", flags, volumes)
		}
	}
	try("the key does not open the repository", "--key-file", wrongKey(t, key))
	try("is missing", "--snapshot", unwhole)
	try("there is no snapshot 00000000", "--snapshot", "00000000")
	try("the oldest moment that is kept is", "--to", "2001-01-01T00:00:00Z")
	repository.flip(t, needed)
	try("cannot be read, or is damaged")
	repository.flip(t, needed)
}

// wrongKey is a recovery key of the same repository that does not open it.
func wrongKey(t *testing.T, file string) string {
	t.Helper()
	const mark = "prefect-recovery-"
	var is map[string]string
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(fileText(t, file)), mark))
	if err == nil {
		err = json.Unmarshal(raw, &is)
	}
	if err != nil {
		t.Fatal(err)
	}
	is["key"] = "of another repository"
	raw, err = json.Marshal(is)
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.key")
	restoreFile(t, wrong, mark+base64.RawURLEncoding.EncodeToString(raw))
	return wrong
}

// copyAnew has the whole server copied, as it would be once a day.
func copyAnew(t *testing.T, within time.Duration) {
	t.Helper()
	awaitCopy(t, time.Time{})
	now := time.Now()
	if said := stack.Exec(t, stack.Container(t, "backup-base").ID, "sh", "-c", "touch -d '2 days ago' /stage/base/*Z"); said.Code != 0 {
		t.Fatal(said.Stderr)
	}
	awaitCopyBy(t, stack.platform, now, within)
}

func keyOfRecovery(t *testing.T) (file string) {
	t.Helper()
	said, err := stack.platform("backup", "--show")
	_, key, found := strings.Cut(said, "recovery key")
	if err != nil || !found {
		t.Fatalf("%v\n%s", err, said)
	}
	file = filepath.Join(t.TempDir(), "recovery.key")
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// loseHost kills all containers at once, and returns the last row that was confirmed.
func loseHost(t *testing.T, committed <-chan int) (last int) {
	t.Helper()
	kill := []string{"kill"}
	for _, c := range stack.Containers(t) {
		if c.State.Running {
			kill = append(kill, c.ID)
		}
	}
	command(t, "docker", kill...)
	select {
	case last = <-committed:
	case <-time.After(time.Minute):
	}
	if last < 50 {
		t.Fatalf("%d rows were committed: this test shows nothing", last)
	}
	return last
}

const treasure = "of the database"

// writeBlock makes a block with a secret, which Prefect encrypts, and returns the path at which it is read.
func writeBlock(t *testing.T) (path string) {
	t.Helper()
	var kind, made struct {
		ID string `json:"id"`
	}
	var schemas []struct {
		ID string `json:"id"`
	}
	stack.API(t, http.MethodGet, "/block_types/slug/secret", nil, &kind)
	stack.API(t, http.MethodPost, "/block_schemas/filter", map[string]any{"block_schemas": map[string]any{"block_type_id": map[string]any{"any_": []string{kind.ID}}}}, &schemas)
	if len(schemas) == 0 {
		t.Fatal("the type of secrets has no schema")
	}
	stack.API(t, http.MethodPost, "/block_documents/", map[string]any{
		"name": uniqueName("treasure"), "data": map[string]any{"value": treasure}, "block_type_id": kind.ID, "block_schema_id": schemas[0].ID,
	}, &made)
	return "/api/block_documents/" + made.ID + "?include_secrets=true"
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// kept is a repository of backups that both engines reach, by https with a certificate of an authority that nobody knows.
type kept struct {
	url       string
	dir       string // where its files are, on this machine
	authority string
}

// edits are the configuration of a stack that stores there.
func (k kept) edits() []Edit {
	return []Edit{
		Set("backup.repository", k.url), Set("backup.user", backupUser), SetSecret("backupSecret", backupPassword), Set("egress.caCertificates", k.authority),
	}
}

func keepElsewhere(t *testing.T) kept {
	t.Helper()
	for _, args := range [][]string{
		{"link", "add", cable + "-here", "type", "veth", "peer", "name", cable + "-there"}, {"address", "add", cableHere + "/30", "dev", cable + "-here"}, {"link", "set", cable + "-here", "up"},
	} {
		command(t, "ip", args...)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "link", "delete", cable+"-here").Run() }) // or it went with the network of the second engine
	dir := t.TempDir()
	handler, err := restserver.NewHandler(&restserver.Server{Path: dir, NoAuth: true})
	if err != nil {
		t.Fatal(err)
	}
	certificate, key := selfSignedFor(t, cableHere)
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", cableHere+":0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != backupUser || password != backupPassword {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			handler.ServeHTTP(w, r)
		}),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	return kept{url: fmt.Sprintf("rest:https://%s:%d/%s", cableHere, listener.Addr().(*net.TCPAddr).Port, stack.Name), dir: filepath.Join(dir, stack.Name), authority: certificate}
}

// flip changes one byte of a file of the repository, or changes it back.
func (k kept) flip(t *testing.T, at spot) {
	t.Helper()
	command(t, "sh", "-ec", flip, "sh", filepath.Join(k.dir, "data", at.pack[:2], at.pack), strconv.Itoa(at.at))
}

// plug joins the network of the second engine to the cable.
func plug(t *testing.T) {
	t.Helper()
	space := engineSpace()
	command(t, "ip", "link", "set", cable+"-there", "netns", space)
	for _, args := range [][]string{
		{"address", "add", cableThere + "/30", "dev", cable + "-there"}, {"link", "set", cable + "-there", "up"}, {"route", "add", "default", "via", cableHere},
	} {
		command(t, "ip", append([]string{"-n", space}, args...)...)
	}
}
