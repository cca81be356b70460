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

// secondEngine starts another Docker Engine, empty but for the images of the platform: a copy of the lab's own, with files and a network of its own. Where the tests
// use an engine that is not the lab's, there is nothing to copy, and it is that one.
func secondEngine(t *testing.T) (host string) {
	t.Helper()
	first := os.Getenv("DOCKER_HOST")
	socket, err := filepath.EvalSymlinks(strings.TrimPrefix(first, "unix://"))
	if err != nil || filepath.Base(socket) != "lab.sock" {
		t.Logf("no engine of the lab to copy: the second one is the first, %q", first)
		return first
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
	root := filepath.Join(dir, "root")
	command(t, "cp", "-a", "--one-file-system", filepath.Dir(filepath.Dir(socket)), root)
	for _, name := range []string{"run", "var/lib/docker"} { // what belongs to the first
		if err := errors.Join(os.RemoveAll(filepath.Join(root, name)), os.MkdirAll(filepath.Join(root, name), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "run/lock"), 0o755); err != nil {
		t.Fatal(err)
	}

	// A network of its own: two daemons would fight over docker0 and the firewall.
	space := engineSpace()
	command(t, "ip", "netns", "add", space)
	t.Cleanup(func() { command(t, "ip", "netns", "delete", space) })
	command(t, "ip", "-n", space, "link", "set", "lo", "up")

	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	// The data are in a volume of the file system, because overlay does not stack.
	daemon := exec.Command("nsenter", "--net=/var/run/netns/"+space, "sh", "-ec", startDaemon, "sh", root,
		"dockerd", "--host", "unix:///run/lab.sock", "--bip", "10.216.255.1/24", "--default-address-pool", "base=10.216.0.0/17,size=24", "--shutdown-timeout", "10")
	daemon.Stdout, daemon.Stderr = log, log
	daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Unshareflags: syscall.CLONE_NEWNS}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- daemon.Wait() }()
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM) // it stops its containers
		select {
		case <-ended: //nolint:errcheck // how it ended does not matter
		case <-time.After(time.Minute):
			_ = daemon.Process.Kill()
			<-ended //nolint:errcheck // the same
		}
	})

	host = "unix://" + filepath.Join(root, "run/lab.sock")
	Await(t, time.Minute, "the second engine", func() error {
		if out, err := exec.Command("docker", "--host", host, "version").CombinedOutput(); err != nil {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%w: %s; its log:\n%s", err, out, said)
		}
		return nil
	})
	copyImages(t, first, host)
	return host
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
