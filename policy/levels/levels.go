// Package levels reads policy/dev.json and policy/prod.json: which rules count in a kind of stack, and what is excused. Pulumi reads the same files for the pack.
package levels

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"prefect-platform/policy/rules"
)

// Policy and Key name the place of exceptions in a file: {"exceptions": {"list": [{"rule": …, "resource": …, "reason": …, "until": …}]}}.
const (
	Policy = "exceptions"
	Key    = "list"
)

// File is one of the two files.
type File struct {
	levels     map[string]string // by rule, or "all"
	Exceptions []rules.Exception
}

// Name is the file for a kind of stack.
func Name(production bool) string {
	if production {
		return "prod.json"
	}
	return "dev.json"
}

// Read reads a file. The error of one that does not exist is fs.ErrNotExist, and the zero File has every rule and no exception.
func Read(name string) (File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return File{}, err
	}
	file, err := parse(text)
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}

func parse(text []byte) (File, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return File{}, err
	}
	file := File{levels: map[string]string{}}
	for name, entry := range entries {
		if name == Policy {
			var exceptions struct {
				List []rules.Exception `json:"list"`
			}
			if err := json.Unmarshal(entry, &exceptions); err != nil {
				return File{}, fmt.Errorf("%s: %w", name, err)
			}
			file.Exceptions = exceptions.List
			continue
		}
		level, err := levelOf(entry)
		if err != nil {
			return File{}, fmt.Errorf("%s: %w", name, err)
		}
		file.levels[name] = level
	}
	return file, nil
}

// levelOf reads "mandatory" or {"enforcementLevel": "mandatory"}.
func levelOf(entry json.RawMessage) (string, error) {
	var level string
	if json.Unmarshal(entry, &level) == nil {
		return level, nil
	}
	var object struct {
		Level string `json:"enforcementLevel"`
	}
	return object.Level, json.Unmarshal(entry, &object)
}

// Mandatory reports whether a rule stops a stack: each does, unless the file says otherwise.
func (f File) Mandatory(rule string) bool {
	for _, name := range []string{rule, "all"} {
		if level := f.levels[name]; level != "" {
			return level == "mandatory"
		}
	}
	return true
}

// Weakened returns the rules that the file keeps from stopping a stack.
func (f File) Weakened(all []rules.Rule) []string {
	var weak []string
	for _, rule := range all {
		if !f.Mandatory(rule.ID) {
			weak = append(weak, rule.ID)
		}
	}
	return weak
}

// Excused reports whether one of the exceptions lets a resource break a rule on a day.
func Excused(list []rules.Exception, all []rules.Rule, rule string, r rules.Resource, today time.Time) bool {
	return slices.ContainsFunc(list, func(e rules.Exception) bool { return e.Covers(rule, r) && e.Problem(all, today) == "" })
}
