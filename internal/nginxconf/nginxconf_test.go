package nginxconf

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestRender_GivesTheGoldenFiles(t *testing.T) {
	byAddress := prod()
	byAddress.Host, byAddress.AlsoFor, byAddress.PublicPort = "2001:db8::7", []string{"localhost", "127.0.0.1"}, 8443

	for name, options := range map[string]Options{"dev": dev(), "prod": prod(), "address": byAddress, "monitored": monitored(), "certified": certified()} {
		t.Run(name, func(t *testing.T) {
			got, err := Render(options)
			if err != nil {
				t.Fatal(err)
			}
			parse(t, got)
			golden := filepath.Join("testdata", name+".conf")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs from %s; when that is meant, run: go test ./internal/nginxconf -update", golden)
			}
		})
	}
}

// certified is an edge whose certificate an authority gives.
func certified() Options {
	o := prod()
	o.Certificates, o.Challenge = "/srv/acme/current/", "acme:8402"
	return o
}

func TestRender_AsksForTheCredentialEverywhereButForWebSocketsAndHealth(t *testing.T) {
	serving := server(t, render(t, prod()), "8443", true)

	if got := values(serving, "auth_basic"); !slices.Equal(got, []string{Realm}) {
		t.Errorf("the server asks for %q", got)
	}
	if got := values(serving, "satisfy"); !slices.Equal(got, []string{"all"}) {
		t.Errorf("satisfy is %q: an allowed address would do without a password", got)
	}
	exceptions := map[string]string{}
	for _, location := range all(serving, "location") {
		uri := location.Args[len(location.Args)-1]
		for _, realm := range values(location.Block, "auth_basic") {
			exceptions[uri] = realm
		}
		if strings.HasPrefix(uri, "@") { // nobody can ask for these; the location that redirected here has checked
			delete(exceptions, uri)
		}
	}
	want := map[string]string{
		"/api/health": "$health_realm",
		`^/api/(events/(in|out)|logs/out|task_runs/subscriptions/scheduled|work_pools/[^/]+/workers/connect)$`: "$websocket_realm",
	}
	if len(exceptions) != len(want) {
		t.Errorf("exceptions are %v", exceptions)
	}
	for uri, realm := range want {
		if exceptions[uri] != realm {
			t.Errorf("%s asks for %q, want %q", uri, exceptions[uri], realm)
		}
	}
}

// pattern returns the one regular expression of a map.
func pattern(t *testing.T, conf crossplane.Directives, variable string) *regexp.Regexp {
	t.Helper()
	for _, m := range all(conf, "map") {
		if m.Args[1] == variable {
			if text, found := strings.CutPrefix(m.Block[0].Directive, "~*"); found {
				return regexp.MustCompile("(?i)" + text)
			}
			return regexp.MustCompile(strings.TrimPrefix(m.Block[0].Directive, "~"))
		}
	}
	t.Fatalf("no map defines %s", variable)
	return nil
}

func TestRender_LetsOnlyUpgradesOfTheFiveWebSocketPathsPassWithoutCredential(t *testing.T) {
	conf := render(t, prod())
	websocket, upgrade := pattern(t, conf, "$websocket"), pattern(t, conf, "$upgrade")
	for request, want := range map[string]bool{
		"GET websocket /api/events/in":                               true,
		"GET WebSocket /api/events/out":                              true,
		"GET websocket /api/logs/out?x=1":                            true,
		"GET websocket /api/task_runs/subscriptions/scheduled":       true,
		"GET websocket /api/work_pools/my%20pool/workers/connect":    true,
		"GET  /api/events/in":                                        false,
		"GET notwebsocket /api/events/in":                            false,
		"GET websocketx /api/events/in":                              false,
		"GET h2c /api/events/in":                                     false,
		"POST websocket /api/events/in":                              false,
		"HEAD websocket /api/events/in":                              false,
		"GET websocket /api/events/in/":                              false,
		"GET websocket /api/events/inside":                           false,
		"GET websocket /api/flows/filter":                            false,
		"GET websocket /api/flows/filter?/api/events/in":             false,
		"GET websocket /api/work_pools/a/b/workers/connect":          false,
		"GET websocket /api/work_pools/a?b/workers/connect":          false,
		"GET websocket //api/events/in":                              false,
		"GET websocket /api/flows/../events/in":                      false,
		"GET websocket /api/work_pools/x/workers/connect/../../flow": false,
	} {
		method, rest, _ := strings.Cut(request, " ")
		header, path, _ := strings.Cut(rest, " ")
		judged := "none"
		if upgrade.MatchString(header) {
			judged = "websocket"
		}
		if got := websocket.MatchString(method + " " + judged + " " + path); got != want {
			t.Errorf("%s passes without credential: %v", request, got)
		}
	}
}

