//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"prefect-platform/test/e2e/load"
	"prefect-platform/test/e2e/pages"
)

// outage is how long the database is away in the drill.
const outage = 15 * time.Second

// outsideSteady runs the steady flow with the SDK through the edge; it prints the id of the run first, and the trace last.
const outsideSteady = `
import os, sys
sys.path.append("/e2e/flows")
from prefect import flow
from prefect.runtime import flow_run
from steady import steady

@flow(name="outside-steady")
def outside():
    print(flow_run.id, flush=True)
    steady.fn(tasks=200, pause=float(os.environ["PAUSE"]), until="/e2e/stop")

outside()
print(open(os.environ["E2E_TRACE"]).read(), end="")
`

// outsideTrace is where the flow outside notes what it executes.
const outsideTrace = "E2E_TRACE=/tmp/trace"

// startOutside starts the outside flow and waits until it runs.
func startOutside(t *testing.T, pause float64) (p *Process, run string) {
	t.Helper()
	p = stack.StartPython(t, Script{Code: outsideSteady, Env: []string{fmt.Sprint("PAUSE=", pause), outsideTrace}, Files: map[string]string{"/e2e/flows/steady.py": steadyFlow}})
	Await(t, time.Minute, "the flow outside to run", func() error {
		stdout, stderr := p.Output(t)
		if p.Ended(t) {
			t.Fatalf("it ended: %s\n%s", stdout, stderr)
		}
		run = strings.TrimSpace(stdout)
		_, err := runState(t, run)
		return err
	})
	return p, run
}

// TestOutage_NothingIsLost takes the database away for 15 s and kills the background services while flows with more than 200 tasks run, one in a worker and one outside.
func TestOutage_NothingIsLost(t *testing.T) {
	const kills = 4
	page, killed := readPage(t, "database-away"), readPage(t, "killed")
	name := uniqueName("outage")
	v := startVigil(t)
	inside := startRun(t, deploy(t, name, nil), map[string]any{"tasks": 200, "pause": 0.05, "until": stopFile(name)})
	outsideProcess, outside := startOutside(t, 0.05)
	awaitState(t, inside, "RUNNING", time.Minute)
	probe := startProbe(t)

	database := stack.Container(t, "postgres")
	typed(t, page, pages.DoIt)
	left := time.Now()
	maintained := 0
	Await(t, outage, "clients to be told of maintenance", func() error { return maintenance(t) })
	<-time.After(time.Until(left.Add(outage))) // the outage itself, not a wait for something
	typed(t, page, "End it")
	took := Await(t, page.Budget, "the API to answer again", func() error { return stack.TryAPI(t, "POST", "/flows/count", map[string]any{}, nil) })
	awaitRestart(t, database, time.Minute)

	for range kills {
		victim := stack.Container(t, "services")
		typed(t, killed, pages.DoIt, at("services")...)
		awaitRestart(t, victim, 2*time.Minute)
	}
	Await(t, time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })

	release(t, name)
	stack.CopyIn(t, outsideProcess.id, map[string]string{"/e2e/stop": "now"})
	_, trace, _ := strings.Cut(outsideProcess.Wait(t), "\n")
	awaitState(t, inside, "COMPLETED", 2*time.Minute)
	answers := probe.Stop()
	for _, a := range load.Failures(answers) {
		if a.Code == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != "" {
			if a.Header.Get("Prefect-Maintenance") == "true" {
				maintained++ // the others came as the database went or returned
			}
			continue
		}
		t.Errorf("a client was neither answered properly nor told to come again: %s", a)
	}
	t.Logf("%d probes were told of maintenance", maintained)
	if maintained == 0 {
		t.Error("no probe noticed the outage: this test shows nothing")
	}
	expectWhole(t, inside, tasksOf(t, inside))
	expectWhole(t, outside, tasksOf(t, outside))
	awaitOver(t, page)
	lost := v.expectIntact(t, []string{inside, outside}, parseTrace(t, trace)...)
	record(t, "database away for 15 s, services killed", page.Budget, took, lost, seen(answers))
}

// maintenance returns nil when the edge gives the answer that makes Prefect's clients wait.
func maintenance(t *testing.T) error {
	t.Helper()
	answer, err := stack.HTTP.Do(stack.Request(t, http.MethodPost, "/api/flows/count", map[string]any{}))
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Prefect-Maintenance") != "true" {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}
