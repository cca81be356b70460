package main

import (
	"os/exec"
	"strings"
	"testing"

	"prefect-platform/lab/internal/state"
)

// source runs the lines twice in a POSIX shell, as a user does who reads the file again, and prints a variable.
func source(t *testing.T, lines, variable string) string {
	t.Helper()
	cmd := exec.Command("sh", "-euc", lines+lines+`printf %s "${`+variable+`-unset}"`)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, output, lines)
	}
	return string(output)
}

func TestEnvironment_PutsTheLabsPartsFirst(t *testing.T) {
	dir := state.Dir("/a b/it's $HOME/.lab")
	lines := environment(dir, toolchainParts{cli: true, providers: true}, engineParts{host: "unix:///a b/x.sock"})
	for variable, want := range map[string]string{
		"PATH":        string(dir) + "/bin:/usr/bin:/bin",
		"PULUMI_HOME": string(dir) + "/pulumi",
		"DOCKER_HOST": "unix:///a b/x.sock",
	} {
		if got := source(t, lines, variable); got != want {
			t.Errorf("%s is %q, want %q", variable, got, want)
		}
	}
}

func TestEnvironment_LeavesOfficialPartsAlone(t *testing.T) {
	lines := environment("/x", toolchainParts{}, engineParts{})
	for variable, want := range map[string]string{"PATH": "/usr/bin:/bin", "PULUMI_HOME": "unset", "DOCKER_HOST": "unset"} {
		if got := source(t, lines, variable); got != want {
			t.Errorf("%s is %q, want %q", variable, got, want)
		}
	}
	if !strings.HasPrefix(lines, "#") {
		t.Errorf("says nothing: %q", lines)
	}
}
