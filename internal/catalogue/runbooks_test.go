package catalogue

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the index of runbooks")

const runbooks = "../../docs/runbooks"

func TestRunbooks_AreThereForEachAlertAndForNothingElse(t *testing.T) {
	var pages []string
	files, err := filepath.Glob(filepath.Join(runbooks, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); name != "README" {
			pages = append(pages, name)
		}
	}
	slices.Sort(pages)
	if want := New(full()).Names(); !slices.Equal(pages, want) {
		t.Errorf("pages\n%q\nalerts\n%q", pages, want)
	}
}

var headings = regexp.MustCompile(`(?m)^## (.+)$`)

var command = regexp.MustCompile(`(?m)^\$ (.+)$`)

// A command is one that a reader of the clone has: what platform and make can do is in their own help.
var known = regexp.MustCompile(`^(platform (doctor|logs|drift|credentials|preview|up|backup drill)\b|make [a-z-]+$|docker (ps|stats|system df|exec)\b|curl )`)

func TestRunbooks_SayWhatTheAlertSaysAndWhatToDo(t *testing.T) {
	for _, alert := range New(full()).Alerts() {
		page, err := os.ReadFile(filepath.Join(runbooks, alert.Name+".md"))
		if err != nil {
			t.Error(err)
			continue
		}
		text := string(page)
		begin := "# " + alert.Name + "\n\n" + alert.Summary + ". Severity " + string(alert.Severity) + ", service " + string(alert.Service) + ".\n"
		if !strings.HasPrefix(text, begin) {
			t.Errorf("%s does not begin with\n%s", alert.Name, begin)
		}
		var parts []string
		for _, heading := range headings.FindAllStringSubmatch(text, -1) {
			parts = append(parts, heading[1])
		}
		if !slices.Equal(parts, []string{"Meaning", "First three commands", "Likely causes", "It is over when"}) {
			t.Errorf("%s has the parts %q", alert.Name, parts)
		}
		commands := command.FindAllStringSubmatch(text, -1)
		if len(commands) != 3 {
			t.Errorf("%s has %d commands", alert.Name, len(commands))
		}
		for _, each := range commands {
			if !known.MatchString(each[1]) {
				t.Errorf("%s has the command %q", alert.Name, each[1])
			}
		}
		if !strings.Contains(text, "\n- ") {
			t.Errorf("%s names no cause", alert.Name)
		}
	}
}

// mentioned are names of alerts in the text of a page.
var mentioned = regexp.MustCompile("`([A-Z][A-Za-z]+)`")

func TestRunbooks_MentionAlertsThatExist(t *testing.T) {
	names := New(full()).Names()
	others := []string{"OOMKilled", "PANIC", "BEGIN", "CHECKPOINT"}
	for _, name := range names {
		page, err := os.ReadFile(filepath.Join(runbooks, name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range mentioned.FindAllStringSubmatch(string(page), -1) {
			if !slices.Contains(names, other[1]) && !slices.Contains(others, other[1]) {
				t.Errorf("%s mentions %s, which is no alert", name, other[1])
			}
		}
	}
}

func TestIndex_IsTheOneInTheRepository(t *testing.T) {
	path, index := filepath.Join(runbooks, "README.md"), New(full()).Index()
	if *update {
		if err := os.WriteFile(path, []byte(index), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if page, err := os.ReadFile(path); err != nil || string(page) != index {
		t.Errorf("%s is not up to date (%v); go test ./internal/catalogue -update writes it", path, err)
	}
}
