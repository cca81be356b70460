package history

import (
	"strings"
	"testing"
	"time"
)

func run(id, key string, names ...string) Run {
	all := states(names...)
	return Run{ID: id, Key: key, State: names[len(names)-1], Type: all[len(all)-1].Type, States: all}
}

// states are a second apart.
func states(names ...string) []State {
	var all []State
	for i, name := range names {
		kind := map[string]string{Late: scheduled, Submitting: pending}[name]
		if kind == "" {
			kind = strings.ToUpper(name)
		}
		all = append(all, State{Name: name, Type: kind, At: start.Add(time.Duration(i) * time.Second)})
	}
	return all
}

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// expect checks that each wanted text is in a problem of its own, and that there are no more problems.
func expect(t *testing.T, problems []string, want ...string) {
	t.Helper()
	if len(problems) != len(want) {
		t.Fatalf("%d problems, want %d: %q", len(problems), len(want), problems)
	}
	for i := range want {
		if !strings.Contains(problems[i], want[i]) {
			t.Errorf("%q does not tell %q", problems[i], want[i])
		}
	}
}

func TestMissing_NamesWhatWasAcknowledgedAndIsGone(t *testing.T) {
	stored := []Run{run("1", "a", Pending), run("2", "b", Pending)}
	expect(t, Missing([]string{"1", "2"}, stored))
	expect(t, Missing([]string{"1", "3"}, stored), "run 3 was acknowledged")
	expect(t, Missing([]string{"1"}, nil), "run 1 was acknowledged")
}

func TestDoubled_FindsARunStoredUnderTwoIDs(t *testing.T) {
	expect(t, Doubled([]Run{run("1", "a", Pending), run("2", "b", Pending)}))
	expect(t, Doubled([]Run{run("1", "a", Pending), run("2", "b", Pending), run("3", "a", Completed)}), "run a is stored 2 times: 1, 3")
}

func TestUnfinished_WantsEachStateOnce(t *testing.T) {
	for _, good := range []Run{
		run("1", "a", Pending, Running, Completed),
		run("1", "a", Scheduled, Pending, Running, Completed),
		run("1", "late", Scheduled, Late, Pending, Running, Completed),
		run("1", "by a worker", Scheduled, Pending, Submitting, Running, Completed),
	} {
		expect(t, Unfinished([]Run{good}))
	}
	for _, bad := range []Run{
		run("1", "lost a state", Pending, Completed),
		run("1", "lost the end", Pending, Running),
		run("1", "ended twice", Pending, Running, Completed, Completed),
		run("1", "started twice", Pending, Running, Running, Completed),
		run("1", "crashed", Pending, Running, "Crashed"),
		run("1", "claimed twice", Scheduled, Pending, Pending, Running, Completed),
		run("1", "submitted twice", Pending, Submitting, Submitting, Running, Completed),
		run("1", "ran again", Scheduled, Pending, Running, Scheduled, Pending, Running, Completed),
		{ID: "1", Key: "present state is behind", State: Running, States: states(Pending, Running, Completed)},
		{ID: "1", Key: "no state", State: Completed},
	} {
		expect(t, Unfinished([]Run{bad}), "run "+bad.Key)
	}
}

func TestIncomplete_CountsToo(t *testing.T) {
	expect(t, Incomplete("task runs", 1, []Run{run("1", "a", Pending, Running, Completed)}))
	expect(t, Incomplete("task runs", 2, []Run{run("1", "a", Pending, Running, Completed)}), "1 task runs are stored, want 2")
	expect(t, Incomplete("task runs", 2, []Run{run("1", "a", Pending, Running, Completed), run("2", "a", Pending, Running)}), "run a is stored 2 times", "run a (2) is Running")
}

func TestOffSchedule_FindsGapsAndDoubles(t *testing.T) {
	from := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(seconds ...int) []time.Time {
		var all []time.Time
		for _, s := range seconds {
			all = append(all, from.Add(time.Duration(s)*time.Second))
		}
		return all
	}
	every := 10 * time.Second
	expect(t, OffSchedule(at(20, 0, 10), every))
	expect(t, OffSchedule(nil, every), "no run")
	expect(t, OffSchedule(at(0, 10, 10, 20), every), "two runs for 2026-11-23T12:00:10Z")
	expect(t, OffSchedule(at(0, 10, 30), every), "20s between the runs for 2026-11-23T12:00:10Z and 2026-11-23T12:00:30Z")
	expect(t, OffSchedule(at(0, 4, 10), every), "4s between", "6s between")
}
