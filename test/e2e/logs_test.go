//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// logged is a line of a program that writes JSON.
type logged struct {
	Time    time.Time `json:"time"`
	Logger  string    `json:"logger"`
	Message string    `json:"message"`
	Run     string    `json:"flow_run_id"`
}

func TestLogs_OfOneFlowRunComeFromAllThatHandledIt(t *testing.T) {
	begin := time.Now().UTC().Format(time.RFC3339)
	deployment, parameters := deploy(t, "logs", nil), map[string]any{"tasks": 3, "pause": 0.1}
	run, other := startRun(t, deployment, parameters), startRun(t, deployment, parameters)
	followed := followLogs(t, "--flow-run", strings.ToUpper(run))
	Await(t, 2*time.Minute, "the run's own words in what is followed", func() error { return followed.has("ran 3 tasks") })
	awaitState(t, run, "COMPLETED", time.Minute)
	awaitState(t, other, "COMPLETED", 2*time.Minute)

	wrote := map[string]int{}
	for _, line := range lines(t, "logs", "--flow-run", run, "--raw") {
		l := readLogged(t, line)
		if !strings.Contains(line, run) || l.Run == other {
			t.Errorf("not of the run: %q", line)
		}
		wrote[l.Logger]++
	}
	if wrote["prefect.flow_runs.worker"] == 0 || wrote["prefect.task_runs"] == 0 || wrote["prefect.flow_runs"] == 0 {
		t.Errorf("worker, flow and task must have written lines: %v", wrote)
	}

	shown := lines(t, "logs", "worker-default", "--flow-run", run, "--tail", "2")
	if len(shown) != 2 || !strings.Contains(shown[0], ": ran 3 tasks") || !strings.Contains(shown[1], "Finished in state Completed()") {
		t.Errorf("the last two lines of the run are shown as %q", shown)
	}
	if none := lines(t, "logs", "--flow-run", run, "--since", "0s"); len(none) > 0 {
		t.Errorf("written since now: %q", none)
	}
	for _, workload := range []string{"api", "services", "worker-default", "nginx"} {
		for _, line := range lines(t, "logs", workload, "--since", begin, "--raw") {
			readLogged(t, line)
		}
	}
}

func TestLogs_RefuseWhatIsNoFlowRun(t *testing.T) {
	out, err := stack.platform("logs", "--flow-run", "tomato-mule")
	if err == nil || !strings.Contains(out, "tomato-mule") || !strings.Contains(out, "prefect flow-run ls") {
		t.Errorf("%v: %s", err, out)
	}
}

// readLogged reads a line, which must be JSON with a time that has an offset: without one it would be no RFC 3339.
func readLogged(t *testing.T, line string) (l logged) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &l); err != nil || l.Time.IsZero() {
		t.Errorf("%v: time %s in %q", err, l.Time, line)
	}
	return l
}

// lines are those of the standard output of one command.
func lines(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := stack.platform(args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")[:strings.Count(out, "\n")]
}

// output is what a command that still runs has printed.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(text)
}

// has returns nil when a text was printed; use it with Await.
func (o *output) has(text string) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if !strings.Contains(o.text.String(), text) {
		return fmt.Errorf("no %q in %q", text, o.text.String())
	}
	return nil
}

// followLogs prints logs until the test ends.
func followLogs(t *testing.T, args ...string) *output {
	t.Helper()
	out := &output{}
	cmd := stack.command(t.Context(), stack.operator(), append([]string{"logs", "--follow", "--stack", stack.Name}, args...)...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Error(err)
		}
		_ = cmd.Wait()
	})
	return out
}
