package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/moby/moby/api/pkg/stdcopy"

	"prefect-platform/internal/engine"
	"prefect-platform/internal/engine/live"
)

// fakeEngine answers like Docker as far as a restore asks, and notes what it is told to do.
type fakeEngine struct {
	t  *testing.T
	at *live.Engine

	mu         sync.Mutex
	did        []string
	volumes    map[string]bool
	containers []map[string]any
	fails      string                                    // what is refused, as it is noted
	runs       func(entrypoint string) (int, string)     // what a container does that runs to its end: its exit code, and what it prints
	made       map[string]func() (code int, said string) // such containers by ID
}

func newFakeEngine(t *testing.T, writers ...string) *fakeEngine {
	t.Helper()
	f := &fakeEngine{t: t, volumes: map[string]bool{}, made: map[string]func() (int, string){}}
	for _, name := range writers {
		f.containers = append(f.containers, map[string]any{
			"Id": name, "Names": []string{"/prefect-dev-" + name}, "State": "running", "Image": "i",
			"Labels": map[string]string{"prefect-platform.stack": "dev", "prefect-platform.workload": name, "prefect-platform.role": "service"},
		})
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	var err error
	if f.at, err = live.Dial(t.Context(), engine.Endpoint{Host: "tcp://" + server.Listener.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.at.Close() })
	return f
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Api-Version", "1.51")
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(path) > 1 {
		path = path[1:] // without the version
	}
	what := path[len(path)-1]
	switch call := r.Method + " " + path[0]; {
	case what == "_ping":
	case call == "GET containers" && what == "json" && len(path) == 2:
		f.answer(w, f.containers)
	case call == "GET networks":
		f.answer(w, []any{})
	case call == "GET images" && len(path) == 2:
		f.answer(w, []any{})
	case call == "GET images":
		f.answer(w, map[string]any{"Id": "i"})
	case call == "GET volumes" && len(path) == 1:
		all := []any{}
		for name := range f.volumes {
			all = append(all, map[string]any{"Name": name})
		}
		f.answer(w, map[string]any{"Volumes": all})
	case call == "GET volumes":
		if !f.volumes[what] {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		f.answer(w, map[string]any{"Name": what})
	case call == "POST volumes":
		var asked struct{ Name string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		f.volumes[asked.Name] = true
		f.answer(w, map[string]any{"Name": asked.Name})
	case call == "DELETE volumes":
		delete(f.volumes, what)
		w.WriteHeader(http.StatusNoContent)
	case call == "POST containers" && what == "create":
		var asked struct{ Entrypoint []string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		id := fmt.Sprintf("once-%d", len(f.made))
		f.made[id] = func() (int, string) { return f.runs(strings.Join(asked.Entrypoint, " ")) }
		f.answer(w, map[string]any{"Id": id})
	case call == "PUT containers", call == "DELETE containers":
		w.WriteHeader(http.StatusOK)
	case call == "POST containers" && what == "wait":
		code, _ := f.made[path[1]]()
		f.answer(w, map[string]any{"StatusCode": code})
	case call == "GET containers" && what == "logs":
		_, said := f.made[path[1]]()
		_, _ = w.Write(append(binary.BigEndian.AppendUint32([]byte{byte(stdcopy.Stdout), 0, 0, 0}, uint32(len(said))), said...))
	case call == "POST containers" && f.made[path[1]] != nil:
		w.WriteHeader(http.StatusNoContent)
	case call == "POST containers" && (what == "stop" || what == "start"):
		noted := what + " " + path[1]
		f.did = append(f.did, noted)
		if noted == f.fails {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		f.t.Errorf("asked for %s %s", r.Method, r.URL.Path)
		w.WriteHeader(http.StatusNotImplemented)
	}
}

func (f *fakeEngine) answer(w http.ResponseWriter, with any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(with); err != nil {
		f.t.Error(err)
	}
}

// note adds something that happened elsewhere.
func (f *fakeEngine) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, what)
}

// expect wants what was done, step by step; what a step does at once is compared sorted.
func (f *fakeEngine) expect(what string, steps ...[]string) {
	f.t.Helper()
	did := slices.Clone(f.did)
	for _, step := range steps {
		n := min(len(step), len(did))
		now := did[:n]
		slices.Sort(now)
		if !slices.Equal(now, step) {
			f.t.Errorf("%s: did %v, want %v", what, f.did, steps)
			return
		}
		did = did[n:]
	}
	if len(did) > 0 {
		f.t.Errorf("%s: did %v too", what, did)
	}
}

func (f *fakeEngine) volumeNames() string {
	var names []string
	for name := range f.volumes {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
