//go:build lab

package images

import (
	"strings"
	"testing"
)

// What is asked here, Grafana answers as the double does. How strict the double is beyond that, its own tests show.
var grafanaFiles = map[string]file{
	"/etc/grafana/provisioning/datasources/sources.yaml": {`apiVersion: 1
datasources:
  - {name: Prometheus, type: prometheus, uid: prometheus, access: proxy, url: "http://prometheus:9090", isDefault: true, editable: false}
`, 0o444},
	"/etc/grafana/provisioning/dashboards/platform.yaml": {`apiVersion: 1
providers:
  - {name: platform, type: file, folder: Platform, disableDeletion: true, allowUiUpdates: false, options: {path: /etc/grafana/provisioning/dashboards}}
`, 0o444},
	"/etc/grafana/provisioning/dashboards/overview.json": {`{"uid": "overview", "title": "Overview", "schemaVersion": 41, "editable": false, "panels": [
	{"id": 1, "type": "stat", "title": "Up", "gridPos": {"h": 4, "w": 24, "x": 0, "y": 0},
	"datasource": {"type": "prometheus", "uid": "prometheus"}, "targets": [{"refId": "A", "expr": "up"}]}]}`, 0o444},
}

func startGrafana(t *testing.T, files map[string]file, env ...string) container {
	t.Helper()
	env = append(env, "GF_PLUGINS_PREINSTALL_DISABLED=true", "GF_SECURITY_ADMIN_PASSWORD=s3cret", "GF_SERVER_ROOT_URL=https://prefect.corp.net/grafana/", "GF_SERVER_SERVE_FROM_SUB_PATH=true")
	var args []string
	for _, entry := range env {
		args = append(args, "--env", entry)
	}
	return start(t, files, append(args, grafanaImage)...)
}

func TestGrafana_ServesWhatIsProvisionedBelowItsPathToWhomTheProxyNames(t *testing.T) {
	t.Parallel()
	c := startGrafana(t, grafanaFiles, "GF_AUTH_PROXY_ENABLED=true", "GF_AUTH_PROXY_WHITELIST=127.0.0.1")
	c.awaitIn("3000/grafana/api/health", `"ok"`)
	for path, want := range map[string]string{
		"user": `"login":"ada"`, "search": `"uid":"overview"`, "dashboards/uid/overview": `"expr":"up"`,
	} {
		got, err := c.get("3000/grafana/api/"+path, "--header", "X-WEBAUTH-USER: ada")
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%s answers %.300q (%v), want %s in it", path, got, err, want)
		}
		if got, err := c.get("3000/grafana/api/" + path); err == nil || !strings.Contains(got, "401") {
			t.Errorf("%s answers somebody who is not logged in: %.300q", path, got)
		}
	}
}

func TestGrafana_TrustsNobodyButTheProxy(t *testing.T) {
	t.Parallel()
	c := startGrafana(t, grafanaFiles, "GF_AUTH_PROXY_ENABLED=true", "GF_AUTH_PROXY_WHITELIST=10.213.3.7")
	c.awaitIn("3000/grafana/api/health", `"ok"`)
	if got, err := c.get("3000/grafana/api/user", "--header", "X-WEBAUTH-USER: ada"); err == nil {
		t.Errorf("answers %q", got)
	}
}

func TestGrafana_DoesNotStartWithWrongProvisioning(t *testing.T) {
	t.Parallel()
	const sources = "/etc/grafana/provisioning/datasources/sources.yaml"
	second := grafanaFiles[sources].content + `  - {name: Other, type: prometheus, uid: other, access: proxy, url: "http://other:9090", isDefault: true}` + "\n"
	if exit := startGrafana(t, map[string]file{sources: {second, 0o444}}).exitCode(); exit == 0 {
		t.Error("exit code 0 with two default data sources")
	}
}

func TestGrafana_TakesSettingsFromFilesButNotTwice(t *testing.T) {
	t.Parallel()
	files := map[string]file{"/tmp/key": {"k", 0o444}}
	if exit := startGrafana(t, files, "GF_SECURITY_SECRET_KEY=k", "GF_SECURITY_SECRET_KEY__FILE=/tmp/key").exitCode(); exit != 1 {
		t.Errorf("exit code %d, want 1", exit)
	}
	c := startGrafana(t, files, "GF_SECURITY_SECRET_KEY__FILE=/tmp/key")
	c.awaitIn("3000/grafana/api/health", `"ok"`)
}
