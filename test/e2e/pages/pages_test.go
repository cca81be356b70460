package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const whole = `# A drill

## Do it

Text, with $ in it.

` + "```console\n$ one\noutput of it\n$ two\n```\n\n```sh\n$ not this\n```" + `

## What people see

Nothing.

## It is over when

` + "```console\n$ three\n```" + `

## Budget

2 minutes, which is much.
`

func TestParse_FindsCommandsOfEachSection(t *testing.T) {
	page, err := parse(whole)
	if err != nil {
		t.Fatal(err)
	}
	if page.Title != "A drill" || page.Budget != 2*time.Minute {
		t.Errorf("%+v", page)
	}
	if got := page.Commands(DoIt); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("to do it: %q", got)
	}
	if got := page.Commands(Over); !slices.Equal(got, []string{"three"}) {
		t.Errorf("in the end: %q", got)
	}
	if got := page.Commands(See); got != nil {
		t.Errorf("to see: %q", got)
	}
}

func TestParse_WantsAllOfAPage(t *testing.T) {
	for missing, says := range map[string]string{
		"## Do it": `no section "Do it"`, "## What people see": `no section "What people see"`, "## It is over when": "no command", "## Budget": "no budget",
		"2 minutes": "no budget", "$ three": `no command in "It is over when"`,
	} {
		if _, err := parse(strings.Replace(whole, missing, "", 1)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("without %q: %v", missing, err)
		}
	}
}

// TestDocs_EveryDrillHasAPageAndIsInTheIndex reads the documentation itself.
func TestDocs_EveryDrillHasAPageAndIsInTheIndex(t *testing.T) {
	docs := filepath.Join("..", "..", "..", "docs")
	index, err := os.ReadFile(filepath.Join(docs, "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(docs, "drills", "*.md"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		page, err := Read(filepath.Dir(file), name)
		if err != nil {
			t.Error(err)
			continue
		}
		unit, n := "second", page.Budget/time.Second
		if page.Budget%time.Minute == 0 {
			unit, n = "minute", page.Budget/time.Minute
		}
		if n > 1 {
			unit += "s"
		}
		if row := fmt.Sprintf("| [%s](drills/%s.md) | %d %s |", page.Title, name, n, unit); !strings.Contains(string(index), row) {
			t.Errorf("operations.md has no row that begins with %s", row)
		}
	}
	if rows := len(regexp.MustCompile(`(?m)^\| \[[^]]*\]\(drills/`).FindAll(index, -1)); rows != len(files) {
		t.Errorf("operations.md has %d rows of drills, there are %d pages", rows, len(files))
	}
}
