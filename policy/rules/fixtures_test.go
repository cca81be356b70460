package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/config"
)

// fixture is the real stack with one change.
type fixture struct {
	name string // what is wrong, as in "a container that publishes a database"
	// stack is "dev" or "prod", empty for prod; every rule must let the unchanged one pass.
	stack string
	// of is the type and resource the name of the resource that is changed.
	of, resource string
	change       func(*Resource)
	// edge changes the text of the edge's configuration, in the file that is mounted and in what the component recorded.
	edge func(string) string
	// add are resources that the real stack does not have, and remove the names of those that are gone; for rules about the whole.
	add    []Resource
	remove []string
	// facts changes what is known beside the resources.
	facts func(*Facts)
	// found is a part of the message.
	found string
	// also are other rules that are rightly broken by the same change.
	also []string
}

// proof is what shows that a rule works. Each family's test file adds the proofs of its rules to proofs.
type proof struct {
	fails []fixture
	// unknown are changes after which a preview does not know what the rule needs: it must let that pass if an `up` judges again, and refuse in the `up`.
	// A rule over the whole stack is not asked again, so it must refuse at once.
	unknown []fixture
	// neverUnknown says why the rule depends on nothing that could be unknown.
	neverUnknown string
}

var proofs = map[string]proof{}

func prove(id string, p proof) struct{} {
	if _, known := proofs[id]; known {
		panic("two proofs for " + id)
	}
	proofs[id] = p
	return struct{}{}
}

func TestRules_LetTheRealStacksPass(t *testing.T) {
	for _, stack := range []string{"dev", "prod", "dev" + monitored, "prod" + monitored, "dev" + certified, "prod" + certified, "prod" + monitored + certified} {
		for _, r := range []real{up(t, stack), preview(t, stack)} {
			for id, found := range judge(r) {
				t.Errorf("%s (preview %v), %s: %v", stack, r.facts.Preview, id, found)
			}
		}
	}
}

func TestRules_RefuseWhatIsWrongAndNameNoOtherRule(t *testing.T) {
	for id, p := range proofs {
		for _, f := range p.fails {
			t.Run(id+"/"+f.name, func(t *testing.T) {
				found := judge(f.apply(t, false))
				wantOnly(t, found, slices.Concat([]string{id}, f.also, twoFaults[id+"/"+f.name]))
				if !slices.ContainsFunc(found[id], func(v Violation) bool { return strings.Contains(v.Found, f.found) }) {
					t.Errorf("got %v, want a word of %q", found[id], f.found)
				}
				for _, v := range found[id] {
					if v.Name == "" || v.Found == "" || v.Change == "" {
						t.Errorf("%+v does not say what, where and how to mend it", v)
					}
				}
			})
		}
	}
}

func TestRules_LetTheUnknownPassInAPreviewOnlyIfAnUpJudgesAgain(t *testing.T) {
	for id, p := range proofs {
		rule, _ := find(All(), id)
		for _, f := range p.unknown {
			t.Run(id+"/"+f.name, func(t *testing.T) {
				found := judge(f.apply(t, true))
				if refused := len(found[id]) > 0; refused != (rule.Stack != nil) {
					t.Errorf("in a preview: %v", found[id])
				}
				f.facts = func(facts *Facts) { facts.Preview = false }
				if found := judge(f.apply(t, false)); len(found[id]) == 0 {
					t.Error("in an up it is let pass, and nobody will judge again")
				}
			})
		}
	}
}

func TestRules_EachHasAProofAndAnExplanation(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range All() {
		if seen[r.ID] {
			t.Errorf("%s is registered twice", r.ID)
		}
		seen[r.ID] = true
		if r.Sentence == "" || r.Why == "" || (r.Resource == nil) == (r.Stack == nil) {
			t.Errorf("%s lacks a sentence, a why, or one judgement", r.ID)
		}
		p := proofs[r.ID]
		if len(p.fails) == 0 {
			t.Errorf("%s was never seen to refuse anything", r.ID)
		}
		if len(p.unknown) == 0 && p.neverUnknown == "" {
			t.Errorf("%s has neither a case of an unknown value nor a reason why there can be none", r.ID)
		}
	}
	for id := range proofs {
		if !seen[id] {
			t.Errorf("there is a proof of %s, and no such rule", id)
		}
	}
}

