//go:build lab

package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"prefect-platform/internal/images"
	"prefect-platform/internal/workload"
)

// isMaintenance reports what keeps a reply from being the one that Prefect's clients wait on without counting.
func isMaintenance(got reply) error {
	if got.status != http.StatusServiceUnavailable || got.header.Get("Prefect-Maintenance") != "true" || got.header.Get("Retry-After") != "2" {
		return fmt.Errorf("%d %v %s", got.status, got.header, got.body)
	}
	return nil
}

func TestEdge_AnswersMaintenanceWhileTheAPIIsNotReady(t *testing.T) {
	t.Parallel()
	e := startEdge(t)

	t.Run("and tells other errors as they are", func(t *testing.T) {
		for _, status := range []int{500, 503, 404, 409, 422, 423, 429} {
			got := e.ask("POST", fmt.Sprintf("/api/flows?status=%d", status))
			if got.status != status || got.header.Get("Prefect-Maintenance") != "" {
				t.Errorf("%d became %d %v", status, got.status, got.header)
			}
		}
	})

	e.ask("GET", "/api/control?ready=false")
	t.Run("to each class of request", func(t *testing.T) {
		for _, request := range []string{"GET /api/flows?status=500", "POST /api/flows?status=500", "DELETE /api/flows?status=503", "GET /api/ready"} {
			method, path, _ := strings.Cut(request, " ")
			if err := isMaintenance(e.ask(method, path)); err != nil {
				t.Errorf("%s: %v", request, err)
			}
		}
		if _, status := e.websocket(t, "/api/events/in?status=500"); status != 503 {
			t.Errorf("a WebSocket: %d", status)
		}
		if got := e.ask("GET", "/api/flows?status=500", "Authorization: "); got.status != 401 {
			t.Errorf("without credential: %d", got.status)
		}
		if got := e.ask("GET", "/api/flows?status=404"); got.status != 404 {
			t.Errorf("an error of the request itself: %d", got.status)
		}
	})
	e.ask("GET", "/api/control?ready=true")
	if got := e.ask("GET", "/api/flows?status=500"); got.status != 500 {
		t.Errorf("ready again: %d", got.status)
	}

	t.Run("and while there is none", func(t *testing.T) {
		docker(t, "rm", "-f", e.name+"-api-1")
		for _, request := range []string{"GET /api/flows", "POST /api/flows", "GET /api/health"} {
			method, path, _ := strings.Cut(request, " ")
			start := time.Now()
			got := e.ask(method, path)
			if err := isMaintenance(got); err != nil {
				t.Errorf("%s: %v", request, err)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("%s took %s", request, took)
			}
		}
		if got := e.ask("GET", "/"); got.status != 503 || !strings.Contains(got.body, "reloads itself") || got.header.Get("Content-Type") != "text/html" {
			t.Errorf("a page: %d %v %s", got.status, got.header, got.body)
		}
		e.upstream()
		start := time.Now()
		await(t, 10*time.Second, "the new API", func() error {
			if got := e.ask("GET", "/api/flows"); got.status != 200 {
				return fmt.Errorf("%d", got.status)
			}
			return nil
		})
		t.Logf("served again after %s", time.Since(start).Round(10*time.Millisecond))
	})
}

func TestEdge_RepeatsAGETOfADyingAPIElsewhereButNeverAPOSTThatWasSent(t *testing.T) {
	t.Parallel()
	e := startEdge(t)
	apis := []string{e.name + "-api-1", e.upstream()}
	both := func() error {
		seen := map[string]bool{}
		for range 8 {
			if got := e.ask("GET", "/api/flows"); got.status == 200 {
				seen[got.echo(t).Instance] = true
			}
		}
		if len(seen) < len(apis) {
			return fmt.Errorf("only %v answer", seen)
		}
		return nil
	}
	for method, want := range map[string]int{"GET": 2, "POST": 1} {
		await(t, 15*time.Second, "both APIs", both)
		if got := e.ask(method, "/api/flows?hang-up"); got.status != http.StatusBadGateway && isMaintenance(got) != nil {
			t.Errorf("%s: %d %s", method, got.status, got.body)
		}
		arrived := 0
		for _, api := range apis {
			arrived += strings.Count(docker(t, "logs", api), "hang up on "+method)
		}
		if arrived != want {
			t.Errorf("a %s arrived %d times, want %d", method, arrived, want)
		}
	}
}

