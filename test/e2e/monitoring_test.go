//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// hurry divides every interval, window and waiting time of monitoring, so that minutes are seconds.
const hurry = 60

// double stands for what gets notifications: it prints a line for each, with its path.
const double = `
import http.server, json
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        print(json.dumps({"path": self.path, "body": json.loads(body)}), flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Receiver).serve_forever()
`

// notification is what Alertmanager sends to a webhook.
type notification struct {
	Path string `json:"path"`
	Body struct {
		Alerts []struct {
			Status      string            `json:"status"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"alerts"`
	} `json:"body"`
}

// watch puts monitoring up, with a receiver that notes what it is told. Afterwards the stack is as it was.
func watch(t *testing.T) *Process {
	t.Helper()
	receiver := stack.StartHelper(t, Helper{
		Image: stack.Container(t, "api").Config.Image, Command: []string{"python", "/e2e/script.py"}, Files: withScript(nil, double),
		Network: "prefect-" + stack.Name + "-egress", Alias: "receiver",
	})
	t.Cleanup(func() {
		if out, err := stack.upWith(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		for _, volume := range []string{"prometheus-3", "alertmanager"} { // what monitoring has collected outlives it
			if _, err := stack.Docker.VolumeRemove(context.Background(), "prefect-"+stack.Name+"-"+volume, client.VolumeRemoveOptions{}); err != nil {
				t.Error(err)
			}
		}
	})
	start := time.Now()
	stack.Up(t,
		Set("monitoring.enabled", true), Set("monitoring.speed", hurry),
		Set("monitoring.receivers", []any{map[string]any{"name": "team", "kind": "webhook"}}),
		SetSecret("receiverSecrets", `{"team": "http://receiver:8000/alerts"}`), SetSecret("watchdogUrl", "http://receiver:8000/alive"),
	)
	t.Logf("up with monitoring took %s", time.Since(start).Round(100*time.Millisecond))
	return receiver
}

// prometheus asks Prometheus in its own container, because nobody outside can.
func prometheus(t *testing.T, path string, query url.Values, into any) error {
	t.Helper()
	result := stack.Exec(t, stack.Container(t, "prometheus").ID, "wget", "-q", "-O", "-", "http://127.0.0.1:9090/api/v1/"+path+"?"+query.Encode())
	if result.Code != 0 {
		return errors.New(result.Stderr)
	}
	answer := struct {
		Data any `json:"data"`
	}{into}
	return json.Unmarshal([]byte(result.Stdout), &answer)
}

// targetsUp says which targets do not answer.
func targetsUp(t *testing.T) error {
	t.Helper()
	var targets struct {
		Active []struct {
			Health    string            `json:"health"`
			LastError string            `json:"lastError"`
			Labels    map[string]string `json:"labels"`
		} `json:"activeTargets"`
	}
	if err := prometheus(t, "targets", nil, &targets); err != nil {
		return err
	}
	var down []string
	for _, target := range targets.Active {
		if target.Health != "up" {
			down = append(down, fmt.Sprintf("%s is %s: %s", target.Labels["job"], target.Health, target.LastError))
		}
	}
	if len(targets.Active) < 10 {
		down = append(down, fmt.Sprintf("only %d targets", len(targets.Active)))
	}
	if len(down) > 0 {
		return errors.New(strings.Join(down, "; "))
	}
	return nil
}

// notifications are the lines that the receiver has printed.
func notifications(t *testing.T, receiver *Process) int {
	t.Helper()
	stdout, _ := receiver.Output(t)
	return strings.Count(stdout, "\n")
}

// tells says why nobody was told of an alert's status, after a number of notifications; nil if somebody was.
func tells(t *testing.T, receiver *Process, after int, alert, status string) error {
	t.Helper()
	stdout, _ := receiver.Output(t)
	var others []string
	for _, line := range strings.Split(stdout, "\n")[after:] {
		var n notification
		if json.Unmarshal([]byte(line), &n) != nil || n.Path != "/alerts" {
			continue
		}
		for _, a := range n.Body.Alerts {
			if a.Labels["alertname"] != alert || a.Status != status {
				others = append(others, a.Labels["alertname"]+" "+a.Status)
				continue
			}
			if a.Annotations["runbook_url"] == "" || a.Annotations["summary"] == "" || a.Labels["severity"] == "" {
				t.Errorf("%s tells too little: %+v", alert, a)
			}
			return nil
		}
	}
	slices.Sort(others)
	return fmt.Errorf("nobody was told that %s is %s, but of %v", alert, status, slices.Compact(others))
}

func TestMonitoring_TellsSomebodyOfRealFaultsAndOfTheirEnd(t *testing.T) {
	receiver := watch(t)
	for _, c := range stack.Containers(t) {
		checkLogBounded(t, c)
	}
	Await(t, time.Minute, "all targets to answer", func() error { return targetsUp(t) })
	for _, workload := range []string{"prometheus", "alertmanager", "blackbox-exporter", "node-exporter", "postgres-exporter"} {
		written := lines(t, "logs", workload, "--raw")
		if len(written) == 0 {
			t.Errorf("%s has written nothing", workload)
		}
		for _, line := range written {
			readLogged(t, line)
		}
	}
	Await(t, time.Minute, "a sign of life", func() error {
		if stdout, _ := receiver.Output(t); !strings.Contains(stdout, `"/alive"`) {
			return errors.New(stdout)
		}
		return nil
	})

	type fault struct {
		name, alert string
		begin, over func()
	}
	faults := []fault{
		{"PostgreSQL stopped", "PostgresDown", func() { stop(t, "postgres") }, func() { start(t, "postgres") }},
		{"an exporter down", "TargetDown", func() { stop(t, "node-exporter") }, func() { start(t, "node-exporter") }},
	}
	if full {
		api := stack.Container(t, "api")
		faults = append(faults, fault{"the API hangs", "PrefectApiDown", func() {
			for _, pid := range descendants(t, api.State.Pid) {
				strike(t, pid, syscall.SIGSTOP)
			}
		}, func() { awaitRestart(t, api, hangLimit) }})
	}
	for _, fault := range faults {
		told := notifications(t, receiver)
		begin := time.Now()
		fault.begin()
		Await(t, 2*time.Minute, fault.alert, func() error { return tells(t, receiver, told, fault.alert, "firing") })
		fired := time.Now()
		fault.over()
		Await(t, 2*time.Minute, "the end of "+fault.alert, func() error { return tells(t, receiver, told, fault.alert, "resolved") })
		t.Logf("%s: %s told after %s, its end %s after that", fault.name, fault.alert, fired.Sub(begin).Round(100*time.Millisecond), time.Since(fired).Round(100*time.Millisecond))
		Await(t, 2*time.Minute, "all targets to answer", func() error { return errors.Join(targetsUp(t), stack.Healthy(t)) })
	}
}

// stop and start have a container away for a while; it is there again when the test ends.
func stop(t *testing.T, workload string) {
	t.Helper()
	id := stack.Container(t, workload).ID
	if _, err := stack.Docker.ContainerStop(t.Context(), id, client.ContainerStopOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = stack.Docker.ContainerStart(context.Background(), id, client.ContainerStartOptions{}) })
}

func start(t *testing.T, workload string) {
	t.Helper()
	if _, err := stack.Docker.ContainerStart(t.Context(), "prefect-"+stack.Name+"-"+workload, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
}
