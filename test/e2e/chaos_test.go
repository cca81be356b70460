//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"

	"prefect-platform/test/e2e/pages"
)

// full makes the drills of this package as long as the promises are; without it they are short enough for every run.
var full = os.Getenv("E2E_FULL") == "1"

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

// strike sends a signal to a process of this machine, where the commands of a page would not reach the right one.
func strike(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatalf("signal %s to process %d: %v", signal, pid, err)
	}
}

// awaitRestart waits until the same container runs anew and is healthy.
func awaitRestart(t *testing.T, before container.InspectResponse, within time.Duration) (took time.Duration) {
	t.Helper()
	took = Await(t, within, before.Name+" to restart", func() error {
		for _, now := range stack.Containers(t, labelWorkload+"="+before.Config.Labels[labelWorkload]) {
			if now.ID == before.ID {
				return restarted(before, now)
			}
		}
		return fmt.Errorf("the container is gone")
	})
	t.Logf("%s was back and healthy after %s", before.Name, took.Round(100*time.Millisecond))
	return took
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

// at are the words of a page that stand for one workload.
func at(workload string) []string {
	return []string{labelWorkload + "=api", labelWorkload + "=" + workload}
}

// TestKilled_EveryContainerComesBackAndTheFlowGoesOn kills one container after the other while a flow runs.
func TestKilled_EveryContainerComesBackAndTheFlowGoesOn(t *testing.T) {
	page := readPage(t, "killed")
	b := startTraffic(t, "killed", 0.5)
	var slowest time.Duration
	for _, workload := range steadyServices {
		victim := stack.Container(t, workload)
		typed(t, page, pages.DoIt, at(workload)...)
		slowest = max(slowest, awaitRestart(t, victim, page.Budget))
		Await(t, time.Minute, "the others to be healthy again", func() error { return stack.Healthy(t) })
	}
	b.goesOn(t, page, "SIGKILL of each container that flows need", slowest)
}

// goesOn ends a drill that the flow in the worker survives.
func (b *traffic) goesOn(t *testing.T, page pages.Page, drill string, took time.Duration) {
	t.Helper()
	release(t, b.name)
	awaitState(t, b.run, "COMPLETED", 2*time.Minute)
	answers := b.posts.Stop()
	expectWhole(t, b.run, tasksOf(t, b.run))
	awaitOver(t, page)
	lost := b.vigil.expectIntact(t, append(acknowledgedBy(answers), b.run))
	record(t, drill, page.Budget, took, lost, seen(answers))
}

// TestDrills_AWorkerWithARunBeginsItOnce kills the worker while a run is in it, and lets it hang.
func TestDrills_AWorkerWithARunBeginsItOnce(t *testing.T) {
	drillsOnly(t)
	for _, drill := range []string{"killed", "hung"} {
		t.Run(drill, func(t *testing.T) {
			page := readPage(t, drill)
			name := map[string]string{"killed": "SIGKILL", "hung": "SIGSTOP"}[drill] + " of a worker with a run"
			endWorker(t, name, page, func(container.InspectResponse) { typed(t, page, pages.DoIt, at("worker-default")...) })
		})
	}
}

// endWorker ends the worker while one run is in it and another waits: the first is Crashed, the second runs, and neither is executed twice.
func endWorker(t *testing.T, drill string, page pages.Page, end func(worker container.InspectResponse)) {
	t.Helper()
	v := startVigil(t)
	deployment := deploy(t, uniqueName("worker"), nil)
	run := startRun(t, deployment, map[string]any{"tasks": 30, "pause": 0.2, "until": "/never"})
	awaitState(t, run, "RUNNING", time.Minute)
	Await(t, time.Minute, "tasks to be executed", func() error {
		if executed := len(readTrace(t)) - v.before; executed < 5 {
			return fmt.Errorf("%d are", executed)
		}
		return nil
	})
	worker := stack.Container(t, "worker-default")
	end(worker)
	waits := startRun(t, deployment, map[string]any{"tasks": 3, "pause": 0})
	took := awaitRestart(t, worker, page.Budget)
	awaitState(t, run, "CRASHED", time.Minute)
	awaitState(t, waits, "COMPLETED", 2*time.Minute)
	expectWhole(t, waits, 3)
	awaitOver(t, page)
	record(t, drill, page.Budget, took, v.expectIntact(t, []string{run, waits}), "the run in it is Crashed, the one that waited ran")
}

// TestDrills_EveryContainerComesBack kills all containers of a stack with monitoring and backup that no flow needs, one after the other, and then lets them hang,
// all at once. Together with the tests above these are all that there are.
func TestDrills_EveryContainerComesBack(t *testing.T) {
	drillsOnly(t)
	backedUp(t)
	Await(t, 3*time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })
	others := map[string]bool{}
	for _, c := range stack.Containers(t, labelRole+"=service") {
		others[c.Config.Labels[labelWorkload]] = true
	}
	for _, workload := range append([]string{"worker-default"}, steadyServices...) {
		if !others[workload] {
			t.Errorf("%s is not there", workload)
		}
		delete(others, workload)
	}
	if len(others) < 10 {
		t.Fatalf("only %v", others)
	}
	t.Run("killed", func(t *testing.T) {
		page := readPage(t, "killed")
		var slowest time.Duration
		for _, workload := range slices.Sorted(maps.Keys(others)) {
			victim := stack.Container(t, workload)
			typed(t, page, pages.DoIt, at(workload)...)
			slowest = max(slowest, awaitRestart(t, victim, page.Budget))
		}
		awaitOver(t, page)
		record(t, fmt.Sprintf("SIGKILL of each of %d others", len(others)), page.Budget, slowest, 0, "nothing")
	})
	t.Run("hung", func(t *testing.T) {
		page := readPage(t, "hung")
		var slowest time.Duration
		var victims []container.InspectResponse
		for _, workload := range slices.Sorted(maps.Keys(others)) {
			victims = append(victims, stack.Container(t, workload))
			typed(t, page, pages.DoIt, at(workload)...)
		}
		var stay []string
		for _, victim := range victims {
			if standsStill(victim) {
				stay = append(stay, victim.Config.Labels[labelWorkload])
				continue
			}
			slowest = max(slowest, awaitRestart(t, victim, page.Budget))
		}
		for _, workload := range stay {
			if done := stack.Exec(t, stack.Container(t, workload).ID, "sh", "-c", "kill -CONT -1"); done.Code != 0 {
				t.Error(done.Stderr)
			}
		}
		awaitOver(t, page)
		record(t, fmt.Sprintf("SIGSTOP of each of %d others", len(others)-len(stay)), page.Budget, slowest, 0, fmt.Sprintf("nothing; not noticed in %v", stay))
	})
}

