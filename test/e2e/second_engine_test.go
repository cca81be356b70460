//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// startDaemon makes $1 the root of a mount namespace of its own and becomes the daemon, as the lab does (lab/engine/daemon.go says why not by chroot).
const startDaemon = `
root=$1; shift
mount --bind "$root" "$root"
for tree in proc sys dev; do mount --rbind "/$tree" "$root/$tree"; done
cd "$root"
mkdir -p .host
pivot_root . .host
umount -l /.host
exec "$@"
`

// otherEngine is a Docker Engine of its own: a copy of the lab's, with files and a network of its own.
type otherEngine struct {
	host   string
	root   string // where its files are; empty when it is the first engine
	daemon *exec.Cmd
	ended  chan error
}

// secondEngine starts another engine, empty but for the images of the platform. Where the tests use an engine that is not the lab's, there is nothing to copy, and it is
// that one.
func secondEngine(t *testing.T) *otherEngine {
	t.Helper()
	first := os.Getenv("DOCKER_HOST")
	socket, err := filepath.EvalSymlinks(strings.TrimPrefix(first, "unix://"))
	if err != nil || filepath.Base(socket) != "lab.sock" {
		t.Logf("no engine of the lab to copy: the second one is the first, %q", first)
		return &otherEngine{host: first}
	}
	// Not t.TempDir: the address of a socket has 107 characters at most.
	dir, err := os.MkdirTemp("/var/tmp", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	e := &otherEngine{root: filepath.Join(dir, "root")}
	e.host = "unix://" + filepath.Join(e.root, "run/lab.sock")
	command(t, "cp", "-a", "--one-file-system", filepath.Dir(filepath.Dir(socket)), e.root)
	data := filepath.Join(e.root, "var/lib/docker") // of the first
	if err := errors.Join(os.RemoveAll(data), os.MkdirAll(data, 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.stop(t) })
	e.start(t)
	copyImages(t, first, e.host)
	return e
}

// start boots the host: what a machine does not keep over a loss of power is made anew.
func (e *otherEngine) start(t *testing.T) {
	t.Helper()
	run := filepath.Join(e.root, "run")
	if err := errors.Join(os.RemoveAll(run), os.MkdirAll(filepath.Join(run, "lock"), 0o755)); err != nil {
		t.Fatal(err)
	}
	// A network of its own: two daemons would fight over docker0 and the firewall.
	command(t, "ip", "netns", "add", engineSpace())
	command(t, "ip", "-n", engineSpace(), "link", "set", "lo", "up")

	log, err := os.OpenFile(filepath.Join(filepath.Dir(e.root), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	// The data are in a volume of the file system, because overlay does not stack.
	e.daemon = exec.Command("nsenter", "--net=/var/run/netns/"+engineSpace(), "sh", "-ec", startDaemon, "sh", e.root,
		"dockerd", "--host", "unix:///run/lab.sock", "--bip", "10.216.255.1/24", "--default-address-pool", "base=10.216.0.0/17,size=24", "--shutdown-timeout", "10")
	e.daemon.Stdout, e.daemon.Stderr = log, log
	e.daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Unshareflags: syscall.CLONE_NEWNS}
	if err := e.daemon.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	e.ended = ended
	go func(daemon *exec.Cmd) { ended <- daemon.Wait() }(e.daemon)
	Await(t, time.Minute, "the second engine", func() error {
		if out, err := exec.Command("docker", "--host", e.host, "version").CombinedOutput(); err != nil {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%w: %s; its log:\n%s", err, out, said)
		}
		return nil
	})
}

// stop shuts the engine down; it stops its containers.
func (e *otherEngine) stop(t *testing.T) {
	t.Helper()
	_ = e.daemon.Process.Signal(syscall.SIGTERM)
	select {
	case <-e.ended: //nolint:errcheck // how it ended does not matter
	case <-time.After(time.Minute):
		_ = e.daemon.Process.Kill()
		<-e.ended //nolint:errcheck // the same
	}
	command(t, "ip", "netns", "delete", engineSpace())
}

// losePower ends everything on it at once. (What was written and not yet synced to the disk is not lost, as it would be on a real machine.)
func (e *otherEngine) losePower(t *testing.T) {
	t.Helper()
	said, err := exec.Command("ip", "netns", "pids", engineSpace()).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, field := range strings.Fields(string(said)) {
		pid := atoi(t, field)
		all = append(append(all, pid), descendants(t, pid)...) // those of containers have networks of their own
	}
	for _, pid := range all {
		_ = syscall.Kill(pid, syscall.SIGKILL) // some end with others
	}
	<-e.ended //nolint:errcheck // it was killed
	command(t, "ip", "netns", "delete", engineSpace())
}

// engineSpace is the name of the second engine's network.
func engineSpace() string { return "e2e-engine-" + strconv.Itoa(os.Getpid()) }

// copyImages takes the images of the shared stack along.
func copyImages(t *testing.T, from, to string) {
	t.Helper()
	start := time.Now()
	seen := map[string]bool{}
	var names []string
	for _, c := range stack.Containers(t) {
		if name := c.Config.Image; !seen[name] && strings.Contains(name, ":") {
			seen[name] = true
			names = append(names, name)
		}
	}
	if len(names) < 4 {
		t.Fatalf("only %v", names)
	}
	pipe := fmt.Sprintf("docker --host '%s' save %s | docker --host '%s' load --quiet", from, strings.Join(names, " "), to)
	command(t, "bash", "-o", "pipefail", "-c", pipe)
	t.Logf("copied %d images in %s", len(names), time.Since(start).Round(100*time.Millisecond))
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// namesOn lists the containers of a stack on an engine.
func namesOn(t *testing.T, host, stackName string) []string {
	t.Helper()
	docker, err := client.New(client.WithHost(host))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = docker.Close() }()
	list, err := docker.ContainerList(context.Background(), client.ContainerListOptions{Filters: client.Filters{}.Add("label", labelStack+"="+stackName)})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range list.Items {
		names = append(names, strings.Join(c.Names, ","))
	}
	return names
}
