package history

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Execution is a line of the trace: something of a run was really executed, whatever Prefect has stored of it.
type Execution struct {
	FlowRun string
	// Task is the number of a task in its run; Flow is the run itself.
	Task string
	// TaskRun is its id, empty for the run itself.
	TaskRun string
	// Attempt is Prefect's count, from 1.
	Attempt int
}

// Flow stands for the number of a task where the flow itself began.
const Flow = "flow"

// ParseTrace reads lines of flow run, task, task run ("-" for none) and attempt.
func ParseTrace(text string) ([]Execution, error) {
	var trace []Execution
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 4 || !strings.HasSuffix(line, "\n") {
			return nil, fmt.Errorf("line %d of the trace is %q", len(trace)+1, line)
		}
		attempt, err := strconv.Atoi(fields[3])
		if err != nil {
			return nil, fmt.Errorf("line %d of the trace: %w", len(trace)+1, err)
		}
		if fields[2] == "-" {
			fields[2] = ""
		}
		trace = append(trace, Execution{FlowRun: fields[0], Task: fields[1], TaskRun: fields[2], Attempt: attempt})
	}
	return trace, nil
}

// Twice reports everything that was executed more than once. The flows of the drills have no retries: a second attempt is one too many, whoever made it.
func Twice(trace []Execution) []string {
	type what struct{ flowRun, task string }
	attempts := map[what][]string{}
	for _, e := range trace {
		key := what{e.FlowRun, e.Task}
		attempts[key] = append(attempts[key], strconv.Itoa(e.Attempt))
	}
	var problems []string
	for key, all := range attempts {
		if len(all) > 1 {
			problems = append(problems, fmt.Sprintf("%s of flow run %s was executed %d times, as attempts %s", named(key.task), key.flowRun, len(all), strings.Join(all, ", ")))
		}
	}
	slices.Sort(problems)
	return problems
}

func named(task string) string {
	if task == Flow {
		return "the flow"
	}
	return "task " + task
}

// UnrecordedFlows reports every flow that was executed and of which no run is there.
func UnrecordedFlows(trace []Execution, flowRuns []Run) []string {
	flows := byID(flowRuns)
	var problems []string
	for _, e := range trace {
		if _, there := flows[e.FlowRun]; !there && e.Task == Flow {
			problems = append(problems, fmt.Sprintf("flow run %s was executed and is not there", e.FlowRun))
		}
	}
	return problems
}

// UnrecordedTasks reports every task that was executed in a completed flow run and is not there as Completed. What a flow run that was ended by force had not yet told,
// nobody has acknowledged.
func UnrecordedTasks(trace []Execution, flowRuns, taskRuns []Run) []string {
	flows, tasks := byID(flowRuns), byID(taskRuns)
	var problems []string
	for _, e := range trace {
		flow := flows[e.FlowRun]
		switch {
		case e.Task == Flow || flow.State != Completed:
		case tasks[e.TaskRun].ID == "":
			problems = append(problems, fmt.Sprintf("task run %s, task %s of %s, was executed and is not there", e.TaskRun, e.Task, flow))
		case tasks[e.TaskRun].State != Completed:
			problems = append(problems, fmt.Sprintf("task run %s, task %s of %s, was executed and is %s", e.TaskRun, e.Task, flow, tasks[e.TaskRun].State))
		}
	}
	return problems
}

// Untraced reports every completed run that leaves a trace and has left none: it was never executed.
func Untraced(trace []Execution, flowRuns, taskRuns []Run) []string {
	executed := map[string]bool{}
	for _, e := range trace {
		if e.Task == Flow {
			executed[e.FlowRun] = true
		} else {
			executed[e.TaskRun] = true
		}
	}
	var problems []string
	for _, run := range slices.Concat(flowRuns, taskRuns) {
		if run.Traced && run.State == Completed && !executed[run.ID] {
			problems = append(problems, fmt.Sprintf("%s is Completed and was not executed", run))
		}
	}
	return problems
}
