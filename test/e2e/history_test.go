//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"prefect-platform/test/e2e/history"
)

// flowRuns reads flow runs with their states from the database, by a condition on the table flow_run.
func flowRuns(t *testing.T, where string) []history.Run {
	t.Helper()
	return readRuns(t, `select json_build_object('id', r.id, 'key', r.name, 'state', r.state_name,
		'states', (select json_agg(s.name order by s.timestamp) from flow_run_state s where s.flow_run_id = r.id))
		from flow_run r where `+where)
}

// taskRuns reads the task runs of a flow run with their states.
func taskRuns(t *testing.T, flowRun string) []history.Run {
	t.Helper()
	return readRuns(t, `select json_build_object('id', r.id, 'key', r.task_key || ' ' || r.dynamic_key, 'state', r.state_name,
		'states', (select json_agg(s.name order by s.timestamp) from task_run_state s where s.task_run_id = r.id))
		from task_run r where r.flow_run_id = '`+flowRun+`'`)
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