func TestEdge_LosesNoRequestWhenTheAPIIsReplacedStartFirst(t *testing.T) {
	t.Parallel()
	e := newEdge(t, unlimited)
	old := e.drainingAPI(t)
	e.start()
	load := e.load(t, 20*time.Millisecond)
	for range 3 {
		next := e.drainingAPI(t)
		docker(t, "stop", "-t", "40", old)
		if code := docker(t, "inspect", "-f", "{{.State.ExitCode}}", old); code != "0" {
			t.Errorf("exit code %s:\n%s", code, docker(t, "logs", old))
		}
		old = next
	}
	load.stop(t)
	t.Logf("%d went over a connection that was kept", load.kept.Load())
	if load.kept.Load() < load.sent.Load()/3 {
		t.Error("too few to say that none of them is lost")
	}
	if t.Failed() {
		t.Log(docker(t, "logs", e.container))
	}
}

// drainingAPI starts a container that stops as one of the real API does, waits until it serves, and returns its name.
func (e *labEdge) drainingAPI(t *testing.T) string {
	t.Helper()
	files := map[string]workload.File{}
	for name, path := range map[string]string{"drain.py": "../prefect/files/drain.py", "platformlog.py": "../prefect/files/platformlog.py", "app.py": "testdata/app.py"} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = workload.Text(string(content))
	}
	id := docker(t, append([]string{"run", "-d"}, e.arguments(workload.Spec{
		Image:      images.Pins()[images.Prefect],
		User:       "1001:0",
		Entrypoint: []string{"python", workload.FilesDir + "/drain.py"},
		Command:    []string{"--serve", "6", "--linger", "2", "--", "uvicorn", "app:app", "--host", "0.0.0.0", "--port", "4200", "--no-access-log"},
		WorkingDir: workload.FilesDir,
		Files:      files,
		Networks:   []workload.Network{{Name: e.args.Networks.App, Aliases: []string{"prefect-api"}}},
		MemoryMiB:  128,
	})...)...)
	await(t, 20*time.Second, "the new API", func() error {
		if logs := docker(t, "logs", id); !strings.Contains(logs, "Uvicorn running") {
			return errors.New(logs)
		}
		return nil
	})
	return id
}

// unlimited is for load, all of which comes from one address.
func unlimited(a *Args) { a.Edge.Exempt = []string{"0.0.0.0/0"} }

// load is a steady stream of POSTs.
type load struct {
	done    chan struct{}
	group   sync.WaitGroup
	sent    atomic.Int64
	kept    atomic.Int64 // went over a connection that had brought others
	slowest atomic.Int64
	failed  sync.Map
}

func (e *labEdge) load(t *testing.T, every time.Duration) *load {
	t.Helper()
	l := &load{done: make(chan struct{})}
	client := e.client()
	await(t, 10*time.Second, "the API", func() error {
		if got := e.ask("GET", "/api/health"); got.status != 200 {
			return fmt.Errorf("%d", got.status)
		}
		return nil
	})
	l.group.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-l.done:
				return
			case <-tick.C:
			}
			l.group.Go(func() {
				start := time.Now()
				n := l.sent.Add(1)
				got, err := e.try(client, "POST", "/api/flows")
				if err != nil {
					l.failed.Store(n, err.Error())
				} else if got.status != 200 {
					l.failed.Store(n, fmt.Sprintf("%d %s", got.status, got.body))
				}
				if brought, _ := strconv.Atoi(got.header.Get("X-Brought")); brought > 1 {
					l.kept.Add(1)
				}
				for took := int64(time.Since(start)); ; {
					slowest := l.slowest.Load()
					if took <= slowest || l.slowest.CompareAndSwap(slowest, took) {
						return
					}
				}
			})
		}
	})
	return l
}

// stop ends the stream and fails the test for each request that failed.
func (l *load) stop(t *testing.T) {
	t.Helper()
	close(l.done)
	l.group.Wait()
	l.failed.Range(func(n, problem any) bool {
		t.Errorf("request %d of %d: %v", n, l.sent.Load(), problem)
		return true
	})
	t.Logf("%d requests, the slowest took %s", l.sent.Load(), time.Duration(l.slowest.Load()).Round(time.Millisecond))
}
