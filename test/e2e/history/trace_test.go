package history

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestParseTrace_TakesWholeLinesOnly(t *testing.T) {
	trace, err := ParseTrace("run-1 flow - 1\nrun-1 0 task-1 1\n")
	if err != nil || len(trace) != 2 || trace[0] != (Execution{FlowRun: "run-1", Task: Flow, Attempt: 1}) || trace[1] != (Execution{"run-1", "0", "task-1", 1}) {
		t.Errorf("%v, %v", trace, err)
	}
	if trace, err := ParseTrace(""); err != nil || len(trace) != 0 {
		t.Errorf("of nothing: %v, %v", trace, err)
	}
	for _, bad := range []string{"run-1 flow -\n", "run-1 flow - 1", "run-1 flow - one\n", "\n", "run-1 flow - 1 2\n"} {
		if trace, err := ParseTrace("run-1 flow - 1\n" + bad); err == nil {
			t.Errorf("%q was read as %v", bad, trace)
		}
	}
}

func TestTwice_CountsExecutionsAndNotWhatIsStored(t *testing.T) {
	expect(t, Twice([]Execution{{"1", Flow, "", 1}, {"1", "0", "a", 1}, {"1", "1", "b", 1}, {"2", Flow, "", 1}, {"2", "0", "c", 1}}))
	expect(t, Twice([]Execution{{"1", Flow, "", 1}, {"1", "0", "a", 1}, {"1", Flow, "", 2}, {"1", "0", "b", 1}}),
		"task 0 of flow run 1 was executed 2 times, as attempts 1, 1", "the flow of flow run 1 was executed 2 times, as attempts 1, 2")
}

func TestUnrecordedFlows_WantsEachThatBegan(t *testing.T) {
	flows := []Run{run("1", "a", Running, "Crashed")}
	expect(t, UnrecordedFlows([]Execution{{"1", Flow, "", 1}, {"1", "0", "t", 1}}, flows))
	expect(t, UnrecordedFlows([]Execution{{"1", Flow, "", 1}, {"3", Flow, "", 1}}, flows), "flow run 3 was executed and is not there")
}

func TestUnrecordedTasks_WantsEachOfACompletedRun(t *testing.T) {
	flows := []Run{run("1", "a", Running, Completed), run("2", "b", Running, "Crashed")}
	tasks := []Run{run("t", "a 0", Running, Completed), run("u", "a 1", Running)}
	expect(t, UnrecordedTasks([]Execution{{"1", Flow, "", 1}, {"1", "0", "t", 1}, {"2", Flow, "", 1}, {"2", "0", "not told", 1}}, flows, tasks))
	expect(t, UnrecordedTasks([]Execution{{"1", "1", "u", 1}, {"1", "2", "v", 1}}, flows, tasks),
		"task run u, task 1 of run a (1), was executed and is Running", "task run v, task 2 of run a (1), was executed and is not there")
}

func TestUntraced_WantsExecutionsOfWhatIsCompleted(t *testing.T) {
	traced := func(r Run) Run { r.Traced = true; return r }
	flows := []Run{traced(run("1", "a", Completed)), run("2", "posted as such", Completed), traced(run("3", "c", "Crashed"))}
	tasks := []Run{traced(run("t", "a 0", Completed))}
	expect(t, Untraced([]Execution{{"1", Flow, "", 1}, {"1", "0", "t", 1}}, flows, tasks))
	expect(t, Untraced([]Execution{{"1", "1", "u", 1}}, flows, tasks), "run a (1) is Completed and was not executed", "run a 0 (t) is Completed and was not executed")
}

// world draws runs that were all executed once, and are stored so.
func world(t *rapid.T) (trace []Execution, flows, tasks []Run) {
	for f := range rapid.IntRange(1, 4).Draw(t, "flows") {
		id := fmt.Sprintf("f%d", f)
		flow := run(id, id, Pending, Running, Completed)
		flow.Traced = true
		flows, trace = append(flows, flow), append(trace, Execution{id, Flow, "", 1})
		for n := range rapid.IntRange(0, 5).Draw(t, "tasks") {
			task := run(fmt.Sprintf("%st%d", id, n), id+" "+fmt.Sprint(n), Pending, Running, Completed)
			task.Traced, task.FlowRun = true, id
			tasks, trace = append(tasks, task), append(trace, Execution{id, fmt.Sprint(n), task.ID, 1})
		}
	}
	return rapid.Permutation(trace).Draw(t, "trace"), flows, tasks
}

func TestTrace_OneFaultIsOneProblem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace, flows, tasks := world(t)
		count := func(trace []Execution, flows, tasks []Run) int {
			return len(Twice(trace)) + len(UnrecordedFlows(trace, flows)) + len(UnrecordedTasks(trace, flows, tasks)) + len(Untraced(trace, flows, tasks))
		}
		if n := count(trace, flows, tasks); n != 0 {
			t.Fatalf("%d problems where all is well", n)
		}
		i := rapid.IntRange(0, len(trace)-1).Draw(t, "execution")
		again := trace[i]
		again.Attempt = rapid.IntRange(1, 3).Draw(t, "attempt")
		if n := count(append(trace[:len(trace):len(trace)], again), flows, tasks); n != 1 {
			t.Fatalf("%d problems when %v happens again", n, again)
		}
		without := append(append([]Execution(nil), trace[:i]...), trace[i+1:]...)
		if n := count(without, flows, tasks); n != 1 {
			t.Fatalf("%d problems when %v never happened", n, trace[i])
		}
		if len(tasks) > 0 {
			lost := rapid.IntRange(0, len(tasks)-1).Draw(t, "lost")
			if n := count(trace, flows, append(append([]Run(nil), tasks[:lost]...), tasks[lost+1:]...)); n != 1 {
				t.Fatalf("%d problems when %s is lost", n, tasks[lost])
			}
		}
	})
}
