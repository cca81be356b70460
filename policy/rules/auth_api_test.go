package rules

import (
	"testing"

	"prefect-platform/internal/tokens"
)

var (
	published = []any{map[string]any{"internal": 4200, "external": 4200, "ip": "127.0.0.1"}}

	_ = prove("auth-api-published", proof{
		fails: []fixture{
			{name: "a published API", of: tokens.Container, resource: "prefect-api-1", change: put("ports", published), found: "ports[0]"},
			{name: "a port without number outside", of: tokens.Container, resource: "prefect-api-1", change: put("ports", []any{map[string]any{"internal": "4200"}}), found: "ports[0]"},
			{name: "all ports", of: tokens.Container, resource: "prefect-api-1", change: put("publishAllPorts", "true"), found: "publishAllPorts"},
		},
		unknown: []fixture{{name: "ports", of: tokens.Container, resource: "prefect-api-1", change: unknownProperty("ports")}},
	})

	_ = prove("auth-api-behind-proxy", proof{
		fails:        []fixture{{name: "a stack without an edge", remove: []string{"proxy"}, found: "no edge"}},
		neverUnknown: "whether there is an edge is known, and a command that is not is judged when it is",
	})
)

func TestIsPrefectAPI_KnowsEveryWayToStartOne(t *testing.T) {
	for _, each := range []struct {
		entrypoints, command any
		want                 bool
	}{
		{nil, []any{"prefect", "server", "start"}, true},
		{[]any{"prefect"}, []any{"--profile", "x", "server", "--x", "start", "--host", "0.0.0.0"}, true},
		{[]any{"sh", "-c"}, []any{"exec prefect server start;"}, true},
		{[]any{"/bin/sh", "-c", "PREFECT server\tstart&"}, nil, true},
		{[]any{"python", "/srv/files/drain.py"}, []any{"--serve", "6", "--", "api", "server", "start"}, true},
		{[]any{"python", "-c"}, []any{"app(['server', 'start'])"}, true},
		{nil, []any{"uvicorn", "--factory", "prefect.server.api.server:create_app"}, true},
		{nil, []any{"/usr/bin/gunicorn", "my_prefect:app"}, true},
		{nil, []any{"python", "-m", "prefect.server.api.server"}, true},
		{nil, []any{"prefect", "server", "services", "start"}, false},
		{[]any{"prefect"}, []any{"server", "database", "upgrade", "-y"}, false},
		{nil, []any{"prefect", "worker", "start"}, false},
		{nil, nil, false},
		{true, 3, false},
	} {
		r := Resource{Type: tokens.Container}
		if each.entrypoints != nil {
			put("entrypoints", each.entrypoints)(&r)
		}
		if each.command != nil {
			put("command", each.command)(&r)
		}
		if got := isPrefectAPI(&Case{}, r); got != each.want {
			t.Errorf("%v %v: %v, want %v", each.entrypoints, each.command, got, each.want)
		}
	}
}
