//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
)

// full makes the drills of this package as long as the promises are; without it they are short enough for every run.
var full = os.Getenv("E2E_FULL") == "1"

// hangLimit is how long a container that hangs may stay away: three health checks without an answer, each 10 s after the end of the one before and given 5 s,
// and the start of the slowest. A little machine is slow.
const hangLimit = 4 * time.Minute

// mainProcess returns the host's id of a container's main process, the child of its init.
func mainProcess(t *testing.T, c container.InspectResponse) int {
	t.Helper()
	if c.State.Pid == 0 {
		t.Fatalf("%s does not run", c.Name)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", c.State.Pid, c.State.Pid))
	if err != nil {
		t.Fatal(err)
	}
	children := strings.Fields(string(text))
	if len(children) == 0 {
		t.Fatalf("%s has no process beside its init", c.Name)
	}
	pid, err := strconv.Atoi(children[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// descendants returns the processes below another one of this machine.
func descendants(t *testing.T, pid int) []int {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, file := range tasks {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			all = append(append(all, child), descendants(t, child)...)
		}
	}
	return all
}

// strike sends a signal to a process of this machine. (`docker kill` would keep the restart policy from acting.)
func strike(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatalf("signal %s to process %d: %v", signal, pid, err)
	}
}

// awaitRestart waits until the same container runs anew and is healthy.
func awaitRestart(t *testing.T, before container.InspectResponse, within time.Duration) {
	t.Helper()
	took := Await(t, within, before.Name+" to restart", func() error {
		for _, now := range stack.Containers(t, labelWorkload+"="+before.Config.Labels[labelWorkload]) {
			if now.ID == before.ID {
				return restarted(before, now)
			}
		}
		return fmt.Errorf("the container is gone")
	})
	t.Logf("%s was back and healthy after %s", before.Name, took.Round(100*time.Millisecond))
}

func restarted(before, now container.InspectResponse) error {
	switch {
	case now.State.StartedAt == before.State.StartedAt:
		return errors.New("it has not restarted")
	case now.State.Health == nil || now.State.Health.Status != container.Healthy:
		return fmt.Errorf("it is %s, health %+v", now.State.Status, now.State.Health)
	}
	return nil
}

// steadyServices are all workloads that flows need besides the worker, whose end is that of its flows.
var steadyServices = []string{"postgres", "redis", "api", "services", "nginx"}

// TestKilled_EveryContainerComesBackAndTheFlowGoesOn kills the main process of one container after the other while a flow runs.
func TestKilled_EveryContainerComesBackAndTheFlowGoesOn(t *testing.T) {
	name := uniqueName("killed")
	run := startRun(t, deploy(t, name, nil), map[string]any{"tasks": 30, "pause": 0.5, "until": stopFile(name)})
	awaitState(t, run, "RUNNING", time.Minute)

	for _, workload := range steadyServices {
		victim := stack.Container(t, workload)
		strike(t, mainProcess(t, victim), syscall.SIGKILL)
		awaitRestart(t, victim, 2*time.Minute)
		Await(t, time.Minute, "the others to be healthy again", func() error { return stack.Healthy(t) })
	}

	release(t, name)
	awaitState(t, run, "COMPLETED", 2*time.Minute)
	expectWhole(t, run, tasksOf(t, run))
}

// TestKilled_AWaitingFlowRunsWhenItsWorkerIsBack also shows that a container comes back whose init is stopped and could not notice its child's end.
func TestKilled_AWaitingFlowRunsWhenItsWorkerIsBack(t *testing.T) {
	deployment := deploy(t, uniqueName("waiting"), nil)
	worker := stack.Container(t, "worker-default")
	strike(t, worker.State.Pid, syscall.SIGSTOP)
	strike(t, mainProcess(t, worker), syscall.SIGKILL)
	run := startRun(t, deployment, map[string]any{"tasks": 3, "pause": 0})

	awaitRestart(t, worker, hangLimit)
	awaitState(t, run, "COMPLETED", 2*time.Minute)
	expectWhole(t, run, 3)
}

// TestHung_EveryContainerIsRestartedAndTheFlowGoesOn stops processes without ending them, which Docker's restart policy does not see. The short version stops all at
// once, the full one each by itself.
func TestHung_EveryContainerIsRestartedAndTheFlowGoesOn(t *testing.T) {
	name := uniqueName("hung")
	run := startRun(t, deploy(t, name, nil), map[string]any{"tasks": 30, "pause": 0.5, "until": stopFile(name)})
	awaitState(t, run, "RUNNING", time.Minute)

	groups := [][]string{steadyServices}
	if full {
		groups = slices.Collect(slices.Chunk(steadyServices, 1))
	}
	for _, group := range groups {
		var stopped []container.InspectResponse
		for _, workload := range group {
			victim := stack.Container(t, workload)
			for _, pid := range descendants(t, victim.State.Pid) { // a launcher alone may stand still and harm nobody
				strike(t, pid, syscall.SIGSTOP)
			}
			stopped = append(stopped, victim)
		}
		for _, victim := range stopped {
			awaitRestart(t, victim, hangLimit)
		}
		Await(t, hangLimit, "everything to be healthy", func() error { return stack.Healthy(t) })
	}

	release(t, name)
	awaitState(t, run, "COMPLETED", 2*time.Minute)
	expectWhole(t, run, tasksOf(t, run))
}

func TestHung_AStoppedInitHarmsNobody(t *testing.T) {
	worker := stack.Container(t, "worker-default")
	api := stack.Container(t, "api")
	for _, c := range []container.InspectResponse{worker, api} {
		strike(t, c.State.Pid, syscall.SIGSTOP)
		t.Cleanup(func() { _ = syscall.Kill(c.State.Pid, syscall.SIGCONT) }) // so that it can be stopped
	}
	run := startRun(t, deploy(t, uniqueName("init"), nil), map[string]any{"tasks": 3, "pause": 0})
	awaitState(t, run, "COMPLETED", time.Minute)
	if err := stack.Healthy(t); err != nil {
		t.Error(err)
	}
}

// uniqueName tells this run's things in the shared stack from those of others.
func uniqueName(what string) string { return fmt.Sprintf("%s-%d", what, time.Now().UnixNano()) }
