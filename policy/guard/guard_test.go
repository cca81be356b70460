package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/tokens"
	"prefect-platform/policy/levels"
	"prefect-platform/policy/rules"
)

var today = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)

func guardOf(production bool, file levels.File) *guard {
	refuse := func(c *rules.Case) {
		if name, _ := c.Property("name").Text(); name == "bad" {
			c.Refuse("the name is bad", "take another")
		}
	}
	return &guard{
		all:     []rules.Rule{{ID: "a-name", Resource: refuse}, {ID: "a-name-in-production", Production: true, Resource: refuse}},
		facts:   rules.Facts{Production: production, Today: today},
		levels:  file,
		stack:   "s",
		project: "p",
	}
}

func badNamed(name string) rules.Resource {
	return rules.Resource{Type: "t", Name: name, Properties: property.NewMap(map[string]property.Value{"name": property.New("bad")})}
}

func TestJudge_NamesEveryRuleThatIsBroken(t *testing.T) {
	err := guardOf(true, levels.File{}).judge(badNamed("x"))
	for _, want := range []string{"a-name: x: the name is bad; take another", "a-name-in-production: x"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("said %v, want %q", err, want)
		}
	}
	if err := guardOf(true, levels.File{}).judge(rules.Resource{Type: "t", Name: "x"}); err != nil {
		t.Errorf("what is right is refused: %v", err)
	}
}

func TestJudge_LeavesToProductionWhatOnlyItDemands(t *testing.T) {
	err := guardOf(false, levels.File{}).judge(badNamed("x"))
	if err == nil || strings.Contains(err.Error(), "a-name-in-production") {
		t.Errorf("said %v", err)
	}
}

func TestJudge_HeedsExceptionsUntilTheyEnd(t *testing.T) {
	file := levels.File{Exceptions: []rules.Exception{
		{Rule: "a-name", Resource: "x", Reason: "moves soon", Until: "2027-01-31"}, {Rule: "a-name", Resource: "y", Reason: "moved", Until: "2027-01-14"},
	}}
	if err := guardOf(false, file).judge(badNamed("x")); err != nil {
		t.Errorf("the exception is not heeded: %v", err)
	}
	if err := guardOf(false, file).judge(badNamed("y")); err == nil {
		t.Error("an exception that ended is heeded")
	}
}

func TestStrict_LetsNoFileWeakenProduction(t *testing.T) {
	file, err := levels.Read("../dev.json")
	if err != nil {
		t.Fatal(err)
	}
	weak := guardOf(true, file)
	weak.all = rules.All()
	if err := weak.strict(); err == nil || !strings.Contains(err.Error(), "tls-mode-provided") {
		t.Errorf("said %v", err)
	}
	weak.facts.Production = false
	if err := weak.strict(); err != nil {
		t.Errorf("a stack for trying things out: %v", err)
	}
}

func TestJudge_JudgesTheStackItself(t *testing.T) {
	g := guardOf(true, levels.File{})
	g.all = rules.All()
	g.facts.Config = map[string]string{"prefect-platform:rotation": `{"api": {"b": 1, "keep": true, "since": "2026-01-01"}}`}
	if err := g.judge(g.itself()); err == nil || !strings.Contains(err.Error(), "secrets-kept-slot") {
		t.Errorf("said %v, of a %s with a value kept for a year", err, tokens.Stack)
	}
}
