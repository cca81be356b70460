package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/internal/state"
)

// exceptions is the policy that tells what is let pass, and under which conditions.
const exceptions = "exceptions"

// policies are what the pack has said, each thing once.
type policies struct {
	mandatory, advisory, let []string
}

func (p *policies) add(e apitype.PolicyEvent) {
	list := &p.advisory
	switch {
	case e.PolicyName == exceptions:
		list = &p.let
	case e.EnforcementLevel == "mandatory":
		list = &p.mandatory
	}
	if text := finding(e); !slices.Contains(*list, text) {
		*list = append(*list, text)
	}
}

// finding is one result. The pack writes the rule's sentence on the first line, then "resource: what was found; the change that makes it right".
func finding(e apitype.PolicyEvent) string {
	sentence, message, two := strings.Cut(strings.TrimSpace(e.Message), "\n")
	if !two {
		sentence, message = "", sentence
	}
	name := state.Name(e.ResourceURN)
	message = strings.TrimPrefix(strings.TrimSpace(message), name+": ")
	if e.PolicyName == exceptions {
		return on(name) + code(message)
	}
	text := code(e.PolicyName)
	if name != "" {
		text += " on " + code(name)
	}
	if sentence != "" {
		text += "\n  - rule: " + code(sentence)
	}
	found, change, both := strings.Cut(message, "; ")
	text += "\n  - found: " + code(found)
	if both {
		text += "\n  - change: " + code(change)
	}
	return text
}

func on(name string) string {
	if name == "" {
		return ""
	}
	return code(name) + ": "
}

func (p *policies) write(to *page) {
	slices.Sort(p.mandatory)
	slices.Sort(p.advisory)
	slices.Sort(p.let)
	to.list(fmt.Sprintf("### Policies refuse (%d)", len(p.mandatory)), p.mandatory)
	to.list(fmt.Sprintf("### Policies advise (%d)", len(p.advisory)), p.advisory)
	to.list(fmt.Sprintf("### Exceptions (%d)", len(p.let)), p.let)
}

// withoutColours takes out Pulumi's colour commands, such as <{%reset%}>.
func withoutColours(text string) string {
	for {
		begin := strings.Index(text, "<{%")
		if begin < 0 {
			return text
		}
		length := strings.Index(text[begin:], "%}>")
		if length < 0 {
			return text
		}
		text = text[:begin] + text[begin+length+len("%}>"):]
	}
}
