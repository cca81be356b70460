//go:build e2e

package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestRestore_IntoAnotherStack brings the database of the shared stack to one beside it, which has passwords of its own: by the other's state, and by the recovery key
// alone. The repository is elsewhere, behind a proxy and with a certificate of an authority of the company's own.
func TestRestore_IntoAnotherStack(t *testing.T) {
	drillsOnly(t)
	repository, proxy := keepElsewhere(t), startForwarding(t)
	way := []Edit{Set("egress.proxy", proxy.url)}
	backedUp(t, append(repository.edits(), way...)...)
	stack.PG(t, "DROP TABLE IF EXISTS precious")
	stack.PG(t, "CREATE TABLE precious AS SELECT generate_series(1, 1000) AS i")
	defer stack.PG(t, "DROP TABLE precious")
	block := writeBlock(t)
	copyAnew(t, 2*time.Minute)
	if n := proxy.tunnels.Load(); n == 0 {
		t.Error("the backup is stored past the proxy")
	}
	key, needed, unwhole := keyOfRecovery(t), spotOfCopy(t), withoutWAL(t)

	from := stack
	beside := newBeside(t, map[string]any{"caCertificates": repository.authority, "proxy": proxy.url})
	expect := func(rows string) {
		t.Helper()
		if err := beside.readAccess(); err != nil {
			t.Fatal(err)
		}
		if beside.Password == from.Password {
			t.Error("it has the password of the other stack")
		}
		if found := beside.PG(t, "SELECT count(*) FROM precious")[0]; found != rows {
			t.Errorf("%s rows are there, want %s", found, rows)
		}
		stack = beside // for helpers
		defer func() { stack = from }()
		expectTreasure(t, block)
		Await(t, time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })
	}
	bring := func(flags ...string) {
		t.Helper()
		began, tunnels := time.Now(), proxy.tunnels.Load()
		out, err := beside.platform(append([]string{"restore", "--yes"}, flags...)...)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("restore %v took %s\n%s", flags, time.Since(began).Round(100*time.Millisecond), strings.TrimSpace(out))
		if proxy.tunnels.Load() == tunnels {
			t.Errorf("restore %v went past the proxy", flags)
		}
	}
	bring("--from-stack", from.Name)
	expect("1000")

	stack = beside
	defer func() { stack = from }()
	refused(t, "the key does not open the repository", "--key-file", wrongKey(t, key))
	refused(t, "there is no repository at "+repository.url+"-nowhere", "--repository", repository.url+"-nowhere", "--key-file", key)
	refused(t, "is missing", "--key-file", key, "--snapshot", unwhole)
	repository.flip(t, needed)
	refused(t, "cannot be read, or is damaged", "--repository", repository.url, "--key-file", key)
	repository.flip(t, needed)
	stack = from

	stack.PG(t, "DELETE FROM precious WHERE i > 10")
	inStore(t, `echo e2e >"$STAGE/store-now"; while [ -e "$STAGE/store-now" ]; do sleep 0.2; done`)
	bring("--repository", repository.url, "--key-file", key)
	expect("10")
	bring("--key-file", key)
	expect("10")
}

// newBeside is a stack that was never deployed, in the same clone and backend, on the same engine. It is removed when the test ends.
func newBeside(t *testing.T, egress map[string]any) *Stack {
	t.Helper()
	const network = "10.213.0.0/16"
	beside := &Stack{Name: stack.Name + "beside", Docker: stack.Docker, clone: stack.clone, dir: stack.dir}
	config, err := baseConfig()
	if err != nil {
		t.Fatal(err)
	}
	config[namespace+":network"] = map[string]any{"base": network}
	config[namespace+":edge"].(map[string]any)["allow"] = []any{network, "127.0.0.0/8"}
	config[namespace+":egress"] = egress
	if err := (stackFile{Config: config}).write(beside.stackFile()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		out, err := beside.platform("clean", "--yes")
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		ctx, cancel := context.WithTimeout(context.Background(), removeWithin)
		defer cancel()
		if _, err := beside.removeFromEngine(ctx); err != nil { // volumes that restores have replaced are left by clean
			t.Error(err)
		}
		if err := os.Remove(beside.stackFile()); err != nil {
			t.Error(err)
		}
	})
	if out, err := beside.pulumi("stack", "init", beside.Name); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return beside
}

// forwarding is an HTTP proxy that makes tunnels.
type forwarding struct {
	url     string
	tunnels atomic.Int64
}

func startForwarding(t *testing.T) *forwarding {
	t.Helper()
	listener, err := net.Listen("tcp", cableHere+":0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarding{url: "http://" + listener.Addr().String()}
	server := &http.Server{Handler: http.HandlerFunc(f.tunnel)}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return f
}

func (f *forwarding) tunnel(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect || !strings.HasPrefix(r.Host, cableHere+":") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	there, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = there.Close() }()
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = here.Close() }()
	f.tunnels.Add(1)
	if _, err := io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(there, here)
		_ = there.Close()
	}()
	_, _ = io.Copy(here, there)
}
