//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"prefect-platform/test/e2e/figures"
	"prefect-platform/test/e2e/pages"
)

// results are the rows of the table that a run of the drills ends with.
var results figures.Table

// record adds a row to it, and fails the test over budget or when something is lost.
func record(t *testing.T, drill string, budget, figure time.Duration, lost int, saw string) {
	t.Helper()
	row := figures.Row{Drill: drill, Budget: budget, Figure: figure, Lost: lost, Saw: saw}
	results.Add(row)
	t.Logf("%s: %s, budget %s, %d runs lost, clients saw %s", drill, figure.Round(100*time.Millisecond), budget, lost, saw)
	if problem := row.Problem(); problem != "" {
		t.Errorf("%s: %s", drill, problem)
	}
}

// readPage reads the page of a drill.
func readPage(t *testing.T, drill string) pages.Page {
	t.Helper()
	page, err := pages.Read(filepath.Join("..", "..", "docs", "drills"), drill)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// script is what a section says to type, for this stack instead of dev. The pairs replace what else a person would put in the place of an example.
func script(t *testing.T, page pages.Page, section string, pairs ...string) string {
	t.Helper()
	commands := strings.Join(page.Commands(section), "\n")
	if commands == "" {
		t.Fatalf("%q has nothing to type in %q", page.Title, section)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(commands, pairs[i]) {
			t.Fatalf("%q of %q does not say %q", section, page.Title, pairs[i])
		}
	}
	return strings.NewReplacer(append(pairs, "prefect-dev-", "prefect-"+stack.Name+"-", "prefect-platform.stack=dev", "prefect-platform.stack="+stack.Name)...).Replace(commands)
}

// typed runs the commands of a section, as somebody types them into one shell.
func typed(t *testing.T, page pages.Page, section string, pairs ...string) {
	t.Helper()
	if out, err := stack.shell(script(t, page, section, pairs...)); err != nil {
		t.Fatalf("%q of %q: %v\n%s", section, page.Title, err, out)
	}
}

// typedOnHost is typed for who has a shell on the engine's host, whose files are not those of this machine when the engine is the lab's.
func typedOnHost(t *testing.T, page pages.Page, section string, pairs ...string) {
	t.Helper()
	engine := strconv.Itoa(enginePid(t))
	cmd := exec.Command("nsenter", "--target", engine, "--mount", "sh", "-ec", script(t, page, section, pairs...))
	cmd.Env = os.Environ()
	here, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	if there, err := os.Readlink("/proc/" + engine + "/ns/mnt"); err != nil || here != there {
		cmd.Env = append(cmd.Env, "DOCKER_HOST=unix:///run/lab.sock")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q of %q: %v\n%s", section, page.Title, err, out)
	}
}

// awaitOver types what shows that a drill is over until it does.
func awaitOver(t *testing.T, page pages.Page) {
	t.Helper()
	Await(t, time.Minute, "the end of "+page.Title, func() error {
		out, err := stack.shell(script(t, page, pages.Over))
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
}

// shell runs a script of commands that the documentation gives.
func (s *Stack) shell(commands string) (string, error) {
	if s.elsewhere != nil {
		return s.elsewhere.shell(commands)
	}
	return s.run("", "sh", "-ec", fmt.Sprintf("platform() { '%s' --stack %s \"$@\"; }\n%s", s.operator(), s.Name, commands))
}
