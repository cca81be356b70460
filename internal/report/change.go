package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/internal/progress"
	"prefect-platform/internal/tokens"
)

// change is what happens to one resource.
type change struct {
	step      apitype.StepEventMetadata
	kind      string // service, one-shot, files, image, network, data volume, secret, ..., or the type's own name
	name      string
	stopFirst bool // of a replacement: the old one is gone before the new one is made
}

// changes are all of them, in the order in which they were foreseen.
type changes struct {
	list    []change
	deleted map[string]bool // URNs whose old resource goes first
	same    int
}

// words say what would be done, in the order of the report.
var words = []struct {
	op   apitype.OpType
	text string
}{
	{apitype.OpCreate, "create"},
	{apitype.OpUpdate, "change"},
	{apitype.OpReplace, "replace"},
	{apitype.OpDelete, "delete"},
}

func (c *changes) add(step apitype.StepEventMetadata) {
	kind, name := progress.Subject(step)
	if kind == "" {
		if !custom(step) || strings.HasPrefix(step.Type, "pulumi:") {
			return // components and providers are how the program is built, not what it makes
		}
		kind = step.Type[strings.LastIndex(step.Type, ":")+1:]
	}
	switch known, precise := precise[step.Type]; {
	case precise:
		kind = known
	case step.Type == tokens.Volume && progress.Label(step, tokens.LabelRole) == tokens.RoleFiles:
		kind = "files volume"
	case step.Type == tokens.Volume: // also one that is not retained, which progress takes for files
		kind = dataVolume
	}
	switch step.Op {
	case apitype.OpDeleteReplaced:
		if c.deleted == nil {
			c.deleted = map[string]bool{}
		}
		c.deleted[step.URN] = true
	case apitype.OpSame:
		c.same++
	case apitype.OpCreate, apitype.OpUpdate, apitype.OpReplace, apitype.OpDelete:
		c.list = append(c.list, change{step: step, kind: kind, name: name, stopFirst: c.deleted[step.URN]})
	}
}

const dataVolume = "data volume"

// precise tells apart what belongs together and has one name, but for containers, which are told apart by what they are for.
var precise = map[string]string{
	tokens.PrivateKey:        "private key",
	tokens.CertRequest:       "certificate request",
	tokens.SelfSignedCert:    "certificate authority",
	tokens.LocallySignedCert: "certificate",
}

func custom(step apitype.StepEventMetadata) bool {
	return step.New != nil && step.New.Custom || step.Old != nil && step.Old.Custom
}

// sum is "3 to create, 1 to replace".
func (c *changes) sum() string { return sum(c.list) }

func sum(list []change) string {
	var parts []string
	for _, word := range words {
		if n := len(only(list, word.op)); n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, word.text))
		}
	}
	return strings.Join(parts, ", ")
}

func only(list []change, op apitype.OpType) []change {
	var some []change
	for _, each := range list {
		if each.step.Op == op {
			some = append(some, each)
		}
	}
	return some
}

func (c *changes) write(p *page) {
	if len(c.list) == 0 {
		return
	}
	p.line("### Changes")
	byComponent := map[string][]change{}
	for _, each := range c.list {
		byComponent[component(each.step)] = append(byComponent[component(each.step)], each)
	}
	for _, name := range slices.SortedFunc(maps.Keys(byComponent), compareComponents) {
		writeComponent(p, name, byComponent[name])
	}
	if c.same > 0 {
		p.line("%d resources stay as they are.", c.same)
	}
}

func writeComponent(p *page, name string, list []change) {
	p.line("#### %s: %s", name, sum(list))
	p.line("")
	for _, word := range words {
		var texts []string
		for _, each := range only(list, word.op) {
			texts = append(texts, each.text())
		}
		slices.Sort(texts)
		if heading := fmt.Sprintf("%d to %s", len(texts), word.text); len(texts) > long {
			p.folded(heading, texts)
		} else if len(texts) > 0 {
			p.line("%s:", heading)
			p.line("")
			p.items(texts)
			p.line("")
		}
	}
}

func (c change) text() string {
	text := c.kind + " " + code(c.name)
	if c.step.Op == apitype.OpUpdate || c.step.Op == apitype.OpReplace {
		if properties := properties(c.step); len(properties) > 0 {
			text += ": " + strings.Join(properties, ", ")
		}
	}
	return text
}

// stackItself is where the resources are that belong to no component.
const stackItself = "stack"

// component is the outermost one that a resource belongs to, by the types in its URN.
func component(step apitype.StepEventMetadata) string {
	parts := strings.SplitN(step.URN, "::", 4)
	if len(parts) < 4 {
		return stackItself
	}
	for _, token := range strings.Split(parts[2], "$") {
		if token == step.Type {
			break
		}
		if parts := strings.Split(token, ":"); len(parts) == 3 && parts[0] != "pulumi" {
			return parts[1]
		}
	}
	return stackItself
}

// compareComponents puts the stack itself first.
func compareComponents(a, b string) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

func rank(component string) int {
	if component == stackItself {
		return 0
	}
	return 1
}

func (c change) before(name string) any {
	if c.step.Old == nil {
		return nil
	}
	return c.step.Old.Inputs[name]
}

func (c change) protected() bool { return c.step.Old != nil && c.step.Old.Protect }

func (c change) retained() bool { return c.step.Old != nil && c.step.Old.RetainOnDelete }

func (c change) is(types ...string) bool { return slices.Contains(types, c.step.Type) }

func (c change) workload() string { return progress.Label(c.step, tokens.LabelWorkload) }
