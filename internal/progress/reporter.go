// Package progress turns the events of a Pulumi operation into lines that a person can follow.
package progress

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// quiet is how long nothing may be said before a line tells what is being waited for.
const quiet = 10 * time.Second

// Reporter writes one line for each thing that was done. Times are those since the start of the operation.
type Reporter struct {
	out     io.Writer
	verbose bool

	spoke    time.Duration
	running  map[string]task // by URN and operation
	changes  map[apitype.OpType]int
	problems problems
}

type task struct {
	subject
	began time.Duration
}

// New makes a reporter. A verbose one has a line for every resource, plumbing included.
func New(out io.Writer, verbose bool) *Reporter {
	return &Reporter{out: out, verbose: verbose, running: map[string]task{}, changes: map[apitype.OpType]int{}}
}

// Event takes in an event of the engine.
func (r *Reporter) Event(at time.Duration, e apitype.EngineEvent) {
	switch {
	case e.ResourcePreEvent != nil:
		step := e.ResourcePreEvent.Metadata
		if e.ResourcePreEvent.Planning {
			r.planned(step)
		} else if step.Op != apitype.OpSame {
			r.running[key(step)] = task{subject: about(step), began: at}
		}
	case e.ResOutputsEvent != nil && !e.ResOutputsEvent.Planning:
		r.finished(at, e.ResOutputsEvent.Metadata)
	case e.ResOpFailedEvent != nil:
		r.failed(at, e.ResOpFailedEvent.Metadata)
	case e.DiagnosticEvent != nil:
		if text := r.problems.diagnostic(*e.DiagnosticEvent); text != "" {
			r.line(at, "warning: %s", text)
		}
	case e.PolicyEvent != nil:
		r.problems.policy(*e.PolicyEvent)
	case e.ErrorEvent != nil:
		r.problems.add("", e.ErrorEvent.Error)
	case e.SummaryEvent != nil:
		maps.Copy(r.changes, e.SummaryEvent.ResourceChanges)
	}
}

// Tick says what is being waited for, when nothing was said for a while.
func (r *Reporter) Tick(at time.Duration) {
	if at-r.spoke < quiet {
		return
	}
	var waiting []string
	for _, k := range slices.Sorted(maps.Keys(r.running)) {
		if t := r.running[k]; t.kind != "" {
			waiting = append(waiting, fmt.Sprintf("%s %s (%.0f s)", t.kind, t.name, (at-t.began).Seconds()))
		}
	}
	if len(waiting) == 0 {
		waiting = []string{"Pulumi"}
	}
	r.line(at, "... waiting for %s", strings.Join(waiting, ", "))
}

func (r *Reporter) finished(at time.Duration, step apitype.StepEventMetadata) {
	t, known := r.running[key(step)]
	delete(r.running, key(step))
	what := about(step)
	verb := verbs[step.Op]
	if !known || verb == "" || !r.verbose && what.plumbing() || what.kind == "" {
		return
	}
	if result := results[what.kind]; result != "" && (step.Op == apitype.OpCreate || step.Op == apitype.OpCreateReplacement) {
		verb = result
	}
	if what.kind == "data volume" && (step.Op == apitype.OpDelete || step.Op == apitype.OpDeleteReplaced) {
		verb = "no longer used, and kept"
	}
	if code := exitCode(step); code != "" && code != "0" {
		verb = "FAILED with exit code " + code
	} else if step.Op == apitype.OpCreateReplacement {
		verb += " (replaced)"
	}
	r.line(at, "%-11s %-28s %s%s", what.kind, what.name, verb, took(at-t.began))
}

func (r *Reporter) failed(at time.Duration, step apitype.StepEventMetadata) {
	t := r.running[key(step)]
	delete(r.running, key(step))
	if what := about(step); what.kind != "" {
		r.line(at, "%-11s %-28s FAILED%s", what.kind, what.name, took(at-t.began))
	}
}

func (r *Reporter) line(at time.Duration, format string, args ...any) {
	r.spoke = at
	_, _ = fmt.Fprintf(r.out, "%6.1fs  %s\n", at.Seconds(), fmt.Sprintf(format, args...))
}

// verbs are for the operations that do something. The rest is bookkeeping.
var verbs = map[apitype.OpType]string{
	apitype.OpCreate:            "made",
	apitype.OpCreateReplacement: "made",
	apitype.OpUpdate:            "updated",
	apitype.OpDelete:            "removed",
	apitype.OpDeleteReplaced:    "old one removed",
}

// results say what a successful creation has shown.
var results = map[string]string{
	"service":  "healthy",
	"one-shot": "done",
	"image":    "present",
}

func took(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return fmt.Sprintf(" after %.0f s", d.Seconds())
}

func key(step apitype.StepEventMetadata) string { return step.URN + " " + string(step.Op) }
