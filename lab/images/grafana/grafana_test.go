package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	goodSources = `apiVersion: 1
prune: true
datasources:
  - {name: Prometheus, type: prometheus, uid: prometheus, access: proxy, url: "http://prometheus:9090", isDefault: true, jsonData: {httpMethod: POST}}
  - {name: Alertmanager, type: alertmanager, uid: alertmanager, access: proxy, url: "http://alertmanager:9093", jsonData: {implementation: prometheus}}
`
	goodProvider = `apiVersion: 1
providers:
  - {name: platform, type: file, disableDeletion: true, allowUiUpdates: false, folder: Platform, options: {path: "$DIR"}}
`
	goodDashboard = `{"uid": "overview", "title": "Overview", "schemaVersion": 41, "editable": false,
	"templating": {"list": [{"name": "source", "type": "datasource"}]}, "annotations": {"list": [{"datasource": {"type": "grafana", "uid": "-- Grafana --"}}]},
	"panels": [{"id": 1, "type": "stat", "title": "Up", "gridPos": {"h": 4, "w": 24, "x": 0, "y": 0}, "datasource": {"type": "prometheus", "uid": "prometheus"}, "targets": [{"refId": "A", "expr": "up"}]},
		{"id": 2, "type": "row", "gridPos": {"h": 1, "w": 24}, "panels": [{"id": 3, "type": "stat", "gridPos": {"h": 4, "w": 4}, "targets": [{"refId": "A", "datasource": {"uid": "${source}"}}]}]}]}`
)

// provision reads provisioning in which one text of the good one is replaced.
func provision(t *testing.T, from, to string, more map[string]string) (provisioned, error) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"datasources/sources.yaml": goodSources, "dashboards/platform.yml": goodProvider, "dashboards/overview.json": goodDashboard}
	replaced := from == ""
	for name, text := range files {
		replaced = replaced || strings.Contains(text, from)
		files[name] = strings.Replace(text, from, to, 1)
	}
	if !replaced {
		t.Fatalf("%q is nowhere", from)
	}
	for name, text := range more {
		files[name] = text
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return readProvisioning(dir, func(name string) (string, bool) { return filepath.Join(dir, "dashboards"), name == "DIR" })
}

func TestProvisioning_GoodOneIsTaken(t *testing.T) {
	p, err := provision(t, "", "", nil)
	if err != nil || len(p.dataSources) != 2 || len(p.dashboards) != 1 {
		t.Errorf("%v, %d data sources, %d dashboards", err, len(p.dataSources), len(p.dashboards))
	}
}

