// Package report writes what a preview has shown as Markdown, for the people who review a change: the verdict, what is at stake, what the policies say, and what
// would be made, changed, replaced or deleted.
//
// It shows no value but a few that are short, plain and known not to be secret, and takes out of every other text the secrets that it was told of.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/internal/progress"
)

// About is what a preview was made of.
type About struct {
	Stack string
	// Commit is empty where there is none.
	Commit string
	// Nothing says that the preview knew nothing of the stack but its configuration file: all of it is shown as new.
	Nothing bool
	// Instead lists what stood in for the stack's own values, see package throwaway.
	Instead []string
}

// Report takes in what a preview says. New makes one.
type Report struct {
	about    About
	hidden   *strings.Replacer
	secrets  []string           // what hidden takes out
	failed   bool               // the preview ended with an error
	said     *progress.Reporter // reads errors and counts
	changes  changes
	policies policies
	mends    []string
	refusals []string
	failures []string
}

// New begins a report.
func New(about About) *Report {
	return &Report{about: about, hidden: newHidden(nil), said: progress.New(io.Discard, false)}
}

// Event takes in an event of the engine.
func (r *Report) Event(e apitype.EngineEvent) {
	if e.PolicyEvent != nil {
		said := *e.PolicyEvent
		said.Message = r.hidden.Replace(withoutColours(said.Message))
		r.policies.add(said)
		return
	}
	if e.ResourcePreEvent != nil && e.ResourcePreEvent.Planning {
		r.changes.add(e.ResourcePreEvent.Metadata)
	}
	r.said.Event(0, e)
}

// Compared says how the preview was made, where that shows only later.
func (r *Report) Compared(nothing bool, instead []string) {
	r.about.Nothing, r.about.Instead = nothing, instead
}

// Hide takes further texts out of everything that the report is told from then on.
func (r *Report) Hide(secrets []string) {
	r.secrets = append(r.secrets, secrets...)
	r.hidden = newHidden(r.secrets)
}

// Ended says that the preview ended with an error, whatever was told of it: it cannot be fine.
func (r *Report) Ended() { r.failed = true }

// Mend adds something that `platform up` would mend before it deploys.
func (r *Report) Mend(what string) { r.mends = append(r.mends, code(r.hidden.Replace(what))) }

// Refuse adds a problem for which the preview was not made at all, such as one in the configuration.
func (r *Report) Refuse(problem string) {
	r.refusals = append(r.refusals, code(r.hidden.Replace(problem)))
}

// Fail adds a reason why the preview could not be made or did not end.
func (r *Report) Fail(reason string) { r.failures = append(r.failures, code(r.hidden.Replace(reason))) }

// Changes is the number of resources that change.
func (r *Report) Changes() int { return len(r.changes.list) }

// Markdown is the report, of at most Limit bytes. Its first line is the verdict, its second the mark by which a comment is found again.
func (r *Report) Markdown() string {
	p := &page{hidden: r.hidden}
	p.line("## Preview of %s: %s", code(r.about.Stack), r.verdict())
	p.line("%s", Mark(r.about.Stack))
	p.line("")
	r.preamble(p)
	p.list("### Configuration and prerequisites", r.refusals)
	p.list("### What went wrong", r.wrong())
	p.list("### Downtime and data", r.warnings())
	r.policies.write(p)
	p.list("### Mended first", r.mends)
	r.changes.write(p)
	return p.bounded()
}

// Mark is an HTML comment, which nobody sees, that is the same in every report of a stack.
func Mark(stack string) string {
	return "<!-- prefect-platform preview " + strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' {
			return c
		}
		return '-'
	}, stack) + " -->"
}

// verdict says in a few words whether the change may go on.
func (r *Report) verdict() string {
	violations := len(r.policies.mandatory)
	switch {
	case len(r.refusals) > 0:
		return "refused, " + count(len(r.refusals), "problem", "problems") + " in configuration or prerequisites"
	case violations > 0:
		return "refused, " + count(violations, "policy violation", "policy violations")
	case r.failed || len(r.wrong()) > 0:
		return "failed"
	case r.Changes() == 0 && len(r.mends) == 0:
		return "fine, no changes"
	case r.Changes() == 0:
		return "fine, no changes, but something to mend"
	default:
		text := "fine, " + r.changes.sum()
		if n := len(r.warnings()); n > 0 {
			text += "; **" + count(n, "warning", "warnings") + "**"
		}
		return text
	}
}

// wrong is why the preview failed, beside policies and refusals.
func (r *Report) wrong() []string {
	all := append([]string{}, r.failures...)
	for _, problem := range r.said.Problems() {
		all = append(all, code(r.hidden.Replace(problem)))
	}
	return all
}

func (r *Report) preamble(p *page) {
	if r.about.Commit != "" {
		p.line("Commit %s.", code(r.about.Commit))
	}
	if !r.about.Nothing {
		p.line("Compared with the recorded state of the stack.")
		p.line("")
		return
	}
	p.line("Compared with nothing: no secret, account, state or engine was used, so all of it is shown as new. It proves configuration, program and policies, not the difference from what runs.")
	p.line("")
	p.folded("What stood in for the stack's own values", r.about.Instead)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
