package levels

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"prefect-platform/policy/rules"
)

func TestFiles_TurnOffWhatOnlyProductionDemandsInDevelopmentAndNothingElse(t *testing.T) {
	for _, name := range []string{"dev.json", "prod.json"} {
		file, err := Read("../" + name)
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{"all": true}
		for _, rule := range rules.All() {
			known[rule.ID] = true
			want := name == "prod.json" || !rule.Production
			if file.Mandatory(rule.ID) != want {
				t.Errorf("%s: %s mandatory: %v", name, rule.ID, !want)
			}
			if level := file.levels[rule.ID]; !want && level != "disabled" {
				t.Errorf("%s: %s is %q, which would still be printed", name, rule.ID, level)
			}
		}
		for id := range file.levels {
			if !known[id] {
				t.Errorf("%s has a level for %s, which is no rule of ours", name, id)
			}
		}
		if len(file.Exceptions) > 0 {
			t.Errorf("%s comes with exceptions: %v", name, file.Exceptions)
		}
	}
}

func TestFile_NamesTheRulesThatItWeakens(t *testing.T) {
	all := []rules.Rule{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	for text, want := range map[string][]string{
		`{"all": "mandatory"}`:                      nil,
		`{"b": "disabled", "c": "advisory"}`:        {"b", "c"},
		`{"all": "advisory", "a": "mandatory"}`:     {"b", "c"},
		`{"all": {"enforcementLevel": "disabled"}}`: {"a", "b", "c"},
	} {
		file, err := parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Weakened(all); !slices.Equal(got, want) {
			t.Errorf("%s weakens %v, want %v", text, got, want)
		}
	}
}

func TestParse_ReadsBothFormsOfALevelAndTheExceptions(t *testing.T) {
	file, err := parse([]byte(`{"all": "advisory", "a": "mandatory", "b": {"enforcementLevel": "mandatory"}, "exceptions": {"enforcementLevel": "advisory", "list": [{"rule": "a", "resource": "r", "reason": "x", "until": "2027-01-01"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if !file.Mandatory("a") || !file.Mandatory("b") || file.Mandatory("c") {
		t.Errorf("levels %v", file.levels)
	}
	if want := (rules.Exception{Rule: "a", Resource: "r", Reason: "x", Until: "2027-01-01"}); len(file.Exceptions) != 1 || file.Exceptions[0] != want {
		t.Errorf("exceptions %v", file.Exceptions)
	}
}

func TestRead_TellsAMissingFileFromABrokenOne(t *testing.T) {
	if _, err := Read("missing.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := parse([]byte(`{"a": 3}`)); err == nil {
		t.Error("a number is taken for a level")
	}
}
