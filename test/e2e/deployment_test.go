//go:build e2e

package e2e

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"
)

//go:embed flows/steady.py
var steadyFlow string

// deploy puts the steady flow on the volume of the default pool's workers and makes a deployment of it, with further fields such as schedules.
func deploy(t *testing.T, name string, more map[string]any) (id string) {
	t.Helper()
	stack.CopyIn(t, stack.Running(t, "worker-default")[0].ID, map[string]string{flowFolder + "/steady.py": steadyFlow})
	var flow, deployment struct {
		ID string `json:"id"`
	}
	stack.API(t, "POST", "/flows/", map[string]any{"name": "steady"}, &flow)
	fields := map[string]any{
		"name": name, "flow_id": flow.ID, "work_pool_name": "default", "entrypoint": "steady.py:steady",
		"pull_steps": []any{map[string]any{"prefect.deployments.steps.set_working_directory": map[string]any{"directory": flowFolder}}},
	}
	for key, value := range more {
		fields[key] = value
	}
	stack.API(t, "POST", "/deployments/", fields, &deployment)
	return deployment.ID
}

// startRun has a deployment run now.
func startRun(t *testing.T, deployment string, parameters map[string]any) (run string) {
	t.Helper()
	var created struct {
		ID string `json:"id"`
	}
	stack.API(t, "POST", "/deployments/"+deployment+"/create_flow_run", map[string]any{
		"parameters": parameters, "state": map[string]any{"type": "SCHEDULED"},
	}, &created)
	return created.ID
}

// runState returns the type of a flow run's state, such as RUNNING.
func runState(t *testing.T, run string) (string, error) {
	t.Helper()
	var read struct {
		State string `json:"state_type"`
	}
	err := stack.TryAPI(t, "GET", "/flow_runs/"+run, nil, &read)
	return read.State, err
}

// awaitState waits until a flow run is in a state.
func awaitState(t *testing.T, run, want string, within time.Duration) {
	t.Helper()
	took := Await(t, within, "run "+run+" to be "+want, func() error {
		state, err := runState(t, run)
		if err == nil && state != want {
			err = fmt.Errorf("it is %s", state)
		}
		return err
	})
	t.Logf("run %s was %s after %s", run, want, took.Round(time.Millisecond))
}

// stopFile is what a steady flow waits for before it ends.
func stopFile(name string) string { return flowFolder + "/" + name + ".stop" }

// release lets a steady flow end.
func release(t *testing.T, name string) {
	t.Helper()
	stack.CopyIn(t, stack.Running(t, "worker-default")[0].ID, map[string]string{stopFile(name): "now"})
}

var tasksRan = regexp.MustCompile(`^ran (\d+) tasks$`)

// tasksOf returns how many tasks a steady flow says it ran.
func tasksOf(t *testing.T, run string) int {
	t.Helper()
	ran := -1
	Await(t, 30*time.Second, "the log of run "+run, func() error {
		messages, err := logsOf(t, run)
		for _, message := range messages {
			if found := tasksRan.FindStringSubmatch(message); found != nil {
				ran, err = strconv.Atoi(found[1])
				return err
			}
		}
		if err == nil {
			err = fmt.Errorf("not in %d lines", len(messages))
		}
		return err
	})
	return ran
}
