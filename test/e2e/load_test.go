//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"prefect-platform/test/e2e/load"
)

// loadLimit bounds a load in time; its requests end with it.
const loadLimit = 20 * time.Minute

// startLoad sends requests for a path of the edge, with the credential, at a rate per second. It is stopped when the test ends at the latest.
func startLoad(t *testing.T, rate int, method, path string, body func(n int) any) *load.Load {
	t.Helper()
	template := stack.Request(t, method, path, nil)
	running, err := load.Start(load.Plan{
		Rate:      rate,
		Most:      rate * int(loadLimit/time.Second),
		Timeout:   30 * time.Second,
		Transport: stack.HTTP.Transport.(*http.Transport),
		Next: func(n int) vegeta.Target {
			text, err := json.Marshal(body(n))
			if err != nil {
				panic(err) // bodies are made of maps and strings
			}
			return vegeta.Target{Method: method, URL: template.URL.String(), Header: template.Header.Clone(), Body: text}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { running.Stop() })
	return running
}

// startProbe asks for something from the database five times a second, as a client of the edge.
func startProbe(t *testing.T) *load.Load {
	t.Helper()
	return startLoad(t, 5, http.MethodPost, "/api/flows/count", func(int) any { return map[string]any{} })
}

// expectServed stops a load and wants every request of it to have been answered.
func expectServed(t *testing.T, running *load.Load) []load.Answer {
	t.Helper()
	answers := running.Stop()
	failed := load.Failures(answers)
	t.Logf("%d of %d requests failed, the slowest took %s", len(failed), len(answers), load.Slowest(answers).Round(time.Millisecond))
	for _, f := range failed[:min(len(failed), 10)] {
		t.Errorf("failed: %s", f)
	}
	if len(answers) == 0 {
		t.Error("no request was made")
	}
	return answers
}
