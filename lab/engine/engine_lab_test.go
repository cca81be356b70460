//go:build lab

package engine

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"prefect-platform/lab/internal/state"
)

// running gives the engine that `lab up` has started for this clone.
func running(t *testing.T) Engine {
	t.Helper()
	dir, err := filepath.Abs("../../.lab")
	if err != nil {
		t.Fatal(err)
	}
	e := New(state.Dir(dir))
	if e.Running() == 0 {
		t.Fatal("the lab's own engine does not run: `lab up` starts it (not where another engine is used)")
	}
	return e
}

func (e Engine) docker(t *testing.T, args ...string) string {
	t.Helper()
	output, err := e.Client().Command(context.Background(), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

// In an engine started by chroot, both silently run in the host's file system: this marker then does not exist.
func TestContainers_ExecAndHealthChecksSeeTheirOwnRoot(t *testing.T) {
	e := running(t)
	id := e.docker(t, "run", "--detach", "--network", "none", "--health-cmd", "test -f /inside-the-container", "--health-interval", "200ms",
		"prefect-platform-lab/base:forky", "sh", "-c", "touch /inside-the-container; exec sleep 300")
	t.Cleanup(func() { e.docker(t, "rm", "--force", id) })

	if output := e.docker(t, "exec", id, "cat", "/etc/hostname", "/inside-the-container"); !strings.HasPrefix(id, output) {
		t.Errorf("docker exec sees the host name %q, the container is %s", output, id)
	}
	for _, outside := range []string{"/inside-the-container", e.Root() + "/inside-the-container"} {
		if _, err := os.Stat(outside); err == nil {
			t.Errorf("the container wrote outside of its root: %s", outside)
		}
	}
	deadline := time.Now().Add(time.Minute)
	for {
		health := e.docker(t, "inspect", "--format", "{{.State.Health.Status}}", id)
		if health == "healthy" {
			return
		}
		if health == "unhealthy" || time.Now().After(deadline) {
			t.Fatalf("the health check does not see the container's root: %s", e.docker(t, "inspect", "--format", "{{json .State.Health}}", id))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func TestEngine_IsReachedFromOutsideAndLabelled(t *testing.T) {
	e := running(t)
	cmd := exec.Command("docker", "--host", e.Host(), "info", "--format", "{{json .Labels}} {{.ServerVersion}}")
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if !strings.Contains(string(output), Label+"="+e.dir) || !strings.Contains(string(output), " 28.") {
		t.Errorf("got %s", output)
	}
}

func TestEngine_BelongsToASessionOfItsOwn(t *testing.T) {
	pid := running(t).Running()
	output, err := exec.Command("ps", "-o", "sid=", "-p", strconv.Itoa(pid)).Output()
	if err != nil || strings.TrimSpace(string(output)) != strconv.Itoa(pid) {
		t.Errorf("session %q of process %d, %v: it would end with a terminal", output, pid, err)
	}
}