// judge asks every rule about everything, and returns what was refused by ID.
func judge(r real) map[string][]Violation {
	refused := map[string][]Violation{}
	for _, rule := range All() {
		if rule.Production && !r.facts.Production {
			continue
		}
		var found []Violation
		for i, each := range r.resources {
			if len(r.changed) == 0 || r.changed[i] {
				found = append(found, rule.Judge(r.facts, each)...)
			}
		}
		found = append(found, rule.JudgeStack(r.facts, r.resources)...)
		if len(found) > 0 {
			refused[rule.ID] = found
		}
	}
	return refused
}

func (f fixture) apply(t *testing.T, inPreview bool) real {
	t.Helper()
	stack := f.stack
	if stack == "" {
		stack = "prod"
	}
	base := realStack(t, stack, inPreview)
	changed := real{facts: base.facts, changed: map[int]bool{}}
	touched := func() { changed.changed[len(changed.resources)] = true }
	done := f.resource == ""
	for _, each := range base.resources {
		if slices.Contains(f.remove, each.Name) {
			continue
		}
		if each.Name == f.resource && each.Type == f.of {
			f.change(&each)
			touched()
			done = true
		}
		if f.edge != nil {
			changeEdge(&each, f.edge)
			touched()
		}
		changed.resources = append(changed.resources, each)
	}
	if !done {
		t.Fatalf("the real stack has no %s %s", f.of, f.resource)
	}
	for _, each := range f.add {
		touched()
		changed.resources = append(changed.resources, each)
	}
	if f.facts != nil {
		f.facts(&changed.facts)
		changed.changed = nil
	}
	return changed
}

func wantOnly(t *testing.T, found map[string][]Violation, want []string) {
	t.Helper()
	for _, id := range want {
		if id != anyRule && len(found[id]) == 0 {
			t.Errorf("%s lets it pass", id)
		}
	}
	for id, violations := range found {
		if slices.Contains(want, id) || slices.Contains(want, anyRule) || !slices.ContainsFunc(violations, readAndWrong) {
			continue
		}
		t.Errorf("%s refuses it too: %v", id, violations)
	}
}

// anyRule among the others that are broken too says that a resource was added which is wrong in many ways.
const anyRule = "*"

// readAndWrong tells a value that was found wrong from one that could not be read at all: that, every rule refuses which needs it.
func readAndWrong(v Violation) bool { return !strings.HasSuffix(v.Found, " and cannot be judged") }

// put gives a property a value, given as plain Go: text, number, bool, list, map, or a property.Value.
func put(name string, value any) func(*Resource) {
	return func(r *Resource) { r.Properties = r.Properties.Set(name, plainValue(value)) }
}

// without takes a property away.
func without(name string) func(*Resource) {
	return func(r *Resource) { r.Properties = r.Properties.Delete(name) }
}

// unknownProperty makes a property one that only an `up` knows.
func unknownProperty(name string) func(*Resource) { return put(name, property.New(property.Computed)) }

// edit replaces a part of the text of an uploaded file; the test fails if it is not there.
func edit(file, old, new string) func(*Resource) {
	return func(r *Resource) {
		uploads := r.Properties.Get("uploads").AsArray().AsSlice()
		for i, item := range uploads {
			fields := item.AsMap()
			if !strings.HasSuffix(fields.Get("file").AsString(), "/"+file) {
				continue
			}
			content := fields.Get("content")
			if !strings.Contains(content.AsString(), old) {
				panic(fmt.Sprintf("%s has no %q", file, old))
			}
			text := property.New(strings.Replace(content.AsString(), old, new, 1)).WithSecret(content.Secret())
			uploads[i] = property.New(fields.Set("content", text))
			r.Properties = r.Properties.Set("uploads", property.New(uploads))
			return
		}
		panic("no file " + file)
	}
}

// configured gives a key of the stack's own configuration a value.
func configured(key, value string) func(*Facts) {
	return func(f *Facts) {
		values := map[string]string{}
		for k, v := range f.Config {
			values[k] = v
		}
		values[config.Namespace+":"+key] = value
		f.Config = values
	}
}

func plainValue(value any) property.Value {
	switch value := value.(type) {
	case property.Value:
		return value
	case string:
		return property.New(value)
	case bool:
		return property.New(value)
	case int:
		return property.New(float64(value))
	case []any:
		list := make([]property.Value, 0, len(value))
		for _, each := range value {
			list = append(list, plainValue(each))
		}
		return property.New(list)
	case map[string]any:
		fields := map[string]property.Value{}
		for name, each := range value {
			fields[name] = plainValue(each)
		}
		return property.New(fields)
	default:
		panic(fmt.Sprintf("no property for a %T", value))
	}
}
