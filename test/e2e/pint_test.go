//go:build e2e

package e2e

import (
	_ "embed"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed pint.hcl
var pintConfig string

// testPint has another linter judge the rules of all groups.
func testPint(t *testing.T) {
	// A rule about running flows is only about something while one runs.
	stopped := "pint"
	run := startRun(t, deploy(t, "pint", nil), map[string]any{"tasks": 1, "pause": 1, "until": stopFile(stopped)})
	Await(t, time.Minute, "the figure of a running flow", func() error {
		var found struct {
			Result []any `json:"result"`
		}
		err := prometheus(t, "query", url.Values{"query": {"prefect_flow_run_oldest_running_seconds"}}, &found)
		if err == nil && len(found.Result) == 0 {
			err = errors.New("there is none")
		}
		return err
	})
	if checked := lintRules(t, "*"); checked < 10 {
		t.Errorf("only %d groups", checked)
	}
	release(t, stopped)
	awaitState(t, run, "COMPLETED", time.Minute)
}

// lintRules has another linter judge the rules of some groups against what the running Prometheus knows, and returns how many there are.
func lintRules(t *testing.T, group string) (groups int) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(cache, "prefect-platform", "pint")
	build := exec.Command("go", "build", "-C", filepath.Join(stack.clone, "tools", "pint"), "-ldflags", "-s -w", "-o", binary, "github.com/cloudflare/pint/cmd/pint")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // runs in any image
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}

	server := stack.Container(t, "prometheus").ID
	files := map[string]string{"/tmp/pint": string(program), "/tmp/pint.hcl": pintConfig}
	for _, name := range strings.Fields(stack.Exec(t, server, "ls", "/etc/platform").Stdout) {
		if ours, err := path.Match(group+".rules.yml", name); err == nil && ours {
			groups++
			files["/tmp/rules/"+name] = stack.Exec(t, server, "cat", path.Join("/etc/platform", name)).Stdout
		}
	}
	if groups == 0 {
		t.Fatalf("there is no group %s", group)
	}
	start := "cp /tmp/pint /tmp/run && chmod 755 /tmp/run && exec /tmp/run --no-color --config /tmp/pint.hcl lint --fail-on warning /tmp/rules"
	t.Log(stack.StartHelper(t, Helper{
		Image: stack.Container(t, "api").Config.Image, Command: []string{"sh", "-c", start}, Network: "prefect-" + stack.Name + "-mon", Files: files,
	}).Wait(t))
	return groups
}