func TestRender_JudgesTheUpgradeHeaderAlone(t *testing.T) {
	if pattern(t, render(t, prod()), "$upgrade").MatchString("websocket /api/events/in?") {
		t.Error("a header with a path of its own passes for an upgrade, whatever the request's path is")
	}
}

func TestRender_LetsOnlyGETOfHealthPassWithoutCredential(t *testing.T) {
	health := pattern(t, render(t, prod()), "$health_realm")
	for request, want := range map[string]bool{
		"GET /api/health":             true,
		"GET /api/health?probe=1":     true,
		"HEAD /api/health":            false,
		"POST /api/health":            false,
		"GET /api/health/":            false,
		"GET /api/flows/../health":    false,
		"GET /api/%68ealth":           false,
		"GET /api/flows?/api/health":  false,
		"GET /api/healthy":            false,
		"GET //api/health":            false,
		"GET /api/admin#/api/health":  false,
		"GET /api/health;/api/health": false,
	} {
		if got := health.MatchString(request); got != want {
			t.Errorf("%s passes without credential: %v", request, got)
		}
	}
}

func TestRender_DeniesWhoIsNotAllowed(t *testing.T) {
	conf := render(t, prod())
	for _, port := range []string{"8443", "8080"} {
		block := server(t, conf, port, port == "8443")
		var rules []string
		for _, d := range block {
			if d.Directive == "allow" || d.Directive == "deny" {
				rules = append(rules, d.Directive+" "+d.Args[0])
			}
		}
		if want := []string{"allow 203.0.113.0/24", "allow 2001:db8::/32", "deny all"}; !slices.Equal(rules, want) {
			t.Errorf("port %s: %v, want %v", port, rules, want)
		}
		for _, location := range all(block, "location") {
			if values(location.Block, "allow") != nil || values(location.Block, "deny") != nil {
				t.Errorf("%v has rules of its own, which replace the server's", location.Args)
			}
		}
	}
}

func TestRender_ShowsOtherContainersOnlyTheVersionThatRuns(t *testing.T) {
	status := server(t, render(t, prod()), "8081", false)
	if allowed, denied := values(status, "allow"), values(status, "deny"); !slices.Equal(allowed, []string{"127.0.0.1"}) || !slices.Equal(denied, []string{"all"}) {
		t.Errorf("allowed are %q, denied are %q", allowed, denied)
	}
	for _, location := range all(status, "location") {
		if opened := values(location.Block, "allow"); opened != nil && location.Args[1] != "/healthz" {
			t.Errorf("%s is open to %q", location.Args[1], opened)
		}
	}
}

func TestRender_LimitsEveryLocationThatCanBeAskedFor(t *testing.T) {
	conf := render(t, prod())
	for _, location := range all(server(t, conf, "8443", true), "location") {
		uri := location.Args[len(location.Args)-1]
		if limits := values(location.Block, "limit_req"); !strings.HasPrefix(uri, "@") && len(limits) != 1 {
			t.Errorf("%s has the limits %q", uri, limits)
		}
	}
	for _, name := range []string{"limit_req_status", "limit_conn_status"} {
		if got := all(conf, name); len(got) != 1 || got[0].Args[0] != "429" {
			t.Errorf("%s is not 429", name)
		}
	}
}

