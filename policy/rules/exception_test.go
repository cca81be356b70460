package rules

import (
	"strings"
	"testing"
	"time"
)

func TestException_CountsOnlyWithRuleResourceReasonAndAnEndWithinAYear(t *testing.T) {
	day := time.Date(2027, 3, 1, 23, 59, 0, 0, time.UTC)
	all := []Rule{{ID: "a-rule", Resource: func(*Case) {}}, {ID: "a-whole", Stack: func(*Case, []Resource) {}}}
	whole := Exception{Rule: "a-rule", Resource: "legacy", Reason: "moves in March", Until: "2027-03-01"}
	if problem := whole.Problem(all, day); problem != "" {
		t.Errorf("on its last day: %s", problem)
	}
	for want, change := range map[string]func(*Exception){
		"no rule":             func(e *Exception) { e.Rule = "containers-are-nice" },
		"for which there are": func(e *Exception) { e.Rule = "a-whole" },
		"names no resource":   func(e *Exception) { e.Resource = "" },
		"gives no reason":     func(e *Exception) { e.Reason = " " },
		"is not a date":       func(e *Exception) { e.Until = "next month" },
		"ended on":            func(e *Exception) { e.Until = "2027-02-28" },
		"more than a year":    func(e *Exception) { e.Until = "2028-06-01" },
	} {
		broken := whole
		change(&broken)
		if problem := broken.Problem(all, day); !strings.Contains(problem, want) {
			t.Errorf("%+v: %q, want %q", broken, problem, want)
		}
	}
}

func TestException_CoversOneResourceByNameOrURN(t *testing.T) {
	e := Exception{Rule: "a-rule", Resource: "legacy"}
	for r, want := range map[*Resource]bool{
		{Name: "legacy"}:                   true,
		{Name: "legacy-2"}:                 false,
		{Name: "x", URN: "urn::x::legacy"}: false,
	} {
		if e.Covers("a-rule", *r) != want {
			t.Errorf("%+v covered: %v", r, !want)
		}
	}
	if e.Resource = "urn:x"; !e.Covers("a-rule", Resource{Name: "y", URN: "urn:x"}) {
		t.Error("a URN is not taken")
	}
	if e.Covers("another-rule", Resource{URN: "urn:x"}) {
		t.Error("another rule is excused too")
	}
}
