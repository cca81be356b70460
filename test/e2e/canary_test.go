//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	canary = "platform-canary"
	// canaryTurn is as long as the canary's turn is while monitoring hurries.
	canaryTurn = 30 * time.Second
)

// testCanary is for a stack that monitoring watches.
func testCanary(t *testing.T, receiver *Process) {
	start := time.Now()
	var deployment struct {
		ID        string `json:"id"`
		Pool      string `json:"work_pool_name"`
		Schedules []struct {
			Active   bool                       `json:"active"`
			Schedule struct{ Interval float64 } `json:"schedule"`
		} `json:"schedules"`
	}
	stack.API(t, "GET", "/deployments/name/"+canary+"/"+canary, nil, &deployment)
	if s := deployment.Schedules; deployment.Pool != "default" || len(s) != 1 || !s[0].Active || s[0].Schedule.Interval != canaryTurn.Seconds() {
		t.Errorf("the canary is %+v", deployment)
	}
	took := Await(t, 3*time.Minute, "the canary's success to reach Prometheus", func() error { return succeededSince(t, start) })
	t.Logf("the canary succeeded within %s", took.Round(time.Second))

	if full {
		turn := func(way string) func(*testing.T) {
			return func(t *testing.T) {
				stack.API(t, "POST", "/deployments/"+deployment.ID+"/"+way+"_deployment", nil, nil)
			}
		}
		fault{"canary paused", "CanaryMissing", "", turn("pause"), turn("resume")}.run(t, receiver)
	}
}

// succeededSince says why Prometheus knows of no success of the canary after a time.
func succeededSince(t *testing.T, start time.Time) error {
	t.Helper()
	var answer struct {
		Result []struct {
			Value [2]any `json:"value"`
		} `json:"result"`
	}
	if err := prometheus(t, "query", url.Values{"query": {"prefect_canary_last_success_timestamp_seconds"}}, &answer); err != nil {
		return err
	}
	if len(answer.Result) == 0 {
		return errors.New("there is none")
	}
	at, err := strconv.ParseFloat(fmt.Sprint(answer.Result[0].Value[1]), 64)
	if last := time.Unix(int64(at), 0); err == nil && last.Before(start) {
		err = fmt.Errorf("the last was at %s", last)
	}
	return err
}

// testNoCanary is for a stack that had a canary and has none any more.
func testNoCanary(t *testing.T) {
	err := stack.TryAPI(t, "GET", "/deployments/name/"+canary+"/"+canary, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("its deployment is still there: %v", err)
	}
	var runs []struct {
		Name  string `json:"name"`
		State string `json:"state_name"`
	}
	stack.API(t, "POST", "/flow_runs/filter", map[string]any{"flow_runs": map[string]any{
		"tags":  map[string]any{"all_": []string{canary}},
		"state": map[string]any{"type": map[string]any{"any_": []string{"SCHEDULED", "PENDING", "RUNNING"}}},
	}}, &runs)
	if len(runs) > 0 {
		t.Errorf("it left %v", runs)
	}
}
