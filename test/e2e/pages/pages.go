// Package pages reads the documentation of drills, whose commands the tests run.
package pages

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Page describes one drill.
type Page struct {
	Title string
	// Budget is how long it may take until all is served again.
	Budget   time.Duration
	commands map[string][]string // of each section
}

// Sections that every page has.
const (
	DoIt   = "Do it"
	See    = "What people see"
	Over   = "It is over when"
	Budget = "Budget"
)

// Read reads the page of a drill in a folder.
func Read(folder, drill string) (Page, error) {
	text, err := os.ReadFile(filepath.Join(folder, drill+".md"))
	if err != nil {
		return Page{}, err
	}
	page, err := parse(string(text))
	if err != nil {
		return Page{}, fmt.Errorf("the page of %s: %w", drill, err)
	}
	return page, nil
}

// Commands are what a section says to type, a line each.
func (p Page) Commands(section string) []string { return p.commands[section] }

var amount = regexp.MustCompile(`^(\d+) (second|minute)s?\b`)

func parse(text string) (Page, error) {
	page := Page{commands: map[string][]string{}}
	seen := map[string]bool{}
	section, typed := "", false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if title, ok := strings.CutPrefix(line, "# "); ok && !typed {
			page.Title = cmp.Or(page.Title, title)
		}
		if heading, ok := strings.CutPrefix(line, "## "); ok && !typed {
			section, seen[heading] = heading, true
			continue
		}
		if strings.HasPrefix(line, "```") {
			typed = line == "```console"
			continue
		}
		if command, ok := strings.CutPrefix(line, "$ "); ok && typed {
			page.commands[section] = append(page.commands[section], command)
		}
		if found := amount.FindStringSubmatch(line); found != nil && section == Budget && page.Budget == 0 {
			n, err := strconv.Atoi(found[1])
			if err != nil {
				return page, err
			}
			page.Budget = time.Duration(n) * map[string]time.Duration{"second": time.Second, "minute": time.Minute}[found[2]]
		}
	}
	var problems []error
	for _, wanted := range []string{DoIt, See, Over, Budget} {
		if !seen[wanted] {
			problems = append(problems, fmt.Errorf("no section %q", wanted))
		}
	}
	for _, wanted := range []string{DoIt, Over} {
		if len(page.commands[wanted]) == 0 {
			problems = append(problems, fmt.Errorf("no command in %q", wanted))
		}
	}
	if page.Budget == 0 {
		problems = append(problems, errors.New("no budget"))
	}
	return page, errors.Join(problems...)
}
