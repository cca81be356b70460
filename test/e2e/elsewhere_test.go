//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"
)

// elsewhere is a clone with the file of the shared stack, a backend of its own, and the second engine.
type elsewhere struct {
	clone       *freshClone
	host        string
	environment []string
}

func newElsewhere(t *testing.T, host, passphrase string) *elsewhere {
	t.Helper()
	e := &elsewhere{clone: newClone(t), host: host}
	backend := filepath.Join(e.clone.temp, "backend")
	if err := os.MkdirAll(backend, 0o700); err != nil {
		t.Fatal(err)
	}
	e.environment = []string{"PULUMI_BACKEND_URL=file://" + backend, "PULUMI_CONFIG_PASSPHRASE=" + passphrase, "DOCKER_HOST=" + host}
	e.clone.write(t, "Pulumi."+stack.Name+".yaml", fileText(t, stack.stackFile()))
	if out, err := e.clone.make([]string{"bin/platform", "bin/policy"}); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return e
}

// platform runs the command where the second engine is: its ports are published there.
func (e *elsewhere) platform(args ...string) (string, error) {
	script := `. .lab/env && exec nsenter --net="$0" bin/platform --stack "$@"`
	return e.clone.run(e.environment, "sh", append([]string{"-c", script, "/var/run/netns/" + engineSpace(), stack.Name}, args...)...)
}

func (e *elsewhere) database(t *testing.T, query string) string {
	t.Helper()
	return e.output(t, "docker", "exec", "prefect-"+stack.Name+"-postgres", "psql", "-XAtq", "-h", "/run/postgresql", "-U", "postgres", "-d", "prefect", "-c", query)
}

// ask makes a request with a credentiae.
func (e *elsewhere) ask(t *testing.T, credential, path string) string {
	t.Helper()
	ca := filepath.Join(e.clone.dir, ".state", stack.Name+"-ca.pem")
	return e.output(t, "nsenter", "--net=/var/run/netns/"+engineSpace(), "curl", "--silent", "--show-error", "--cacert", ca, "--user", credential, stack.URL+path)
}

func (e *elsewhere) output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := e.clone.run(e.environment, name, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(out)
}

// shell is typed there; platform is run where the engine is.
func (e *elsewhere) shell(commands string) (string, error) {
	prelude := fmt.Sprintf(". .lab/env\nplatform() { nsenter --net=/var/run/netns/%s bin/platform --stack %s \"$@\"; }\n", engineSpace(), stack.Name)
	return e.clone.run(e.environment, "sh", "-ec", prelude+commands)
}

// open reaches the stack on the second engine as if it were here, and makes it the one that all helpers mean until the test ends.
func (e *elsewhere) open(t *testing.T) {
	t.Helper()
	docker, err := client.New(client.WithHost(e.host))
	if err != nil {
		t.Fatal(err)
	}
	said, err := e.platform("credentials", "--show")
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	_, password, _ := strings.Cut(said, "\npassword")
	password, _, _ = strings.Cut(strings.TrimSpace(password), "\n")
	there := &Stack{Name: stack.Name, URL: stack.URL, User: stack.User, Password: password, CA: e.clone.read(t, filepath.Join(".state", stack.Name+"-ca.pem")), Docker: docker, elsewhere: e}
	transport := &http.Transport{DialContext: dialThere, MaxIdleConnsPerHost: 64}
	transport.TLSClientConfig = there.TLS()
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	there.HTTP = &http.Client{Timeout: time.Minute, Transport: transport}
	here := stack
	stack = there
	t.Cleanup(func() { stack = here })
}

// dialThere makes a socket in the network of the second engine.
func dialThere(ctx context.Context, network, address string) (net.Conn, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer func() { _ = here.Close() }()
	there, err := os.Open("/var/run/netns/" + engineSpace())
	if err != nil {
		return nil, err
	}
	defer func() { _ = there.Close() }()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	defer func() {
		if err := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); err != nil {
			panic(err) // this thread would be lost to the others
		}
	}()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port)) // a name would be looked up by another thread
}
