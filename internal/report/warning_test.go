package report

import (
	"cmp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/internal/tokens"
)

// resource is one step as the engine tells it.
type resource struct {
	op        apitype.OpType
	token     string
	name      string
	workload  string
	role      string // service when it has a workload
	diffs     []string
	inputs    map[string]any // old and new
	protected bool
	retained  bool
}

func (r resource) event() apitype.EngineEvent {
	inputs := map[string]any{}
	for name, value := range r.inputs {
		inputs[name] = value
	}
	role := cmp.Or(r.role, tokens.RoleService)
	if r.workload == "migrate" {
		role = tokens.RoleJob
	}
	if r.workload != "" {
		inputs["labels"] = []any{
			map[string]any{"label": tokens.LabelWorkload, "value": r.workload},
			map[string]any{"label": tokens.LabelRole, "value": role},
		}
	}
	of := &apitype.StepEventStateMetadata{Custom: true, Inputs: inputs, Protect: r.protected, RetainOnDelete: r.retained}
	m := apitype.StepEventMetadata{Op: r.op, Type: r.token, URN: "urn:pulumi:prod::prefect-platform::" + r.token + "::" + r.name, Diffs: r.diffs, Old: of, New: of}
	switch r.op {
	case apitype.OpDelete, apitype.OpDeleteReplaced:
		m.New = nil
	case apitype.OpCreate:
		m.Old = nil
	}
	return apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Planning: true, Metadata: m}}
}

func TestWarnings_SayWhatIsAtStake(t *testing.T) {
	const replace, remove, create, update = apitype.OpReplace, apitype.OpDelete, apitype.OpCreate, apitype.OpUpdate
	data := map[string]any{"name": "prefect-prod-postgres-18"}
	for _, test := range []struct {
		name string
		of   []resource
		want []string // each in one warning, in this order
	}{
		{"nothing", nil, nil},
		{"the first of everything", []resource{{op: create, token: tokens.Container, workload: "postgres"}, {op: create, token: tokens.Container, workload: "migrate"}, {op: create, token: tokens.Volume, retained: true}}, nil},
		{"PostgreSQL with other settings", []resource{{op: replace, token: tokens.Container, name: "database-server", workload: "postgres", diffs: []string{"volumes"}}}, []string{"`database-server` is stopped before its successor starts** for other settings: no database for about"}},
		{"Redis with another image", []resource{{op: replace, token: tokens.Container, name: "cache-server", workload: "redis", diffs: []string{"image"}}}, []string{"for another image: no messages for about"}},
		{"the edge", []resource{{op: replace, token: tokens.Container, name: "proxy-nginx", workload: "nginx"}}, []string{"with what it depends on: the ports are closed for about a second"}},
		{"a workload of tomorrow, stop-first", []resource{{op: apitype.OpDeleteReplaced, token: tokens.Container, name: "monitoring-prometheus", workload: "prometheus"}, {op: replace, token: tokens.Container, name: "monitoring-prometheus", workload: "prometheus"}}, []string{"`monitoring-prometheus` is stopped before its successor starts"}},
		{"an API, start-first", []resource{{op: replace, token: tokens.Container, name: "prefect-api-0", workload: "api"}}, nil},
		{"an API, for good", []resource{{op: remove, token: tokens.Container, name: "prefect-api-1", workload: "api"}}, []string{"`prefect-api-1` is deleted"}},
		{"memory of PostgreSQL, in place", []resource{{op: update, token: tokens.Container, name: "database-server", workload: "postgres"}}, nil},
		{"a worker", []resource{{op: replace, token: tokens.Container, name: "prefect-worker-default-0", workload: "worker-default", inputs: map[string]any{"destroyGraceSeconds": float64(105)}}}, []string{"lets its flow runs finish, up to 105 s"}},
		{"a data volume replaced", []resource{{op: replace, token: tokens.Volume, name: "postgres-18", inputs: data, retained: true}}, []string{"Data volume `postgres-18` is replaced**: the new one is empty. The old one stays on the engine as `prefect-prod-postgres-18`"}},
		{"a data volume deleted, protected", []resource{{op: remove, token: tokens.Volume, name: "postgres-18", inputs: data, retained: true, protected: true}}, []string{"is protected** and would be deleted: an `up` refuses", "stays on the engine as `prefect-prod-postgres-18`, and nothing uses it"}},
		{"a files volume", []resource{{op: replace, token: tokens.Volume, name: "api-files", workload: "api", role: tokens.RoleFiles, retained: true}, {op: remove, token: tokens.Volume, name: "x-files", workload: "x", role: tokens.RoleFiles, retained: true}}, nil},
		{"the authority", []resource{{op: replace, token: tokens.SelfSignedCert, name: "proxy-ca"}}, []string{"certificate authority `proxy-ca` is replaced**: every client"}},
		{"the certificate", []resource{{op: replace, token: tokens.LocallySignedCert, name: "proxy"}}, []string{"another certificate (`proxy`): it reloads"}},
		{"a secret", []resource{{op: replace, token: tokens.Password, name: "api-a"}}, []string{"credential `api-a` gets another value**: people"}},
		{"a secret that is used inside only, and its salt", []resource{{op: replace, token: tokens.Password, name: "redis-b"}, {op: replace, token: tokens.Password, name: "redis-b-salt"}}, []string{"generated secret `redis-b` gets another value"}},
		{"a network", []resource{{op: replace, token: tokens.Network, name: "db"}}, []string{"Network `db` is replaced**: everything on it"}},
		{"a migration with a new image", []resource{{op: replace, token: tokens.Container, name: "prefect-migrate", workload: "migrate", diffs: []string{"image"}}}, []string{"Database migrations run** with the new image"}},
		{"a migration again", []resource{{op: replace, token: tokens.Container, name: "prefect-migrate", workload: "migrate", diffs: []string{"volumes"}}}, []string{"find nothing to do"}},
		{"the worst first", []resource{{op: replace, token: tokens.Container, name: "w", workload: "worker-x"}, {op: replace, token: tokens.Network, name: "db"}, {op: remove, token: tokens.Volume, name: "v"}}, []string{"Data volume", "Network", "Worker"}},
	} {
		r := New(About{Stack: "prod"})
		for _, each := range test.of {
			r.Event(each.event())
		}
		got := r.warnings()
		if len(got) != len(test.want) {
			t.Errorf("%s: %d warnings, want %d: %s", test.name, len(got), len(test.want), strings.Join(got, "\n"))
			continue
		}
		for i, want := range test.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: got %q, want %q in it", test.name, got[i], want)
			}
		}
	}
}