// standsStill tells whether nobody notices that a container hangs: its check asks for a file that is left there.
func standsStill(c container.InspectResponse) bool {
	return slices.Equal(c.Config.Healthcheck.Test[max(0, len(c.Config.Healthcheck.Test)-3):], []string{"test", "-e", "/tmp/ready"})
}

// TestKilled_AWaitingFlowRunsWhenItsWorkerIsBack also shows that a container comes back whose init is stopped and could not notice its child's end.
func TestKilled_AWaitingFlowRunsWhenItsWorkerIsBack(t *testing.T) {
	endWorker(t, "SIGKILL of a worker behind a stopped init", readPage(t, "hung"), func(worker container.InspectResponse) {
		strike(t, worker.State.Pid, syscall.SIGSTOP)
		strike(t, mainProcess(t, worker), syscall.SIGKILL)
	})
}

// TestHung_EveryContainerIsRestartedAndTheFlowGoesOn stops processes without ending them, which Docker's restart policy does not see. The short version stops all at
// once, the full one each by itself.
func TestHung_EveryContainerIsRestartedAndTheFlowGoesOn(t *testing.T) {
	page := readPage(t, "hung")
	b := startTraffic(t, "hung", 0.5)
	groups := [][]string{steadyServices}
	if full {
		groups = slices.Collect(slices.Chunk(steadyServices, 1))
	}
	var slowest time.Duration
	for _, group := range groups {
		var stopped []container.InspectResponse
		for _, workload := range group {
			stopped = append(stopped, stack.Container(t, workload))
			typed(t, page, pages.DoIt, at(workload)...)
		}
		for _, victim := range stopped {
			slowest = max(slowest, awaitRestart(t, victim, page.Budget))
		}
		Await(t, page.Budget, "everything to be healthy", func() error { return stack.Healthy(t) })
	}
	b.goesOn(t, page, "SIGSTOP of each container that flows need", slowest)
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
