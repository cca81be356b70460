package drift

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/state"
	"prefect-platform/internal/tokens"
)

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// object is a resource, or a part of one, as an exported state has it.
type object = map[string]any

func resource(token, name, id string, inputs, outputs object) object {
	return object{"urn": fmt.Sprintf("urn:pulumi:dev::prefect-platform::%s::%s", token, name), "type": token, "id": id, "inputs": inputs, "outputs": outputs}
}

func labels(workload, role string) []any {
	return []any{
		object{"label": "prefect-platform.workload", "value": workload},
		object{"label": "prefect-platform.role", "value": role},
	}
}

func recordedContainer(name, id, workload, role, image string, networks ...string) object {
	var on []any
	for _, network := range networks {
		on = append(on, object{"name": network})
	}
	return resource(tokens.Container, name, id,
		object{"image": image, "labels": labels(workload, role), "networksAdvanced": on},
		object{"name": "prefect-dev-" + workload, "exitCode": 0})
}

// world is both sides, which a case changes before they are compared.
type world struct {
	resources []object
	pending   []any
	config    config.Config
	has       *live.Inventory
	restarts  map[string]int
	now       time.Time
}

// well is a small stack with nothing to find: an edge with a published port, a cache, a job that ended and a holder of files that never starts.
func well() *world {
	edge := recordedContainer("proxy-nginx", "c-edge", "nginx", "service", "nginx:1", "prefect-dev-edge", "prefect-dev-app")
	edge["inputs"].(object)["ports"] = []any{object{"ip": "127.0.0.1", "external": 8443, "internal": 8443, "protocol": "tcp"}}
	password := resource(tokens.Password, "api-a", "none", nil, nil)
	password["created"] = "2026-11-01T00:00:00Z"
	return &world{
		resources: []object{
			resource(tokens.Network, "app", "n-app", object{"name": "prefect-dev-app"}, object{"name": "prefect-dev-app"}),
			resource(tokens.Network, "edge", "n-edge", object{"name": "prefect-dev-edge"}, object{"name": "prefect-dev-edge"}),
			resource(tokens.Image, "nginx:1", "sha256:a1nginx:1", object{"name": "nginx:1"}, object{"imageId": "sha256:a1"}),
			resource(tokens.Image, "redis:8", "sha256:b1redis:8", object{"name": "redis:8"}, object{"imageId": "sha256:b1"}),
			resource(tokens.Volume, "data", "prefect-dev-data", object{"name": "prefect-dev-data"}, nil),
			resource(tokens.Volume, "files", "prefect-dev-files-1", object{"name": "prefect-dev-files-1", "labels": labels("redis", "files")}, nil),
			recordedContainer("redis-files", "c-holder", "redis-holder", "files", "redis:8"),
			recordedContainer("proxy-install", "c-job", "edge-install", "job", "nginx:1", "prefect-dev-app"),
			recordedContainer("cache-redis", "c-redis", "redis", "service", "redis:8", "prefect-dev-app"),
			edge,
			password,
			resource(tokens.LocallySignedCert, "proxy", "l", nil, object{"validityEndTime": "2027-02-20T12:00:00Z"}),
			resource(tokens.SelfSignedCert, "proxy-ca", "a", nil, object{"validityEndTime": "2036-11-20T12:00:00Z"}),
		},
		config: config.Default(),
		has: &live.Inventory{
			Networks: []live.Network{{ID: "n-bridge", Name: "bridge"}, {ID: "n-app", Name: "prefect-dev-app", Stack: "dev"}, {ID: "n-edge", Name: "prefect-dev-edge", Stack: "dev"}},
			Volumes:  map[string]bool{"prefect-dev-data": true, "prefect-dev-files-1": true},
			Images:   map[string]live.Image{"nginx:1": {ID: "sha256:a1"}, "redis:8": {ID: "sha256:b1"}},
			Containers: []live.Container{
				{ID: "c-holder", Name: "prefect-dev-redis-holder", Stack: "dev", Workload: "redis", Role: "files", State: "created", ImageID: "sha256:b1"},
				{ID: "c-job", Name: "prefect-dev-edge-install", Stack: "dev", Workload: "edge-install", Role: "job", State: "exited", ImageID: "sha256:a1", Networks: on("app")},
				{ID: "c-redis", Name: "prefect-dev-redis", Image: "redis:8", Stack: "dev", Workload: "redis", Role: "service", State: "running", Health: "healthy", ImageID: "sha256:b1", Networks: on("app")},
				{
					ID: "c-edge", Name: "prefect-dev-nginx", Image: "nginx:1", Stack: "dev", Workload: "nginx", Role: "service", State: "running", Health: "healthy", ImageID: "sha256:a1",
					Networks: on("app", "edge"), Ports: []live.Port{{Address: "127.0.0.1", Port: 8443, Internal: 8443, Protocol: "tcp"}},
				},
				{ID: "c-other", Name: "web", Image: "web", State: "running", Networks: []live.Attachment{{ID: "n-bridge", Name: "bridge"}}, Ports: []live.Port{{Address: "0.0.0.0", Port: 80, Internal: 80, Protocol: "tcp"}}},
			},
		},
		restarts: map[string]int{"c-redis": RestartLimit},
		now:      now,
	}
}

func on(names ...string) []live.Attachment {
	var all []live.Attachment
	for _, name := range names {
		all = append(all, live.Attachment{ID: "n-" + name, Name: "prefect-dev-" + name})
	}
	return all
}

// container is one of the engine, to be changed.
func (w *world) container(id string) *live.Container {
	for i := range w.has.Containers {
		if w.has.Containers[i].ID == id {
			return &w.has.Containers[i]
		}
	}
	panic("no container " + id)
}

func (w *world) remove(id string) {
	w.has.Containers = slices.DeleteFunc(w.has.Containers, func(c live.Container) bool { return c.ID == id })
}

// recorded is a resource of the state, to be changed.
func (w *world) recorded(name string) object {
	for _, r := range w.resources {
		if strings.HasSuffix(r["urn"].(string), "::"+name) {
			return r
		}
	}
	panic("no resource " + name)
}

func (w *world) record(t *testing.T) Recorded {
	t.Helper()
	exported, err := json.Marshal(object{"version": 3, "deployment": object{"resources": w.resources, "pending_operations": w.pending}})
	if err != nil {
		t.Fatal(err)
	}
	deployment, err := state.Parse(exported)
	if err != nil {
		t.Fatal(err)
	}
	return Recorded{Stack: "dev", State: deployment, Config: w.config, Command: func(verb string) string { return "platform " + verb }}
}

func (w *world) compare(t *testing.T) []Finding {
	t.Helper()
	return Compare(w.record(t), Seen{Has: w.has, Restarts: w.restarts}, w.now)
}

// expect wants these findings and no other, in any order.
func expect(t *testing.T, got []Finding, want ...Finding) {
	t.Helper()
	for _, f := range want {
		if !slices.Contains(got, f) {
			t.Errorf("missing\n  %+v", f)
		}
	}
	for _, f := range got {
		if !slices.Contains(want, f) {
			t.Errorf("unexpected\n  %+v", f)
		}
	}
}
