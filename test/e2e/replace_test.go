//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"prefect-platform/test/e2e/history"
	"prefect-platform/test/e2e/load"
)

const (
	postRate    = 50 // POST per second through the edge, where the machine bears it
	openSockets = 4
	flowEvery   = 20 * time.Second // one is planned and one is started in the worker, where the machine bears it
)

// TestReplacement_DropsNothing replaces API, services and worker by changes of the configuration while clients post, listen and run flows.
// The last change is back to what it was before the first. The short version does so twice, the full one five times.
func TestReplacement_DropsNothing(t *testing.T) {
	replacements := 2
	if full {
		replacements = 5
	}
	patient := Set("edge.limits.connections", 4096) // all of the load comes from one address, and may wait
	stack.Up(t, patient)

	name := uniqueName("replaced")
	flow, rate := affordable(t, name)
	every := (flowEvery * time.Duration(postRate) / time.Duration(rate)).Round(time.Second)
	scheduled := deploy(t, name+"-schedule", map[string]any{
		"parameters": map[string]any{"tasks": 1, "pause": 0},
		"schedules":  []any{map[string]any{"active": true, "schedule": map[string]any{"interval": every.Seconds(), "anchor_date": time.Now().Truncate(time.Second)}}},
	})
	t.Cleanup(func() { stack.deleteDeployment(scheduled) })
	Await(t, 2*time.Minute, "the schedule to be planned", func() error { // a test before this may have killed the scheduler at work
		if stack.PG(t, "select count(*) from flow_run where deployment_id = '"+scheduled+"'")[0] == "0" {
			return errors.New("no run is planned")
		}
		return nil
	})
	begin := time.Now()
	runs := startRuns(t, deploy(t, name, nil), every)
	sockets := openWebSockets(t)
	posts := startLoad(t, rate, http.MethodPost, "/api/flow_runs/", func(n int) any {
		return map[string]any{"name": fmt.Sprintf("%s-%d", name, n), "flow_id": flow}
	})

	for round := range replacements {
		outsideProcess, outside := startOutside(t, 0.25)
		before := idsOf(t, "api", "services", "worker-default")
		edits := []Edit{patient}
		if round < replacements-1 {
			edits = append(edits, Set("api.logLevel", []string{"INFO", "ERROR"}[round%2]), Set("workers[0].environment", map[string]any{"ROUND": fmt.Sprint(round)}))
		}
		start := time.Now()
		if out, err := stack.upWith(edits...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("round %d: up took %s", round, time.Since(start).Round(100*time.Millisecond))
		for workload, id := range idsOf(t, "api", "services", "worker-default") {
			if before[workload] == id {
				t.Errorf("round %d: %s was not replaced", round, workload)
			}
		}
		stack.CopyIn(t, outsideProcess.id, map[string]string{"/e2e/stop": "now"})
		outsideProcess.Wait(t)
		expectWhole(t, outside, tasksOf(t, outside))
	}

	end := time.Now()
	expectStored(t, name, expectServed(t, posts))
	sockets.expectUnrefused(t)
	for _, run := range runs.stop() {
		awaitState(t, run, "COMPLETED", 2*time.Minute)
		expectWhole(t, run, runs.tasks)
	}
	expectOnSchedule(t, scheduled, every, begin, end)
}

// affordable makes a flow, and returns it with postRate, or less on a slow machine: a third of what four clients get that do nothing but post. What is left is for a
// second API that starts beside the first; without it, requests would pile up and fail of themselves, and the test would tell of the machine.
func affordable(t *testing.T, name string) (flow string, rate int) {
	t.Helper()
	var made struct {
		ID string `json:"id"`
	}
	stack.API(t, "POST", "/flows/", map[string]any{"name": name}, &made)
	const lasts, clients = 5 * time.Second, 4
	var posted atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range clients {
		group.Go(func() {
			for time.Since(start) < lasts {
				if stack.TryAPI(t, http.MethodPost, "/flow_runs/", map[string]any{"flow_id": made.ID}, nil) == nil {
					posted.Add(1)
				}
			}
		})
	}
	group.Wait()
	most := float64(posted.Load()) / time.Since(start).Seconds()
	rate = min(postRate, max(1, int(most/3)))
	t.Logf("%d clients post %.0f flow runs per second, the load is %d", clients, most, rate)
	return made.ID, rate
}

// expectStored wants every flow run that was acknowledged to be there, and none twice.
func expectStored(t *testing.T, name string, answers []load.Answer) {
	t.Helper()
	acknowledged := acknowledgedBy(answers)
	stored := flowRuns(t, "r.name like '"+name+"-%' and r.deployment_id is null")
	t.Logf("%d flow runs acknowledged, %d stored", len(acknowledged), len(stored))
	for _, problem := range append(history.Missing(acknowledged, stored), history.Doubled(stored)...) {
		t.Error(problem)
	}
}

// acknowledgedBy are the runs that a load made and was told of.
func acknowledgedBy(answers []load.Answer) []string {
	var ids []string
	for _, a := range answers {
		var created struct {
			ID string `json:"id"`
		}
		if !a.Failed() && json.Unmarshal(a.Body, &created) == nil {
			ids = append(ids, created.ID)
		}
	}
	return ids
}

// runner starts a flow in the worker again and again.
type runner struct {
	tasks int
	end   context.CancelFunc
	done  chan struct{}
	runs  []string
	err   error
	t     *testing.T
}

func startRuns(t *testing.T, deployment string, every time.Duration) *runner {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &runner{tasks: 20, end: cancel, done: make(chan struct{}), t: t}
	t.Cleanup(cancel)
	go func() {
		defer close(r.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			var created struct {
				ID string `json:"id"`
			}
			// An error is reported in stop: a test must not be ended from another goroutine.
			if r.err = stack.TryAPI(t, "POST", "/deployments/"+deployment+"/create_flow_run", map[string]any{
				"parameters": map[string]any{"tasks": r.tasks, "pause": 0.5}, "state": map[string]any{"type": "SCHEDULED"},
			}, &created); r.err != nil {
				return
			}
			r.runs = append(r.runs, created.ID)
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return r
}

func (r *runner) stop() []string {
	r.t.Helper()
	r.end()
	<-r.done
	if r.err != nil {
		r.t.Errorf("starting a flow in the worker: %v", r.err)
	}
	r.t.Logf("%d flows were started in the worker", len(r.runs))
	return r.runs
}

// webSockets are listeners that come back when they are disconnected, as Prefect's own do.
type webSockets struct {
	wait   sync.WaitGroup
	end    context.CancelFunc
	mu     sync.Mutex
	closed []string // how connections ended, as they must when their server is replaced
	failed []string // connections that could not be made
}

func openWebSockets(t *testing.T) *webSockets {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &webSockets{end: cancel}
	t.Cleanup(func() { cancel(); w.wait.Wait() })
	opened := make(chan struct{}, openSockets)
	for range openSockets {
		w.wait.Go(func() { w.listen(ctx, opened) })
	}
	for range openSockets {
		select {
		case <-opened:
		case <-time.After(30 * time.Second):
			t.Fatal("the WebSockets did not open")
		}
	}
	return w
}

func (w *webSockets) listen(ctx context.Context, opened chan<- struct{}) {
	for ctx.Err() == nil {
		connection, err := subscribe(ctx)
		if err == nil {
			select {
			case opened <- struct{}{}:
			default: // a later connection, for which nobody waits
			}
			for err == nil {
				_, _, err = connection.Read(ctx)
			}
			_ = connection.CloseNow()
			w.note(ctx, &w.closed, err)
			continue
		}
		w.note(ctx, &w.failed, err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

func (w *webSockets) note(ctx context.Context, list *[]string, err error) {
	if ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append(*list, fmt.Sprintf("%s: %v", time.Now().Format("15:04:05.000"), err))
}

// subscribe opens /api/events/out through the edge, logs in as Prefect's clients do and asks for all events.
func subscribe(ctx context.Context) (*websocket.Conn, error) {
	connection, _, err := websocket.Dial(ctx, strings.Replace(stack.URL, "https://", "wss://", 1)+"/api/events/out", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: load.HTTP1(stack.HTTP.Transport.(*http.Transport))}, Subprotocols: []string{"prefect"},
	})
	if err != nil {
		return nil, err
	}
	connection.SetReadLimit(1 << 20)
	var answer struct {
		Type string `json:"type"`
	}
	err = errors.Join(
		wsjson.Write(ctx, connection, map[string]any{"type": "auth", "token": stack.AuthString()}),
		wsjson.Read(ctx, connection, &answer),
		wsjson.Write(ctx, connection, map[string]any{"type": "filter", "filter": map[string]any{}, "backfill": false}),
	)
	if err == nil && answer.Type != "auth_success" {
		err = fmt.Errorf("answered %q to the token", answer.Type)
	}
	if err != nil {
		_ = connection.CloseNow()
		return nil, err
	}
	return connection, nil
}

// expectUnrefused wants that whoever was disconnected was connected again at the first attempt.
func (w *webSockets) expectUnrefused(t *testing.T) {
	t.Helper()
	w.end()
	w.wait.Wait()
	t.Logf("%d WebSockets ended with their server: %s", len(w.closed), strings.Join(w.closed, "; "))
	for _, failure := range w.failed {
		t.Errorf("WebSocket refused: %s", failure)
	}
	if len(w.closed) == 0 {
		t.Error("no WebSocket ended: this test shows nothing")
	}
}

// expectOnSchedule wants one run, finished, for each time of the schedule up to the given one.
func expectOnSchedule(t *testing.T, deployment string, every time.Duration, since, until time.Time) {
	t.Helper()
	due := fmt.Sprintf("r.deployment_id = '%s' and r.expected_start_time <= to_timestamp(%d)", deployment, until.Unix())
	var problems []string
	Await(t, 3*time.Minute, "the scheduled runs to finish", func() error {
		problems = history.Unfinished(flowRuns(t, due))
		if len(problems) > 0 {
			return fmt.Errorf("%d have not: %s", len(problems), strings.Join(problems[:min(5, len(problems))], "; "))
		}
		return nil
	})
	var starts []time.Time
	for _, row := range stack.PG(t, "select to_char(r.expected_start_time at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from flow_run r where "+due) {
		start, err := time.Parse(time.RFC3339Nano, row)
		if err != nil {
			t.Fatal(err)
		}
		starts = append(starts, start)
	}
	t.Logf("%d scheduled runs", len(starts))
	if least := int(until.Sub(since)/every) - 1; len(starts) < least {
		t.Errorf("%d runs in %s, want %d or more", len(starts), until.Sub(since), least)
	}
	for _, problem := range history.OffSchedule(starts, every) {
		t.Error(problem)
	}
}

func idsOf(t *testing.T, workloads ...string) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, workload := range workloads {
		ids[workload] = stack.Container(t, workload).ID
	}
	return ids
}

// deleteDeployment takes a deployment and its planned runs away; it is for the end of a test.
func (s *Stack) deleteDeployment(id string) {
	request, err := http.NewRequest(http.MethodDelete, s.URL+"/api/deployments/"+id, nil)
	if err != nil {
		return
	}
	request.SetBasicAuth(s.User, s.Password)
	if answer, err := s.HTTP.Do(request); err == nil {
		_ = answer.Body.Close()
	}
}
