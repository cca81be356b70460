package progress

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/internal/state"
)

// problems collects what went wrong, each thing once.
type problems struct {
	texts []string
	seen  map[string]bool
}

// Problems returns what went wrong, in readable form; empty after a success.
func (r *Reporter) Problems() []string { return r.problems.texts }

// diagnostic keeps errors and returns a warning that is worth a line.
func (p *problems) diagnostic(d apitype.DiagnosticEvent) string {
	text := clean(d.Message)
	switch {
	case text == "" || d.Ephemeral:
		return ""
	case d.Severity == "error":
		p.add(d.URN, text)
	case d.Severity == "warning" && !strings.Contains(text, " from $PATH at ") && !p.seen[text]:
		p.remember(text)
		return text
	}
	return ""
}

func (p *problems) policy(e apitype.PolicyEvent) {
	if e.EnforcementLevel == "mandatory" {
		p.add(e.ResourceURN, "policy "+e.PolicyName+": "+clean(e.Message))
	}
}

func (p *problems) add(urn, text string) {
	if name := state.Name(urn); name != "" {
		text = name + ": " + text
	}
	// The provider's log often says the same again, with more around it.
	if slices.ContainsFunc(p.texts, func(known string) bool { return strings.Contains(known, text) }) || p.seen[text] {
		return
	}
	p.remember(text)
	p.texts = append(p.texts, text)
}

func (p *problems) remember(text string) {
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[text] = true
}

var (
	colors = regexp.MustCompile(`<\{%[^%]*%\}>`)
	// wrapping is what Pulumi, its Go host and the bridge put around a message.
	wrapping = regexp.MustCompile(`(?m)^\s*(an unhandled error occurred: |program failed: ?|waiting for RPCs: |resolving options: |creating urn:\S+: |updating urn:\S+: |deleting urn:\S+: |\d+ errors? occurred:\s*(\* )?)+`)
	// noise says nothing that another message does not.
	noise = regexp.MustCompile(`^(update failed|preview failed|destroy failed|exit status \d+|sdk-v2/provider\S*: .*|\s*)$`)
)

// clean takes away colours, wrapping and noise.
func clean(message string) string {
	text := colors.ReplaceAllString(message, "")
	text = strings.TrimSpace(wrapping.ReplaceAllString(text, ""))
	text = strings.TrimSpace(wrapping.ReplaceAllString(text, "")) // what was wrapped twice
	if noise.MatchString(text) {
		return ""
	}
	return text
}
