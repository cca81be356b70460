//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testRunbooks follows the commands of each page about what this stack has, as somebody at night would copy them.
func testRunbooks(t *testing.T) {
	if followed := followRunbooks(t, watched().Names()...); followed < 60 {
		t.Fatalf("only %d commands were found", followed)
	}
}

// followRunbooks returns how many commands the pages of these alerts have.
func followRunbooks(t *testing.T, alerts ...string) int {
	t.Helper()
	commands := map[string]string{} // and a page that has it
	for _, name := range alerts {
		for _, command := range runbookCommands(t, name) {
			commands[command] = name
		}
	}
	for command, page := range commands {
		// drift ends with 2 when it has found some, which helpers of these tests are.
		out, err := stack.followed(command)
		if expected := command == "platform drift" && strings.Contains(out, " difference"); err != nil && !expected {
			t.Errorf("%s: %s\n%v\n%s", page, command, err, out)
		}
	}
	t.Logf("followed %d commands of %d pages", len(commands), len(alerts))
	return len(commands)
}

// runbookCommands are what an alert's page says to type.
func runbookCommands(t *testing.T, alert string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(stack.clone, "docs", "runbooks", alert+".md"))
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, line := range strings.Split(string(text), "\n") {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			commands = append(commands, command)
		}
	}
	if len(commands) == 0 {
		t.Errorf("the page of %s has no command", alert)
	}
	return commands
}

// followed runs a command of the documentation, which is written for the stack dev on its usual ports, on this stack.
func (s *Stack) followed(command string) (string, error) {
	command = strings.NewReplacer(
		"prefect-dev-", "prefect-"+s.Name+"-", "prefect-platform.stack=dev", "prefect-platform.stack="+s.Name,
		"localhost:8443", fmt.Sprintf("localhost:%v", s.Config("edge.httpsPort")), "localhost:8080", fmt.Sprintf("localhost:%v", s.Config("edge.httpPort")),
	).Replace(command)
	if arguments, ok := strings.CutPrefix(command, "platform "); ok {
		command = s.operator() + " --stack " + s.Name + " " + arguments
	}
	return s.run("", "sh", "-ec", command)
}
