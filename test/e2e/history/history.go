// Package history judges what a Prefect database holds after a disturbance: nothing that was acknowledged may be missing, and nothing may be there twice.
package history

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Run is a flow run or task run with the states that are stored of it.
type Run struct {
	ID string `json:"id"`
	// Key is the same for two records of the same run: the name of a flow run, or flow run, task and number of a task run.
	Key string `json:"key"`
	// State is the name of the run's present state.
	State string `json:"state"`
	// Type is that of the present state.
	Type string `json:"type"`
	// States are all its states, oldest first.
	States []State `json:"states"`
	// FlowRun is that of a task run; empty for a flow run.
	FlowRun string `json:"flowRun"`
	// Traced says that whatever is executed of it leaves a trace outside Prefect.
	Traced bool `json:"traced"`
}

// State is one state of a run.
type State struct {
	Name string    `json:"name"`
	Type string    `json:"type"`
	At   time.Time `json:"at"`
}

// names of a run's states, oldest first.
func (r Run) names() string {
	var all []string
	for _, s := range r.States {
		all = append(all, s.Name)
	}
	return strings.Join(all, ", ")
}

func (r Run) String() string { return fmt.Sprintf("run %s (%s)", r.Key, r.ID) }

// Names of states.
const (
	Scheduled  = "Scheduled"
	Late       = "Late" // of type SCHEDULED too
	Pending    = "Pending"
	Submitting = "Submitting" // of type PENDING too, only of a flow run that a worker starts
	Running    = "Running"
	Completed  = "Completed"
)

// Missing reports every acknowledged run that is not among those that were read.
func Missing(acknowledged []string, read []Run) []string {
	known := byID(read)
	var problems []string
	for _, id := range acknowledged {
		if _, there := known[id]; !there {
			problems = append(problems, fmt.Sprintf("run %s was acknowledged and is not there", id))
		}
	}
	return problems
}

func byID(runs []Run) map[string]Run {
	all := map[string]Run{}
	for _, run := range runs {
		all[run.ID] = run
	}
	return all
}

// Doubled reports every run that is stored under two ids.
func Doubled(stored []Run) []string {
	ids := map[string][]string{}
	for _, run := range stored {
		ids[run.Key] = append(ids[run.Key], run.ID)
	}
	var problems []string
	for key, all := range ids {
		if len(all) > 1 {
			problems = append(problems, fmt.Sprintf("run %s is stored %d times: %s", key, len(all), strings.Join(all, ", ")))
		}
	}
	slices.Sort(problems)
	return problems
}

// Unfinished reports every run that did not go once from Scheduled, if it was planned, through Pending and Running to Completed.
// A run that a worker takes while Prefect finds it late is Late after Pending.
func Unfinished(runs []Run) []string {
	var problems []string
	for _, run := range runs {
		if run.State != Completed || !once.MatchString(run.names()) {
			problems = append(problems, fmt.Sprintf("%s is %s with states %s", run, run.State, run.names()))
		}
	}
	return problems
}

var once = regexp.MustCompile(fmt.Sprintf("^(%s, )?(%s, )?%s, (%s, )?(%s, )?%s, %s$", Scheduled, Late, Pending, Late, Submitting, Running, Completed))

// Incomplete reports a number of runs that is not the one wanted, and whatever Doubled and Unfinished find.
func Incomplete(what string, want int, runs []Run) []string {
	problems := append(Doubled(runs), Unfinished(runs)...)
	if len(runs) != want {
		problems = append(problems, fmt.Sprintf("%d %s are stored, want %d", len(runs), what, want))
	}
	return problems
}

// OffSchedule reports every time between the first and the last start at which an interval schedule should have made one run and made none or several.
func OffSchedule(starts []time.Time, every time.Duration) []string {
	if len(starts) == 0 {
		return []string{"the schedule made no run"}
	}
	starts = slices.SortedFunc(slices.Values(starts), time.Time.Compare)
	var problems []string
	for i := 1; i < len(starts); i++ {
		before, at := starts[i-1], starts[i]
		switch gap := at.Sub(before); {
		case gap == 0:
			problems = append(problems, fmt.Sprintf("two runs for %s", at.Format(time.RFC3339)))
		case gap != every:
			problems = append(problems, fmt.Sprintf("%s between the runs for %s and %s, want %s", gap, before.Format(time.RFC3339), at.Format(time.RFC3339), every))
		}
	}
	return problems
}
