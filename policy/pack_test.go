package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"prefect-platform/internal/tokens"
	"prefect-platform/policy/levels"
	"prefect-platform/policy/rules"
)

// recorder is a policy manager that keeps what it is told.
type recorder struct{ messages []string }

func (r *recorder) ReportViolation(message, _ string) { r.messages = append(r.messages, message) }

var noBadNames = rules.Rule{ID: "test-names", Sentence: "No name is bad.", Why: "test", Production: true, Resource: func(c *rules.Case) {
	if name, _ := c.Property("name").Text(); name == "bad" {
		c.Refuse("the name is bad", "take another")
	}
}}

func bad(name string) policyx.AnalyzerResource {
	return policyx.AnalyzerResource{Type: "t", Name: name, URN: "urn:pulumi:s::p::t::" + name, Properties: property.NewMap(map[string]property.Value{"name": property.New("bad")})}
}

// ask runs all resource policies of a pack as Pulumi does, in their order, and returns what was reported by policy.
func ask(t *testing.T, pack policyx.PolicyPack, r policyx.AnalyzerResource, exceptions ...any) map[string][]string {
	t.Helper()
	said := map[string][]string{}
	for _, policy := range pack.Policies() {
		validation, ok := policy.(policyx.ResourceValidationPolicy)
		if !ok {
			continue
		}
		to, config := &recorder{}, map[string]any{}
		if policy.Name() == levels.Policy {
			config[levels.Key] = exceptions
		}
		if err := validation.Validate(context.Background(), policyx.ResourceValidationArgs{Manager: to, Resource: r, Config: config}); err != nil {
			t.Fatal(err)
		}
		if len(to.messages) > 0 {
			said[policy.Name()] = to.messages
		}
	}
	return said
}

func packOf(t *testing.T, facts rules.Facts, all ...rules.Rule) policyx.PolicyPack {
	t.Helper()
	if facts.Today.IsZero() {
		facts.Today = time.Now()
	}
	made, err := pack(facts, all)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestPack_MakesEveryRuleAMandatoryPolicyAndListsExceptionsAsAdvisory(t *testing.T) {
	made := packOf(t, rules.Facts{}, rules.All()...)
	seen := map[string]bool{}
	for _, policy := range made.Policies() {
		want := policyx.EnforcementLevelMandatory
		if policy.Name() == levels.Policy {
			want = policyx.EnforcementLevelAdvisory
		}
		if policy.EnforcementLevel() != want || policy.Description() == "" || seen[policy.Name()] {
			t.Errorf("%s: level %v, description %q, twice %v", policy.Name(), policy.EnforcementLevel(), policy.Description(), seen[policy.Name()])
		}
		seen[policy.Name()] = true
	}
	for _, rule := range rules.All() {
		if !seen[rule.ID] {
			t.Errorf("%s is in no policy", rule.ID)
		}
	}
}

func TestPack_NamesResourceFindingAndChange(t *testing.T) {
	said := ask(t, packOf(t, rules.Facts{}, noBadNames), bad("x"))
	if got := strings.Join(said["test-names"], ""); got != "x: the name is bad; take another" {
		t.Errorf("said %q", got)
	}
}

func TestPack_ListsWhatAnExceptionLetsPass(t *testing.T) {
	until := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	exception := map[string]any{"rule": "test-names", "resource": "x", "reason": "moves soon", "until": until}
	all := append(rules.All(), noBadNames)
	said := ask(t, packOf(t, rules.Facts{}, all...), bad("x"), exception)
	if len(said["test-names"]) > 0 {
		t.Errorf("refused all the same: %v", said)
	}
	listed := strings.Join(said[levels.Policy], "")
	for _, want := range []string{"x", "test-names", "moves soon", until, "the name is bad"} {
		if !strings.Contains(listed, want) {
			t.Errorf("the list %q lacks %q", listed, want)
		}
	}
	if other := ask(t, packOf(t, rules.Facts{}, all...), bad("y"), exception); len(other["test-names"]) == 0 {
		t.Error("another resource is excused too")
	}
}

func TestPack_RefusesWhenTheExceptionEnded(t *testing.T) {
	pack := packOf(t, rules.Facts{}, noBadNames)
	ended := map[string]any{"rule": "test-names", "resource": "x", "reason": "moves soon", "until": "2020-01-01"}
	if said := ask(t, pack, bad("x"), ended); len(said["test-names"]) == 0 {
		t.Errorf("said %v", said)
	}
	if said := ask(t, pack, policyx.AnalyzerResource{Type: tokens.Stack, Name: "s"}, ended); !strings.Contains(strings.Join(said[levels.Policy], ""), "ended on 2020-01-01") {
		t.Errorf("the end is not told: %v", said)
	}
}

func TestPack_RefusesAProductionStackThatIsJudgedByOtherLevels(t *testing.T) {
	for name, c := range map[string]struct {
		production, asked bool
		want              int
	}{
		"production, disabled": {true, false, 1},
		"production, enabled":  {true, true, 0},
		"development":          {false, false, 0},
	} {
		made := packOf(t, rules.Facts{Production: c.production}, noBadNames)
		to := &recorder{}
		for _, policy := range made.Policies() {
			switch policy := policy.(type) {
			case policyx.ResourceValidationPolicy:
				if policy.Name() == noBadNames.ID && !c.asked {
					continue // what Pulumi does with a disabled policy
				}
				_ = policy.Validate(context.Background(), policyx.ResourceValidationArgs{Manager: &recorder{}, Resource: bad("x")})
			case policyx.StackValidationPolicy:
				_ = policy.Validate(context.Background(), policyx.StackValidationArgs{Manager: to})
			}
		}
		if len(to.messages) != c.want {
			t.Errorf("%s: %v", name, to.messages)
		}
	}
}
