package rules

import (
	"net/netip"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/nginxconf"
	"prefect-platform/internal/tokens"
)

func rendered(t *testing.T, change func(*nginxconf.Options)) string {
	t.Helper()
	rate := nginxconf.Rate{PerSecond: 50, Burst: 0}
	o := nginxconf.Options{
		Host: "prefect.corp.net", PublicPort: 443, Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, HSTS: true,
		Limits: nginxconf.Limits{API: rate, UI: rate, WebSocket: rate, Connections: 10}, MaxBodyMiB: 16, CacheMiB: 32, Workers: 2, Upstream: "prefect-api-a1:4200",
	}
	change(&o)
	text, err := nginxconf.Render(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEdgeRules_LetEveryKindOfRenderedConfigurationPass(t *testing.T) {
	for name, change := range map[string]func(*nginxconf.Options){
		"a name":                 func(*nginxconf.Options) {},
		"more names":             func(o *nginxconf.Options) { o.AlsoFor = []string{"localhost", "other.corp.net"} },
		"an address":             func(o *nginxconf.Options) { o.Host = "10.1.2.3" },
		"an address of IPv6":     func(o *nginxconf.Options) { o.Host, o.PublicPort = "fd00::1", 8443 },
		"a name and an address":  func(o *nginxconf.Options) { o.AlsoFor = []string{"10.1.2.3"} },
		"a load balancer before": func(o *nginxconf.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32")} },
		"exempt workers": func(o *nginxconf.Options) {
			o.Exempt = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/64")}
		},
		"somebody who watches": func(o *nginxconf.Options) {
			o.Monitoring = &nginxconf.Monitoring{Subnet: netip.MustParsePrefix("10.213.3.0/24"), Exporter: netip.MustParseAddrPort("10.213.3.254:5140")}
		},
		"somebody who looks at dashboards": func(o *nginxconf.Options) {
			o.Monitoring = &nginxconf.Monitoring{Subnet: netip.MustParsePrefix("10.213.3.0/24"), Exporter: netip.MustParseAddrPort("10.213.3.254:5140"), Grafana: tokens.GrafanaEndpoint}
		},
		"bursts": func(o *nginxconf.Options) { o.Limits.API.Burst = 100 },
	} {
		r := Resource{Type: tokens.Proxy, Name: "proxy", Properties: property.NewMap(map[string]property.Value{
			tokens.InputNginxConf: property.New(rendered(t, change)), tokens.InputTLSMode: property.New("provided"),
		})}
		for _, rule := range All() {
			if found := rule.Judge(Facts{Production: true, Today: today}, r); len(found) > 0 {
				t.Errorf("%s: %s refuses it: %v", name, rule.ID, found)
			}
		}
	}
}

// A configuration counts wherever it is mounted, however it is named, and by whatever image it is read.
func TestEdges_AreFoundWhateverTheirNameAndImage(t *testing.T) {
	const open = "events{}http{server{listen 80;location /{proxy_pass http://prefect-api:4200;}}}"
	for _, each := range []struct {
		name, image, file, content string
		want                       int
	}{
		{"nginx.conf of nginx", "nginx:1.30.6", "/etc/nginx/nginx.conf", open, 1},
		{"a mirror's nginx", "registry.corp.net/hub/nginx-unprivileged@sha256:00", "/etc/nginx/nginx.conf", open, 1},
		{"a whole one with any name", "corp/edge:1", "/opt/x", open, 1},
		{"on many lines", "corp/edge:1", "/opt/x", "events {\n}\nhttp {\n  server {\n  listen 80;\n}\n}\n", 1},
		{"a part that the image includes", "nginx:1.30.6", "/etc/nginx/conf.d/default.conf", "server { listen 80; location / { root /; } }", 1},
		{"a part with any name", "corp/edge:1", "/opt/x", "server {\n listen 80;\n}", 1},
		{"a part without a server", "openresty/openresty:1", "/etc/nginx/conf.d/a.conf", "auth_basic off;", 1},
		{"a comment only", "nginx:1.30.6", "/etc/nginx/conf.d/a.conf", "# server { listen 80; }", 0},
		{"a script", "nginx:1.30.6", "/docker-entrypoint.d/a.sh", "#!/bin/sh\nexec nginx -c x;", 0},
		{"Python", "prefecthq/prefect:3", "/srv/a.py", "server = {'listen': 1}\nif x: return 1\n", 0},
		{"JSON", "corp/x:1", "/srv/a.json", `{"server": {"listen": 80}}`, 0},
	} {
		r := Resource{Type: tokens.Container}
		put("image", each.image)(&r)
		put("uploads", []any{map[string]any{"file": each.file, "content": each.content}})(&r)
		if got := len(edgesOf(&Case{}, r)); got != each.want {
			t.Errorf("%s: %d configurations, want %d", each.name, got, each.want)
		}
	}
}

func TestEdgeRules_RefuseAConfigurationThatAColleagueMounts(t *testing.T) {
	r := Resource{Type: tokens.Container, Name: "web"}
	put("image", "nginx:1.30.6")(&r)
	put("uploads", []any{map[string]any{"file": "/etc/nginx/conf.d/default.conf", "content": "server { listen 80; location / { proxy_pass http://prefect-api:4200; } }"}})(&r)
	refused := map[string]bool{}
	for _, rule := range All() {
		refused[rule.ID] = len(rule.Judge(Facts{Today: today}, r)) > 0
	}
	for _, id := range []string{"auth-edge-routes", "auth-edge-upstream", "tls-edge-listeners", "exposure-rate-limits"} {
		if !refused[id] {
			t.Errorf("%s lets it pass", id)
		}
	}
}
