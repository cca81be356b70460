//go:build e2e

package e2e

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	//go:embed flows/counting.py
	countingFlow string
	//go:embed flows/deploy.py
	deployScript string
)

// flowFolder is where both sides find the flow: on the results volume in the workers, in the script's container outside.
const flowFolder = "/var/lib/prefect/flows"

// tasksOfRun is the number of small tasks in a run of the counting flow.
const tasksOfRun = 200

// outsideRun is what flows/deploy.py prints.
type outsideRun struct {
	Run      string `json:"run"`
	State    string `json:"state"`
	Events   int    `json:"events"`
	OwnEvent bool   `json:"ownEvent"`
}

// runFromOutside deploys the counting flow with the SDK, outside the stack, and runs it in the default pool.
func runFromOutside(t *testing.T, seed string) outsideRun {
	t.Helper()
	file := map[string]string{flowFolder + "/counting.py": countingFlow}
	stack.CopyIn(t, stack.Container(t, "worker-default").ID, file)
	out := stack.StartPython(t, Script{
		Code:  deployScript,
		Files: file,
		Env:   []string{fmt.Sprintf("TASKS=%d", tasksOfRun), "SEED=" + seed},
	}).Wait(t)
	var run outsideRun
	if err := json.Unmarshal([]byte(out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:]), &run); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return run
}

func TestSDK_OutsideDeploysAndAWorkerRuns(t *testing.T) {
	start := time.Now()
	seed := fmt.Sprint(start.UnixNano())
	run := runFromOutside(t, seed)
	t.Logf("deployed, ran and heard in %s: %+v", time.Since(start).Round(time.Millisecond), run)
	if run.State != "Completed" {
		t.Errorf("the run ended as %s", run.State)
	}
	if !run.OwnEvent || run.Events < tasksOfRun+1 {
		t.Errorf("heard of %d completed tasks on events/out, want %d; event sent through events/in came back: %t", run.Events, tasksOfRun+1, run.OwnEvent)
	}

	took := Await(t, 30*time.Second, "all task runs to be recorded", func() error {
		return recorded(t, run.Run, "COMPLETED", tasksOfRun+1)
	})
	t.Logf("%d task runs recorded %s after the end", tasksOfRun+1, took.Round(time.Millisecond))
	Await(t, 10*time.Second, "all log lines to be stored", func() error { return countLogs(t, run.Run, "square of", tasksOfRun) })
	inFile := linesInFlowLog(t, run.Run, "square of")
	if inFile != tasksOfRun {
		t.Errorf("flows.log has %d lines of the run's tasks, want %d", inFile, tasksOfRun)
	}
	if linesInFlowLog(t, run.Run, "View at "+stack.URL+"/") != 1 {
		t.Error("flows.log does not say where to look at the run")
	}

	drawn := drawnBy(t, run.Run)
	before := stack.Container(t, "worker-default").ID
	stack.Up(t, Set("workers[0].limit", 11))
	if after := stack.Container(t, "worker-default").ID; after == before {
		t.Fatal("the worker was not replaced")
	}
	again := runFromOutside(t, seed)
	if again.State != "Completed" {
		t.Errorf("the second run ended as %s", again.State)
	}
	Await(t, 30*time.Second, "the cached task to be recorded", func() error { return recordedAs(t, again.Run, "Cached", 1) })
	if cached := drawnBy(t, again.Run); cached != drawn {
		t.Errorf("after the worker's replacement %q was drawn, want the cached %q", cached, drawn)
	}
}

// recorded returns nil when a flow run has exactly this many task runs of a state type, and no others.
func recorded(t *testing.T, run, stateType string, want int) error {
	t.Helper()
	return taskRunCount(t, run, want, map[string]any{"type": map[string]any{"any_": []string{stateType}}})
}

// recordedAs is recorded with the name of a state, such as Cached, and allows for others.
func recordedAs(t *testing.T, run, stateName string, want int) error {
	t.Helper()
	return taskRunCount(t, run, want, map[string]any{"name": map[string]any{"any_": []string{stateName}}})
}

func taskRunCount(t *testing.T, run string, want int, state map[string]any) error {
	t.Helper()
	var count int
	err := stack.TryAPI(t, "POST", "/task_runs/count", map[string]any{
		"flow_runs": map[string]any{"id": map[string]any{"any_": []string{run}}},
		"task_runs": map[string]any{"state": state},
	}, &count)
	if err == nil && count != want {
		err = fmt.Errorf("%d task runs in state %v, want %d", count, state, want)
	}
	return err
}

// logsOf returns the stored log lines of a run, oldest first, all pages of them.
func logsOf(t *testing.T, run string) ([]string, error) {
	t.Helper()
	const page = 200
	var all []string
	for {
		var part []struct {
			Message string `json:"message"`
		}
		err := stack.TryAPI(t, "POST", "/logs/filter", map[string]any{
			"logs": map[string]any{"flow_run_id": map[string]any{"any_": []string{run}}}, "limit": page, "offset": len(all),
		}, &part)
		if err != nil {
			return nil, err
		}
		for _, log := range part {
			all = append(all, log.Message)
		}
		if len(part) < page {
			return all, nil
		}
	}
}

func countLogs(t *testing.T, run, text string, want int) error {
	t.Helper()
	logs, err := logsOf(t, run)
	found := 0
	for _, message := range logs {
		if strings.Contains(message, text) {
			found++
		}
	}
	if err == nil && found != want {
		err = fmt.Errorf("%d lines with %q, want %d", found, text, want)
	}
	return err
}

// drawnBy returns the token that the cached task of a run returned.
func drawnBy(t *testing.T, run string) string {
	t.Helper()
	var token string
	Await(t, 10*time.Second, "the drawn token in the log", func() error {
		logs, err := logsOf(t, run)
		for _, message := range logs {
			if _, after, found := strings.Cut(message, "drew "); found {
				token = after
				return nil
			}
		}
		if err == nil {
			err = fmt.Errorf("not in %d lines", len(logs))
		}
		return err
	})
	return token
}

// linesInFlowLog counts the lines of flows.log that belong to a run and contain a text; every line must be JSON.
func linesInFlowLog(t *testing.T, run, text string) int {
	t.Helper()
	result := stack.Exec(t, stack.Container(t, "worker-default").ID, "cat", "/var/log/prefect/flows.log")
	if result.Code != 0 {
		t.Fatalf("flows.log: %s", result.Stderr)
	}
	found := 0
	for line := range strings.Lines(result.Stdout) {
		var entry struct {
			Run     string `json:"flow_run_id"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("flows.log has a line that is not JSON: %q", line)
		}
		if entry.Run == run && strings.Contains(entry.Message, text) {
			found++
		}
	}
	return found
}