func TestVerdict_SaysTheWorst(t *testing.T) {
	violation := apitype.EngineEvent{PolicyEvent: &apitype.PolicyEvent{PolicyName: "tls-hsts", EnforcementLevel: "mandatory", Message: "x\ny: z"}}
	failure := apitype.EngineEvent{ErrorEvent: &apitype.ErrorEvent{Error: "boom"}}
	advice := apitype.EngineEvent{PolicyEvent: &apitype.PolicyEvent{PolicyName: "tls-hsts", EnforcementLevel: "advisory", Message: "x\ny: z"}}
	change := resource{op: apitype.OpReplace, token: tokens.Container, workload: "postgres"}.event()
	for want, tell := range map[string]func(*Report){
		"fine, no changes":                                      func(r *Report) { r.Event(advice) },
		"fine, no changes, but something to mend":               func(r *Report) { r.Mend("x") },
		"fine, 1 to replace; **1 warning**":                     func(r *Report) { r.Event(change) },
		"failed":                                                func(r *Report) { r.Event(change); r.Event(failure) },
		"refused, 1 policy violation":                           func(r *Report) { r.Event(change); r.Event(failure); r.Event(violation); r.Event(violation) },
		"refused, 2 problems in configuration or prerequisites": func(r *Report) { r.Refuse("a"); r.Refuse("b"); r.Fail("c") },
	} {
		r := New(About{Stack: "prod"})
		tell(r)
		if got, _, _ := strings.Cut(r.Markdown(), "\n"); got != "## Preview of `prod`: "+want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPolicies_SayRuleResourceFoundAndChange(t *testing.T) {
	r := New(About{Stack: "prod"})
	for _, e := range []apitype.PolicyEvent{
		{PolicyName: "exposure-allowlist", EnforcementLevel: "mandatory", ResourceURN: urn, Message: "<{%reset%}>Only known networks may connect.\ndatabase-server: the allowlist ends in allow; set edge.allow<{%reset%}>\n"},
		{PolicyName: "levels-of-production", EnforcementLevel: "mandatory", Message: "A production stack is judged by all.\nthe stack says production: true"},
		{PolicyName: "data-retention", EnforcementLevel: "advisory", ResourceURN: urn, Message: "Data goes.\ndatabase-server: kept 900 days; set database.runRetentionDays"},
		{PolicyName: "exceptions", EnforcementLevel: "advisory", ResourceURN: urn, Message: "What is let pass is listed.\ndatabase-server: containers-user may be broken until 2027-01-31 (moving soon): user is root"},
	} {
		r.Event(apitype.EngineEvent{PolicyEvent: &e})
	}
	compare(t, "testdata/policies.md", r.Markdown())
}