func TestProvisioning_BadOneIsRefused(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"version", "apiVersion: 1\nprune", "apiVersion: 2\nprune", "apiVersion is 2"},
		{"unknown key", "isDefault", "isdefault", "isdefault not found"},
		{"type", "type: alertmanager", "type: postgres", "no type"},
		{"url", "http://prometheus:9090", "prometheus:9090", "url"},
		{"access", "access: proxy", "access: direct", "access"},
		{"two uids", "uid: alertmanager", "uid: prometheus", "twice"},
		{"two defaults", "jsonData: {implementation", "isDefault: true, jsonData: {implementation", "default"},
		{"variable that is not set", `"http://prometheus:9090"`, "'http://a$b:9090'", "no variable"},
		{"variable without a name", `"http://prometheus:9090"`, "'http://a:9090/$'", "no variable"},
		{"file that is not there", `"http://prometheus:9090"`, `"$__file{/not/there}"`, "/not/there"},
		{"provider's type", "type: file", "type: database", "no type"},
		{"changes by hand", "allowUiUpdates: false", "allowUiUpdates: true", "by hand"},
		{"no dashboards", "$DIR", "$DIR/none", "none"},
		{"no JSON", `"schemaVersion"`, `"schemaVersion": 41,`, "overview.json"},
		{"no uid", `"uid": "overview"`, `"uid": "over view"`, "uid"},
		{"old schema", `"schemaVersion": 41`, `"schemaVersion": 16`, "schemaVersion"},
		{"editable", `"editable": false`, `"editable": true`, "editable"},
		{"data source of a panel", `"uid": "prometheus"}`, `"uid": "Prometheus"}`, `uid "Prometheus"`},
		{"type of its data source", `{"type": "prometheus"`, `{"type": "loki"`, "loki"},
		{"variable of a query", `${source}`, `${sauce}`, "${sauce}"},
		{"no variable of a data source", `"type": "datasource"`, `"type": "query"`, "${source}"},
		{"panel twice", `"id": 3`, `"id": 1`, "id of its own"},
		{"too wide", `"w": 4`, `"w": 25`, "24 columns"},
		{"letter twice", `{"refId": "A", "expr": "up"}`, `{"refId": "A"}, {"refId": "A"}`, "letter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := provision(t, c.from, c.to, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestProvisioning_FileThatNothingReadsIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"alerting/rules.yaml": "apiVersion: 1\n", "datasources/notes.txt": "", "dashboards/twice.json": goodDashboard, "datasources/wrong.yaml": goodProvider,
	} {
		if _, err := provision(t, "", "", map[string]string{name: text}); err == nil || !strings.Contains(err.Error(), filepath.Base(name)) && !strings.Contains(err.Error(), "overview") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProvisioning_TwoDollarsAreOne(t *testing.T) {
	p, err := provision(t, "{httpMethod: POST}", "{a: 'p$$x', b: '$__env{DIR}', c: \"${DIR}\"}", nil)
	if err != nil {
		t.Fatal(err)
	}
	data := p.dataSources["prometheus"].JSONData
	if data["a"] != "p$x" || data["b"] != data["c"] || data["b"] == "" {
		t.Errorf("got %v", data)
	}
}

func TestSettings_ComeFromVariablesAndFiles(t *testing.T) {
	read := func(path string) ([]byte, error) {
		if path != "/secret" {
			return nil, os.ErrNotExist
		}
		return []byte("from a file\n"), nil
	}
	s, err := readSettings([]string{"GF_SECURITY_ADMIN_PASSWORD__FILE=/secret", "GF_AUTH_PROXY_ENABLED=true", "HOME=/"}, read)
	if err != nil || s.text("GF_SECURITY_ADMIN_PASSWORD") != "from a file" || !s.on("GF_AUTH_PROXY_ENABLED") || s.text("GF_SERVER_HTTP_PORT") != "3000" {
		t.Errorf("%v, %v", s, err)
	}
	for _, bad := range [][]string{
		{"GF_AUTH_PROXY_ENABLE=true"},
		{"GF_AUTH_PROXY_ENABLED=yes"},
		{"GF_USERS_AUTO_ASSIGN_ORG_ROLE=viewer"},
		{"GF_SECURITY_SECRET_KEY__FILE=/not/there"},
		{"GF_SECURITY_SECRET_KEY=a", "GF_SECURITY_SECRET_KEY__FILE=/secret"},
	} {
		if _, err := readSettings(bad, read); err == nil || !strings.Contains(err.Error(), strings.Split(bad[0], "=")[0]) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// ask gives the status and the body of one answer of a site with the good provisioning.
func ask(t *testing.T, environ []string, path string, change func(*http.Request)) (int, string) {
	t.Helper()
	s, err := readSettings(environ, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	p, err := provision(t, "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return askOf(t, s, p, path, change)
}

func askOf(t *testing.T, s settings, p provisioned, path string, change func(*http.Request)) (int, string) {
	t.Helper()
	handler, err := newSite(s, p)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = "10.213.3.7:1234"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func as(user string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("X-WEBAUTH-USER", user) }
}

func TestSite_AnswersBelowItsPathOnly(t *testing.T) {
	below := []string{"GF_SERVER_ROOT_URL=https://prefect.corp.net/grafana/", "GF_SERVER_SERVE_FROM_SUB_PATH=true"}
	for path, want := range map[string]int{"/grafana/api/health": 200, "/grafana/metrics": 200, "/api/health": 404, "/grafana/nothing": 404} {
		if got, body := ask(t, below, path, nil); got != want {
			t.Errorf("%s: %d %s, want %d", path, got, body, want)
		}
	}
	if got, _ := ask(t, below[:1], "/api/health", nil); got != 200 {
		t.Errorf("without a path of its own: %d", got)
	}
}

func TestSite_KnowsWhoIsLoggedIn(t *testing.T) {
	proxied := []string{"GF_AUTH_PROXY_ENABLED=true", "GF_AUTH_PROXY_WHITELIST=10.213.3.7, 10.9.0.0/16", "GF_SECURITY_ADMIN_PASSWORD=s3cret"}
	login := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { as("ada")(r); r.SetBasicAuth(user, password) }
	}
	for _, c := range []struct {
		name   string
		env    []string
		change func(*http.Request)
		want   int
		login  string
	}{
		{"nobody", proxied, nil, 401, ""},
		{"the proxy's user", proxied, as("ada"), 200, "ada"},
		{"another peer", proxied, func(r *http.Request) { as("ada")(r); r.RemoteAddr = "10.213.3.8:1" }, 401, ""},
		{"a peer of a network", proxied, func(r *http.Request) { as("ada")(r); r.RemoteAddr = "10.9.3.8:1" }, 200, "ada"},
		{"no proxy", nil, as("ada"), 401, ""},
		{"a login that the proxy hands on", proxied, login("prefect", "x"), 401, ""},
		{"one that is not looked at", append(proxied, "GF_AUTH_BASIC_ENABLED=false"), login("prefect", "x"), 200, "ada"},
		{"the administrator", proxied, login("admin", "s3cret"), 200, "admin"},
		{"everybody", []string{"GF_AUTH_ANONYMOUS_ENABLED=true"}, nil, 200, "anonymous"},
		{"another header", append(proxied, "GF_AUTH_PROXY_HEADER_NAME=X-User"), as("ada"), 401, ""},
	} {
		got, body := ask(t, c.env, "/api/user", c.change)
		var user struct{ Login string }
		if err := json.Unmarshal([]byte(body), &user); err != nil || got != c.want || user.Login != c.login {
			t.Errorf("%s: %d %s (%v), want %d and %q", c.name, got, body, err, c.want, c.login)
		}
	}
}

func TestSite_GivesDashboardsToThoseLoggedIn(t *testing.T) {
	proxied := []string{"GF_AUTH_PROXY_ENABLED=true"}
	for path, want := range map[string]string{"/api/search": `"uid":"overview"`, "/api/dashboards/uid/overview": `"expr":"up"`, "/": "double"} {
		if got, body := ask(t, proxied, path, as("ada")); got != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, got, body)
		}
		if got, body := ask(t, proxied, path, nil); got != 401 {
			t.Errorf("%s without a login: %d %s", path, got, body)
		}
	}
	if got, _ := ask(t, proxied, "/api/dashboards/uid/other", as("ada")); got != 404 {
		t.Errorf("a dashboard that is not there: %d", got)
	}
}

func TestSite_HandsQueriesOnWithoutTheUser(t *testing.T) {
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s", r.URL, r.Header.Get("X-WEBAUTH-USER")+r.Header.Get("Cookie"))
	}))
	defer prometheus.Close()
	p, err := provision(t, "http://prometheus:9090", prometheus.URL+"/base", nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := readSettings([]string{"GF_AUTH_PROXY_ENABLED=true"}, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	ada := func(r *http.Request) { as("ada")(r); r.Header.Set("Cookie", "a=b") }
	if got, body := askOf(t, s, p, "/api/datasources/proxy/uid/prometheus/api/v1/query?query=up", ada); got != 200 || body != "/base/api/v1/query?query=up " {
		t.Errorf("%d %q", got, body)
	}
	if got, _ := askOf(t, s, p, "/api/datasources/proxy/uid/other/api/v1/query", ada); got != 404 {
		t.Errorf("a data source that is not there: %d", got)
	}
	if got, _ := askOf(t, s, p, "/api/datasources/proxy/uid/prometheus/api/v1/query", nil); got != 401 {
		t.Errorf("without a login: %d", got)
	}
}

func TestSite_GuardsItsMetricsIfAsked(t *testing.T) {
	guarded := []string{"GF_METRICS_BASIC_AUTH_USERNAME=p", "GF_METRICS_BASIC_AUTH_PASSWORD=q"}
	if got, _ := ask(t, guarded, "/metrics", nil); got != 401 {
		t.Errorf("without a password: %d", got)
	}
	if got, body := ask(t, guarded, "/metrics", func(r *http.Request) { r.SetBasicAuth("p", "q") }); got != 200 || !strings.Contains(body, "grafana_build_info") {
		t.Errorf("with it: %d %s", got, body)
	}
}
