package main

import (
	"os"
	"strings"
	"testing"

	"prefect-platform/policy/rules"
)

func TestPage_IsWhatIsCommitted(t *testing.T) {
	want, err := page(rules.All())
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != string(want) {
		t.Error("docs/policies.md is not current: run `make docs` and commit it")
	}
}

func TestPage_HasALineForEachRuleUnderItsFamily(t *testing.T) {
	got, err := page([]rules.Rule{
		{ID: "a-one", Sentence: "One\nis so.", Why: "x|y"},
		{ID: "a-two", Sentence: "Two.", Why: "z", Production: true},
		{ID: "b-three", Sentence: "Three.", Why: "z", Stack: func(*rules.Case, []rules.Resource) {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"### a\n", "| `a-one` | One is so. | x\\|y | all |\n| `a-two` | Two. | z | production |\n", "### b\n", "| `b-three` (whole stack) | Three. | z | all |", "3 rules",
	} {
		if !strings.Contains(string(got), part) {
			t.Errorf("lacks %q:\n%s", part, got)
		}
	}
}
