//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"prefect-platform/test/e2e/history"
)

// tracedFlows are those that leave a trace of what they execute.
const tracedFlows = "('steady', 'outside-steady')"

// flowRuns reads flow runs with their states from the database, by a condition on the table flow_run.
func flowRuns(t *testing.T, where string) []history.Run {
	t.Helper()
	return readRuns(t, `select json_build_object('id', r.id, 'key', r.name, 'state', r.state_name, 'type', r.state_type, 'traced', f.name in `+tracedFlows+`,
		'states', (select json_agg(json_build_object('name', s.name, 'type', s.type, 'at', s.timestamp) order by s.timestamp) from flow_run_state s where s.flow_run_id = r.id))
		from flow_run r join flow f on f.id = r.flow_id where `+where)
}

// taskRuns reads the task runs of a flow run with their states.
func taskRuns(t *testing.T, flowRun string) []history.Run {
	t.Helper()
	return taskRunsWhere(t, "r.flow_run_id = '"+flowRun+"'")
}

// taskRunsWhere reads those that a condition on the table task_run chooses.
func taskRunsWhere(t *testing.T, where string) []history.Run {
	t.Helper()
	return readRuns(t, `select json_build_object('id', r.id, 'key', r.task_key || ' ' || r.dynamic_key || ' of ' || r.flow_run_id, 'state', r.state_name, 'type', r.state_type,
		'flowRun', r.flow_run_id, 'traced', f.name in `+tracedFlows+`,
		'states', (select json_agg(json_build_object('name', s.name, 'type', s.type, 'at', s.timestamp) order by s.timestamp) from task_run_state s where s.task_run_id = r.id))
		from task_run r join flow_run p on p.id = r.flow_run_id join flow f on f.id = p.flow_id where `+where)
}

func readRuns(t *testing.T, sql string) []history.Run {
	t.Helper()
	var runs []history.Run
	for _, row := range stack.PG(t, sql) {
		var run history.Run
		if err := json.Unmarshal([]byte(row), &run); err != nil {
			t.Fatalf("%v: %s", err, row)
		}
		runs = append(runs, run)
	}
	return runs
}

// readByAPI asks the API for runs; what is flow_runs or task_runs.
func readByAPI(t *testing.T, what string, ids []string) []history.Run {
	t.Helper()
	var all []history.Run
	for page := range slices.Chunk(ids, 200) { // as many as it lists at once
		var read []struct {
			ID    string `json:"id"`
			Name  string `json:"name"`
			State string `json:"state_name"`
		}
		stack.API(t, http.MethodPost, "/"+what+"/filter", map[string]any{what: map[string]any{"id": map[string]any{"any_": page}}, "limit": len(page)}, &read)
		for _, run := range read {
			all = append(all, history.Run{ID: run.ID, Key: run.Name, State: run.State})
		}
	}
	return all
}

// expectWhole waits until a finished flow run and each of its tasks is stored with every state, and none twice.
func expectWhole(t *testing.T, flowRun string, tasks int) {
	t.Helper()
	var problems []string
	took := Await(t, time.Minute, fmt.Sprintf("the whole history of run %s", flowRun), func() error {
		problems = history.Incomplete("flow runs", 1, flowRuns(t, "r.id = '"+flowRun+"'"))
		problems = append(problems, history.Incomplete("task runs", tasks, taskRuns(t, flowRun))...)
		if len(problems) > 0 {
			return fmt.Errorf("%d problems: %s", len(problems), strings.Join(problems[:min(len(problems), 10)], "; "))
		}
		return nil
	})
	t.Logf("run %s: %d task runs with %d states were whole after %s", flowRun, tasks, 3*tasks, took.Round(time.Millisecond))
}

// mostWait is how long a run may be in one state before it counts as stuck.
const mostWait = 10 * time.Minute

// vigil is what the checker of histories knows of a drill, besides what it finds afterwards.
type vigil struct {
	since  string // by the database's clock
	before int    // executions that had been traced by then
	// loseTasks says why task runs may miss or stay open, empty when they may not.
	loseTasks string
	// skewed says that states were made by clocks that differ, so that their times and order tell nothing.
	skewed bool
}

// startVigil begins to watch all that happens to runs.
func startVigil(t *testing.T) *vigil {
	t.Helper()
	return &vigil{since: stack.PG(t, "select clock_timestamp()")[0], before: len(readTrace(t))}
}

