package history

import (
	"fmt"
	"slices"
	"time"
)

// Types of states.
const (
	scheduled  = "SCHEDULED"
	pending    = "PENDING"
	running    = "RUNNING"
	paused     = "PAUSED"
	cancelling = "CANCELLING"
	cancelled  = "CANCELLED"
	completed  = "COMPLETED"
	failed     = "FAILED"
	crashed    = "CRASHED"
)

// after are the types that may follow each type. What has ended stays so, and only what runs completes.
var after = map[string][]string{
	scheduled:  {scheduled, pending, running, paused, cancelling, cancelled, failed, crashed},
	pending:    {scheduled, pending, running, paused, cancelling, cancelled, failed, crashed},
	running:    {scheduled, paused, cancelling, cancelled, completed, failed, crashed},
	paused:     {scheduled, running, cancelling, cancelled, failed, crashed},
	cancelling: {cancelled, failed, crashed},
}

// cached is the one way to Completed without running.
const cached = "Cached"

// Contradictory reports every run whose states cannot all be true: one after its end, two beginnings without a new start between, an end without a beginning, or a
// present state that is not its last.
func Contradictory(runs []Run) []string {
	var problems []string
	for _, run := range runs {
		if len(run.States) == 0 {
			problems = append(problems, fmt.Sprintf("%s has no state", run))
			continue
		}
		for i, state := range run.States[1:] {
			before := run.States[i]
			if !slices.Contains(after[before.Type], state.Type) && (state.Name != cached || before.Type != pending) {
				problems = append(problems, fmt.Sprintf("%s became %s after %s: %s", run, state.Name, before.Name, run.names()))
			}
		}
		if last := run.States[len(run.States)-1]; last.Name != run.State {
			problems = append(problems, fmt.Sprintf("%s is %s, and the last of its states is %s", run, run.State, last.Name))
		}
	}
	return problems
}

// open are the types in which a run is in somebody's hands.
var open = []string{pending, running, cancelling}

// Unended reports every run that is in somebody's hands: when nobody is at work any more, it is stuck.
func Unended(runs []Run) []string {
	var problems []string
	for _, run := range runs {
		if slices.Contains(open, run.Type) {
			problems = append(problems, fmt.Sprintf("%s is %s and nobody is at work: %s", run, run.State, run.names()))
		}
	}
	return problems
}

// Stuck reports every run that was in one state for longer than it may at a time until now. How long a run may be Running is its own affair, unless it still is.
func Stuck(runs []Run, now time.Time, most time.Duration) []string {
	var problems []string
	for _, run := range runs {
		for i, state := range run.States {
			last, until := i == len(run.States)-1, now
			if !last {
				until = run.States[i+1].At
			}
			waits := state.Type == pending || state.Type == cancelling || state.Type == running && last
			if lasted := until.Sub(state.At); waits && lasted > most {
				problems = append(problems, fmt.Sprintf("%s was %s for %s, %s at most", run, state.Name, lasted.Round(time.Second), most))
			}
		}
	}
	return problems
}

// Different reports every run that one side knows and the other does not, or knows in another state.
func Different(stored, read []Run) []string {
	var problems []string
	known, seen := byID(read), byID(stored)
	for _, run := range stored {
		switch other, there := known[run.ID]; {
		case !there:
			problems = append(problems, fmt.Sprintf("%s is stored and cannot be read", run))
		case other.State != run.State:
			problems = append(problems, fmt.Sprintf("%s is stored as %s and read as %s", run, run.State, other.State))
		}
	}
	for _, run := range read {
		if _, there := seen[run.ID]; !there {
			problems = append(problems, fmt.Sprintf("%s can be read and is not stored", run))
		}
	}
	return problems
}
