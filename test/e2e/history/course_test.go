package history

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestContradictory_LetsThroughWhatHappens(t *testing.T) {
	expect(t, Contradictory([]Run{
		run("1", "planned", Scheduled, Late, Pending, Submitting, Running, Completed),
		run("2", "late after it was claimed", Scheduled, Pending, Late, Running, Completed),
		run("3", "claimed and given back", Scheduled, Pending, Scheduled, Pending, Running, Completed),
		run("4", "its worker was killed", Scheduled, Pending, Running, "Crashed"),
		run("5", "made so", Completed),
		run("6", "waits", Scheduled),
		run("7", "cancelled", Scheduled, Pending, Running, "Cancelling", "Cancelled"),
		{ID: "8", Key: "cached", State: cached, States: []State{{Name: Pending, Type: pending}, {Name: cached, Type: completed}}},
	}))
}

func TestContradictory_FindsWhatCannotBe(t *testing.T) {
	for _, bad := range []Run{
		run("1", "ran on after its end", Scheduled, Pending, Running, "Crashed", Completed),
		run("1", "began again after its end", Pending, Running, Completed, Running),
		run("1", "began twice", Pending, Running, Running),
		run("1", "claimed while it ran", Pending, Running, Pending),
		run("1", "never began", Scheduled, Pending, Completed),
		run("1", "not even claimed", Scheduled, Completed),
		{ID: "1", Key: "present state is another", State: Running, States: states(Pending, Running, Completed)},
		{ID: "1", Key: "no state", State: Completed},
	} {
		expect(t, Contradictory([]Run{bad}), "run "+bad.Key)
	}
}

// lawful draws a run that goes from state to state as it may.
func lawful(t *rapid.T) Run {
	kinds := []string{rapid.SampledFrom([]string{scheduled, pending}).Draw(t, "first")}
	for len(kinds) < 8 {
		next := after[kinds[len(kinds)-1]]
		if len(next) == 0 || rapid.IntRange(0, 5).Draw(t, "ends") == 0 {
			break
		}
		kinds = append(kinds, rapid.SampledFrom(next).Draw(t, "next"))
	}
	return run("1", "drawn", titles(kinds)...)
}

func titles(kinds []string) []string {
	var all []string
	for _, kind := range kinds {
		all = append(all, kind[:1]+strings.ToLower(kind[1:]))
	}
	return all
}

func TestContradictory_NothingFollowsAnEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		good := lawful(t)
		if problems := Contradictory([]Run{good}); len(problems) > 0 {
			t.Fatal(problems)
		}
		ends := []string{completed, failed, crashed, cancelled}
		if !slices.Contains(ends, good.States[len(good.States)-1].Type) {
			return
		}
		more := rapid.SampledFrom(append([]string{scheduled, pending, running}, ends...)).Draw(t, "more")
		good.States = append(good.States, State{Name: titles([]string{more})[0], Type: more})
		good.State = good.States[len(good.States)-1].Name
		if problems := Contradictory([]Run{good}); len(problems) != 1 {
			t.Fatalf("%d problems with %s: %v", len(problems), good.names(), problems)
		}
	})
}

func TestUnended_FindsWhatIsInSomebodysHands(t *testing.T) {
	expect(t, Unended([]Run{run("1", "waits", Scheduled, Late), run("2", "ended", Pending, Running, Completed), run("3", "crashed", Running, "Crashed"), {ID: "4", Key: "no state"}}))
	expect(t, Unended([]Run{run("1", "a", Pending), run("2", "b", Pending, Running), run("3", "c", Pending, Submitting), run("4", "d", Running, "Cancelling")}),
		"run a (1) is Pending and nobody is at work: Pending", "run b (2) is Running", "run c (3) is Submitting", "run d (4) is Cancelling")
}

func TestStuck_MeasuresEachWait(t *testing.T) {
	const most = 10 * time.Minute
	long := func(names ...string) Run { // eleven minutes in each state
		r := run("1", strings.Join(names, " "), names...)
		for i := range r.States {
			r.States[i].At = start.Add(time.Duration(i) * 11 * time.Minute)
		}
		return r
	}
	now := start.Add(time.Hour)
	expect(t, Stuck([]Run{run("1", "quick", Pending, Running, Completed)}, now, most))
	expect(t, Stuck([]Run{long(Scheduled, Late)}, now, most)) // nobody has taken it
	expect(t, Stuck([]Run{long(Running, Completed)}, now, most))
	expect(t, Stuck([]Run{long(Pending, Running, Completed)}, now, most), "was Pending for 11m0s, 10m0s at most")
	expect(t, Stuck([]Run{long(Running, "Cancelling", "Cancelled")}, now, most), "was Cancelling for 11m0s")
	expect(t, Stuck([]Run{run("1", "still", Scheduled, Running)}, now, most), "was Running for 59m59s")
	expect(t, Stuck([]Run{run("1", "still", Scheduled, Running)}, start.Add(most+time.Second), most))
}

func TestDifferent_ComparesBothSides(t *testing.T) {
	stored := []Run{run("1", "a", Completed), run("2", "b", Running)}
	expect(t, Different(stored, []Run{{ID: "2", State: Running}, {ID: "1", State: Completed}}))
	expect(t, Different(stored, []Run{{ID: "1", State: Running}, {ID: "3", Key: "c", State: Running}}),
		"run a (1) is stored as Completed and read as Running", "run b (2) is stored and cannot be read", "run c (3) can be read and is not stored")
}