// readTrace reads what flows in the worker have noted of their executions. The file is on the worker's volume.
func readTrace(t *testing.T) []history.Execution {
	t.Helper()
	said := stack.Exec(t, stack.Container(t, "worker-default").ID, "sh", "-c", "cat /var/lib/prefect/trace 2>/dev/null || true")
	return parseTrace(t, said.Stdout)
}

func parseTrace(t *testing.T, text string) []history.Execution {
	t.Helper()
	trace, err := history.ParseTrace(text)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// expectIntact looks at all flow and task runs since the drill began, when all that the drill started should have ended: in the database, by the API, and at the
// trace, to which that of flows outside is added. It returns how many runs are lost that somebody was told of, or that were executed.
func (v *vigil) expectIntact(t *testing.T, acknowledged []string, outside ...history.Execution) (lost int) {
	t.Helper()
	const settles = time.Minute // for what is on its way to be stored, and for what others run meanwhile
	var found findings
	for began := time.Now(); ; time.Sleep(time.Second) {
		if found = v.look(t, acknowledged, outside); found.none() || time.Since(began) > settles {
			break
		}
	}
	for _, problem := range append(found.wrong, found.lost...) {
		t.Error(problem)
	}
	if len(found.tasks) > 0 {
		t.Logf("%d of %d task runs are not recorded to their end, because %s: %s", len(found.tasks), found.executed, v.loseTasks, strings.Join(found.tasks[:min(3, len(found.tasks))], "; "))
	}
	t.Logf("looked at %d flow runs, %d task runs and %d executions since %s", found.flowRuns, found.taskRuns, found.executed, v.since)
	return len(found.lost)
}

// findings are what the checker has found.
type findings struct {
	lost, wrong                  []string
	tasks                        []string // that may miss
	flowRuns, taskRuns, executed int
}

func (f findings) none() bool { return len(f.lost)+len(f.wrong)+len(f.tasks) == 0 }

func (v *vigil) look(t *testing.T, acknowledged []string, outside []history.Execution) (f findings) {
	t.Helper()
	recent := append(readTrace(t)[v.before:], outside...)
	flows, tasks := flowRuns(t, "r.created >= '"+v.since+"'"), taskRunsWhere(t, "r.created >= '"+v.since+"'")
	byAPI := readByAPI(t, "flow_runs", slices.Compact(slices.Sorted(slices.Values(append(idsOfRuns(flows), acknowledged...)))))
	tasksByAPI := readByAPI(t, "task_runs", idsOfRuns(tasks))
	f.flowRuns, f.taskRuns, f.executed = len(flows), len(tasks), len(recent)

	f.lost = append(history.Missing(acknowledged, byAPI), history.UnrecordedFlows(recent, flows)...)
	f.wrong = slices.Concat(history.Doubled(tasks), history.Twice(recent), history.Untraced(recent, flows, tasks),
		history.Different(flows, byAPI), history.Different(tasks, tasksByAPI), history.Unended(flows))
	if !v.skewed {
		f.wrong = slices.Concat(f.wrong, history.Contradictory(flows), history.Stuck(flows, time.Now(), mostWait))
	}
	if v.loseTasks != "" { // those that stay open are among them
		f.tasks = history.UnrecordedTasks(recent, flows, tasks)
		return f
	}
	f.lost = append(f.lost, history.UnrecordedTasks(recent, flows, tasks)...)
	f.wrong = append(f.wrong, history.Unended(ofEnded(tasks, flows))...)
	if !v.skewed {
		f.wrong = append(f.wrong, history.Contradictory(tasks)...)
	}
	return f
}

// ofEnded leaves out the task runs of flow runs that were ended by force: whoever would have told their end has ended too.
func ofEnded(tasks, flows []history.Run) []history.Run {
	whole := map[string]bool{}
	for _, flow := range flows {
		whole[flow.ID] = flow.State == history.Completed
	}
	return slices.DeleteFunc(slices.Clone(tasks), func(task history.Run) bool { return !whole[task.FlowRun] })
}

func idsOfRuns(runs []history.Run) []string {
	var ids []string
	for _, run := range runs {
		ids = append(ids, run.ID)
	}
	return ids
}
