//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"

	"prefect-platform/internal/catalogue"
)

// found is a line that Loki has.
type found struct {
	workload, container, text string
	at                        time.Time
}

// loki asks Loki, from a container beside it, for lines since some time.
func loki(t *testing.T, query string, since time.Time) ([]found, error) {
	t.Helper()
	values := url.Values{"query": {query}, "start": {fmt.Sprint(since.UnixNano())}, "limit": {"5000"}, "direction": {"forward"}}
	result := stack.Exec(t, stack.Container(t, "prometheus").ID, "wget", "-q", "-O", "-", "http://"+catalogue.Loki.String()+"/loki/api/v1/query_range?"+values.Encode())
	if result.Code != 0 {
		return nil, errors.New(result.Stderr)
	}
	var answer struct {
		Data struct {
			Result []struct {
				Stream map[string]string `json:"stream"`
				Values [][]string        `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(result.Stdout), &answer); err != nil {
		return nil, err
	}
	var all []found
	for _, stream := range answer.Data.Result {
		for _, value := range stream.Values {
			var nanoseconds int64
			if _, err := fmt.Sscan(value[0], &nanoseconds); err != nil {
				return nil, err
			}
			all = append(all, found{stream.Stream["workload"], stream.Stream["container"], value[1], time.Unix(0, nanoseconds)})
		}
	}
	return all, nil
}

// searched is the query of the page of logs, with what somebody has chosen and typed.
func searched(workload, text string) string {
	for _, d := range catalogue.New(collecting()).Dashboards {
		for _, row := range d.Rows {
			for _, p := range row.Panels {
				if p.Kind == catalogue.Lines {
					return strings.NewReplacer("$"+catalogue.WorkloadLabel, workload, "${"+catalogue.SearchVariable+":doublequote}", fmt.Sprintf("%q", text)).Replace(p.Queries[0].Expr)
				}
			}
		}
	}
	panic("no page shows lines")
}

func collecting() catalogue.Settings {
	s := watched().Settings
	s.Logs = true
	return s
}

// testCollected has the logs of all containers in Loki, and shows that nothing waits for it.
func testCollected(t *testing.T) {
	begin := time.Now()
	stack.Up(t, append(watching(), Set("monitoring.logs.enabled", true))...)
	Await(t, time.Minute, "all targets to answer", func() error { return targetsUp(t) })
	if out, err := stack.platform("preview", "--expect-no-changes"); err != nil {
		t.Errorf("the same again would change something: %v\n%s", err, out)
	}

	deployment := deploy(t, "collected", nil)
	run := startRun(t, deployment, map[string]any{"tasks": 3, "pause": 0.1})
	awaitState(t, run, "COMPLETED", 2*time.Minute)
	Await(t, time.Minute, "the run's lines in Loki", func() error {
		all, err := loki(t, searched(".+", run), begin)
		if err == nil && !slices.ContainsFunc(all, func(f found) bool {
			return f.workload == "worker-default" && strings.Contains(f.text, "ran 3 tasks") && f.container == strings.TrimPrefix(stack.Container(t, "worker-default").Name, "/")
		}) {
			err = fmt.Errorf("%v", all)
		}
		return err
	})
	stack.Exec(t, stack.Container(t, "postgres").ID, "psql", "-h", "127.0.0.1", "-U", "nobody", "-c", "SELECT 1") // which it refuses, and writes down
	wrote := map[string]int{}
	Await(t, time.Minute, "a line of each", func() error {
		clear(wrote)
		all, err := loki(t, searched(".+", ""), begin)
		for _, line := range all {
			wrote[line.workload]++
			if line.at.Before(begin) || line.at.After(time.Now()) {
				t.Errorf("a line of the time %s", line.at)
			}
		}
		for _, workload := range []string{"postgres", "nginx", "services", "worker-default", "bootstrap"} {
			if wrote[workload] == 0 {
				err = errors.Join(err, fmt.Errorf("Loki has nothing of %s: %v", workload, wrote))
			}
		}
		return err
	})
	if local := lines(t, "logs", "worker-default", "--flow-run", run, "--raw"); len(local) == 0 {
		t.Error("the engine has not kept what it sent away")
	}

	lintRules(t, "logs")
	if followRunbooks(t, "LogsLost", "LogsNotStored") == 0 {
		t.Error("the pages of logs have no command")
	}

	// While Loki is away, lines wait; while the collector is away, containers start and go on all the same.
	stop(t, stack.Container(t, "loki"))
	waited := startRun(t, deployment, map[string]any{"tasks": 1, "pause": 0})
	awaitState(t, waited, "COMPLETED", time.Minute)
	start(t, of(t, "loki", "service"))
	Await(t, 2*time.Minute, "what was written while Loki was away", func() error {
		all, err := loki(t, searched("worker-default", waited), begin)
		if err == nil && !slices.ContainsFunc(all, func(f found) bool { return strings.Contains(f.text, "ran 1 tasks") }) {
			err = fmt.Errorf("%v", all)
		}
		return err
	})
	stop(t, stack.Container(t, "log-collector"))
	stop(t, stack.Container(t, "worker-default"))
	alone := time.Now().UTC().Format(time.RFC3339)
	start(t, of(t, "worker-default", "service"))
	Await(t, time.Minute, "the worker to start without anybody who listens", func() error {
		if health := stack.Container(t, "worker-default").State.Health; health == nil || health.Status != container.Healthy {
			return fmt.Errorf("%+v", health)
		}
		return nil
	})
	if local := lines(t, "logs", "worker-default", "--since", alone, "--raw"); len(local) == 0 {
		t.Error("without the collector nothing is kept")
	}
	start(t, of(t, "log-collector", "service"))
	Await(t, time.Minute, "all targets to answer again", func() error { return targetsUp(t) })
}
