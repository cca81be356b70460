package nginxconf

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
)

func TestRender_SendsFiguresOfRequestsToTheExporterBesideTheLog(t *testing.T) {
	http := all(render(t, monitored()), "http")[0].Block
	want := []string{"/dev/stdout json", "syslog:server=10.213.3.254:5140,tag=edge,nohostname metrics"}
	if got := values(http, "access_log"); !slices.Equal(got, want) {
		t.Errorf("logs are %q, want %q", got, want)
	}
	for _, log := range all(render(t, prod()), "access_log") {
		if strings.HasPrefix(log.Args[0], "syslog") {
			t.Error("a log is sent although nobody watches")
		}
	}
}

func TestRender_LetsMonitoringProbeAsAClientAndTheExporterAloneAskForFigures(t *testing.T) {
	conf := render(t, monitored())
	for _, port := range []string{"8443", "8080"} {
		if got := values(server(t, conf, port, port == "8443"), "allow"); !slices.Contains(got, "10.213.3.0/24") {
			t.Errorf("port %s: allowed are %q", port, got)
		}
	}
	status := server(t, conf, "8081", false)
	if allowed, denied := values(status, "allow"), values(status, "deny"); !slices.Equal(allowed, []string{"127.0.0.1", "10.213.3.254"}) || !slices.Equal(denied, []string{"all"}) {
		t.Errorf("allowed are %q, denied are %q", allowed, denied)
	}
}

// pick does what nginx does with a map: plain keys, whatever their case, before regular expressions in their order.
func pick(t *testing.T, conf crossplane.Directives, variable, value string) string {
	t.Helper()
	for _, m := range all(conf, "map") {
		if m.Args[1] != variable {
			continue
		}
		fallback := ""
		for _, entry := range m.Block {
			switch {
			case entry.Directive == "default":
				fallback = entry.Args[0]
			case strings.EqualFold(entry.Directive, value):
				return entry.Args[0]
			}
		}
		for _, entry := range m.Block {
			if regex, ok := strings.CutPrefix(entry.Directive, "~"); ok && regexp.MustCompile(regex).MatchString(value) {
				return entry.Args[0]
			}
		}
		return fallback
	}
	t.Fatalf("no map defines %s", variable)
	return ""
}

func TestRender_SortsPathsIntoClassesOfRoutes(t *testing.T) {
	conf := render(t, monitored())
	for path, want := range map[string]string{
		"":                                       "other",
		"/":                                      "ui",
		"/v2/runs":                               "ui",
		"/assets/index-1.js":                     "ui",
		"/apiary":                                "ui",
		"/grafana":                               "grafana",
		"/grafana/d/edge":                        "grafana",
		"/grafanax":                              "ui",
		"/api":                                   "api",
		"/api/flows/filter":                      "api",
		"/api/health":                            "health",
		"/api/ready":                             "health",
		"/api/healthy":                           "api",
		"/api/health/x":                          "api",
		"/api/events/in":                         "events",
		"/api/events/out":                        "events",
		"/api/events/filter":                     "api",
		"/api/logs/out":                          "events",
		"/api/logs/":                             "api",
		"/api/work_pools/a/b":                    "api",
		"/api/metrics":                           "other",
		"/docs":                                  "other",
		"/openapi.json":                          "other",
		"/x/api/events/in":                       "ui",
		"/api/work_pools/a b/workers/connect":    "events",
		"/api/work_pools/a/b/workers/connect":    "api",
		"/api/task_runs/subscriptions/scheduled": "events",
		"/api/task_runs/subscriptions/scheduled/in": "api",
	} {
		if got := pick(t, conf, "$metrics_route", path); got != want {
			t.Errorf("%q is of %s, want %s", path, got, want)
		}
	}
	for method, want := range map[string]string{"GET": "GET", "OPTIONS": "OPTIONS", "TRACE": "other", "GETX": "other", "": "other"} {
		if got := pick(t, conf, "$metrics_method", method); got != want {
			t.Errorf("%q counts as %s, want %s", method, got, want)
		}
	}
}

func TestRender_RefusesAnExporterOutsideOfTheNetworkOfMonitoring(t *testing.T) {
	subnet := netip.MustParsePrefix("10.213.3.0/24")
	for name, m := range map[string]Monitoring{
		"another network": {subnet, netip.MustParseAddrPort("192.0.2.1:5140"), ""},
		"no port":         {subnet, netip.AddrPortFrom(netip.MustParseAddr("10.213.3.254"), 0), ""},
		"no address":      {subnet, netip.AddrPort{}, ""},
		"IPv6":            {netip.MustParsePrefix("fd00::/64"), netip.MustParseAddrPort("[fd00::1]:5140"), ""},
		"no network":      {netip.Prefix{}, netip.MustParseAddrPort("10.213.3.254:5140"), ""},
		"everywhere":      {netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddrPort("10.213.3.254:5140"), ""},
	} {
		o := dev()
		o.Monitoring = &m
		if _, err := Render(o); err == nil || !strings.Contains(err.Error(), "monitoring") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRender_ShowsGrafanaToWhoHasLoggedInAndTellsItWho(t *testing.T) {
	conf := render(t, monitored())
	edge := server(t, conf, "8443", true)
	headers := map[string]string{}
	for _, at := range all(edge, "location") {
		if slices.Equal(at.Args, []string{"~", "^/grafana/"}) {
			for _, d := range all(at.Block, "proxy_set_header") {
				headers[d.Args[0]] = d.Args[1]
			}
		}
	}
	if headers["X-WEBAUTH-USER"] != "$remote_user" || headers["Host"] != "$http_host" {
		t.Errorf("it is told %v", headers)
	}
	if credential, told := headers["Authorization"]; credential != "" || !told {
		t.Errorf("it is handed the credential %q", credential)
	}
	if got := pick(t, conf, "$content_security_policy", "/grafana/d/edge"); got != "" {
		t.Errorf("the edge adds the policy %q to Grafana's own", got)
	}
	if got := pick(t, conf, "$content_security_policy", "/grafanax"); !strings.Contains(got, "frame-ancestors 'none'") {
		t.Errorf("elsewhere the policy is %q", got)
	}
	without := monitored()
	without.Monitoring.Grafana = ""
	if text, err := Render(without); err != nil || strings.Contains(text, "proxy_pass http://grafana") {
		t.Errorf("it leads to a Grafana that is not there (%v)", err)
	}
}
