package progress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// signs mark what a preview foresees.
var signs = map[apitype.OpType]string{
	apitype.OpCreate:  "+ create ",
	apitype.OpUpdate:  "~ update ",
	apitype.OpReplace: "± replace",
	apitype.OpDelete:  "- remove ",
}

// planned writes a line for what a preview foresees, plumbing included: it is the list that a person agrees to.
func (r *Reporter) planned(step apitype.StepEventMetadata) {
	sign := signs[step.Op]
	what := about(step)
	if sign == "" || what.kind == "" {
		return
	}
	_, _ = fmt.Fprintf(r.out, "  %s %-11s %s%s\n", sign, what.kind, what.name, because(step))
}

// because names the properties that changed, never their values: they may be secret.
func because(step apitype.StepEventMetadata) string {
	if step.Op == apitype.OpCreate || step.Op == apitype.OpDelete || len(step.Diffs) == 0 {
		return ""
	}
	changed := slices.Clone(step.Diffs)
	slices.Sort(changed)
	return " (" + strings.Join(slices.Compact(changed), ", ") + ")"
}

// Changes is the number of resources that change, or would.
func (r *Reporter) Changes() int {
	n := 0
	for op, count := range r.changes {
		if op != apitype.OpSame && op != apitype.OpRead {
			n += count
		}
	}
	return n
}

// Summary counts what was done or foreseen: "2 create, 1 replace, 40 unchanged".
func (r *Reporter) Summary() string {
	if r.Changes() == 0 {
		return fmt.Sprintf("no changes, %d resources as they are", r.changes[apitype.OpSame])
	}
	var parts []string
	for _, op := range []apitype.OpType{apitype.OpCreate, apitype.OpUpdate, apitype.OpReplace, apitype.OpDelete} {
		if n := r.changes[op]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, op))
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("%d unchanged", r.changes[apitype.OpSame])), ", ")
}