func TestRender_LeavesOutABurstOfZeroWhichNginxRefuses(t *testing.T) {
	o := dev()
	o.Limits.UI.Burst = 0
	for _, limit := range all(render(t, o), "limit_req") {
		if slices.Contains(limit.Args, "burst=0") || (limit.Args[0] == "zone=ui" && len(limit.Args) != 1) {
			t.Errorf("limit_req %v", limit.Args)
		}
	}
}

func TestRender_RefusesUnknownNamesInTheHandshake(t *testing.T) {
	named := render(t, prod())
	if got := values(server(t, named, "8443", false), "listen"); !slices.Equal(got, []string{"8443 ssl default_server"}) {
		t.Errorf("the refusing server listens on %q", got)
	}
	if got := values(server(t, named, "8443", true), "listen"); !slices.Equal(got, []string{"8443 ssl"}) {
		t.Errorf("the serving server listens on %q", got)
	}

	// A client of an address sends no name, so there the serving server is the default, and every name but its own is refused.
	o := prod()
	o.AlsoFor = []string{"10.1.2.3"}
	addressed := render(t, o)
	if got := values(server(t, addressed, "8443", false), "server_name"); !slices.Equal(got, []string{"~."}) {
		t.Errorf("the refusing server has the names %q", got)
	}
	if got := values(server(t, addressed, "8443", true), "listen"); !slices.Equal(got, []string{"8443 ssl default_server"}) {
		t.Errorf("the serving server listens on %q", got)
	}
}

func TestRender_WritesAddressesAsURLsDo(t *testing.T) {
	o := dev()
	o.Host = "2001:DB8::7"
	conf := render(t, o)
	if got := values(server(t, conf, "8443", true), "server_name"); !slices.Equal(got, []string{"[2001:db8::7]"}) {
		t.Errorf("names are %q", got)
	}
	if got := all(server(t, conf, "8080", false), "return"); got[0].Args[1] != "https://[2001:db8::7]:8443$request_uri" {
		t.Errorf("http is redirected to %s", got[0].Args[1])
	}
}

func TestRender_TrustsNoForwardedAddressUnlessToldTo(t *testing.T) {
	if got := all(render(t, dev()), "real_ip_header"); len(got) != 0 {
		t.Error("reads addresses from a header that every client can send")
	}
	for _, header := range all(render(t, prod()), "proxy_set_header") {
		if header.Args[0] == "X-Forwarded-For" && header.Args[1] != "$remote_addr" {
			t.Errorf("passes %s on, with what the client sent", header.Args[1])
		}
	}
}

func TestRender_LogsNothingThatMayHoldASecret(t *testing.T) {
	for _, http := range all(render(t, prod()), "http") {
		if got := values(http.Block, "error_log"); !slices.Equal(got, []string{"stderr crit"}) {
			t.Errorf("failed requests are logged with their query string: %q", got)
		}
	}
	for _, format := range all(render(t, monitored()), "log_format") {
		logged := strings.Join(format.Args, " ")
		for _, variable := range []string{"$args", "$query_string", "$request_uri", "$request ", `$request"`, "authorization", "$http_cookie", "$http_referer", "$remote_user"} {
			if strings.Contains(logged, variable) {
				t.Errorf("%s is logged", variable)
			}
		}
	}
}

func TestRender_ReportsEveryProblemAtOnce(t *testing.T) {
	o := dev()
	o.Host, o.Upstream, o.Allow, o.MaxBodyMiB = "Not A Host", "prefect-api", nil, 0
	o.Limits.UI.Burst = -1
	o.TrustedProxies = networks("0.0.0.0/0")
	_, err := Render(o)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`"Not A Host" is neither a DNS name nor an IP address`, `upstream "prefect-api" is not host:port`, "nobody is allowed to connect",
		"body size is 0", "UI burst is -1", "trusting 0.0.0.0/0 would let every client choose its own address",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}
