//go:build lab

package images

import (
	"slices"
	"strings"
	"testing"
)

// get asks a server inside.
func (c container) get(url string, args ...string) (string, error) {
	return c.exec(append(append([]string{"wget", "-q", "-O", "-"}, args...), "http://127.0.0.1:"+url)...)
}

// awaitIn repeats a request until the answer has a text in it.
func (c container) awaitIn(url, want string) {
	c.t.Helper()
	c.await("sh", "-c", `wget -q -O - "http://127.0.0.1:$1" | grep -qF -- "$2"`, "sh", url, want)
}

// write replaces a file inside at once, as a reader of it must be able to rely on.
func (c container) write(path, content string) {
	c.t.Helper()
	c.mustExec("sh", "-c", `printf %s "$2" > "$1.new" && mv "$1.new" "$1"`, "sh", path, content)
}

func TestMonitoring_HasThePinnedVersions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ image, program, want string }{
		{prometheusImage, "prometheus", "prometheus, version 3.13.5 "},
		{prometheusImage, "promtool", "promtool, version 3.13.5 "},
		{alertmanagerImage, "alertmanager", "alertmanager, version 0.33.1"},
		{alertmanagerImage, "amtool", "amtool, version 0.33.1"},
		{postgresExporterImage, "postgres_exporter", "postgres_exporter, version 0.19.1 "},
		{nodeExporterImage, "node_exporter", "node_exporter, version 1.12.1 "},
		{blackboxExporterImage, "blackbox_exporter", "blackbox_exporter, version 0.28.0 "},
	} {
		if got := oneShot(t, "--entrypoint", c.program, c.image, "--version"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s is %.60q, want %s", c.program, got, c.want)
		}
	}
}

func TestMonitoring_HasNeitherBashNorPackages(t *testing.T) {
	t.Parallel()
	for _, image := range []string{prometheusImage, alertmanagerImage, postgresExporterImage, nodeExporterImage, blackboxExporterImage} {
		if got, err := tryDocker("run", "--rm", "--entrypoint", "sh", image, "-c", "command -v bash || command -v curl || command -v apt-get || command -v python3"); err == nil {
			t.Errorf("%s has %s: a health check must not come to rely on it", image, got)
		}
	}
}

const selfScrape = "scrape_configs: [{job_name: itself, scrape_interval: 1s, static_configs: [{targets: ['localhost:9090']}]}]\n"

func TestPrometheus_ScrapesAndAnswers(t *testing.T) {
	t.Parallel()
	c := start(t, map[string]file{"/etc/prometheus/prometheus.yml": {selfScrape, 0o644}}, prometheusImage)
	c.awaitIn("9090/api/v1/query?query=up", `"job":"itself"},"value":[`)
	c.awaitIn("9090/api/v1/query?query=up", `,"1"]`)
}

func TestPrometheus_ReloadsOnSIGHUPAndKeepsTheOldWhenTheNewIsWrong(t *testing.T) {
	t.Parallel()
	c := start(t, map[string]file{"/etc/prometheus/prometheus.yml": {selfScrape, 0o666}}, "--user", "0", prometheusImage)
	c.awaitIn("9090/api/v1/status/config", "job_name: itself")
	c.write("/etc/prometheus/prometheus.yml", strings.Replace(selfScrape, "itself", "renamed", 1))
	docker(t, "kill", "--signal", "HUP", c.id)
	c.awaitIn("9090/api/v1/status/config", "job_name: renamed")
	c.write("/etc/prometheus/prometheus.yml", "scrape_configs: [{job: wrong}]\n")
	docker(t, "kill", "--signal", "HUP", c.id)
	c.awaitIn("9090/metrics", "prometheus_config_last_reload_successful 0")
	if got, err := c.get("9090/api/v1/status/config"); err != nil || !strings.Contains(got, "job_name: renamed") {
		t.Errorf("the configuration is %q (%v)", got, err)
	}
}

func TestPrometheus_ReloadsByItselfIfAsked(t *testing.T) {
	t.Parallel()
	c := start(t, map[string]file{"/etc/prometheus/prometheus.yml": {selfScrape, 0o666}}, "--user", "0", prometheusImage,
		"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus", "--config.auto-reload", "--config.auto-reload-interval=1s")
	c.awaitIn("9090/api/v1/status/config", "job_name: itself")
	c.write("/etc/prometheus/prometheus.yml", strings.Replace(selfScrape, "itself", "renamed", 1))
	c.awaitIn("9090/api/v1/status/config", "job_name: renamed")
}

func TestPrometheus_TakesItsRetentionFromTheFile(t *testing.T) {
	t.Parallel()
	config := selfScrape + "storage: {tsdb: {retention: {time: 7d, size: 2GB}}}\n"
	c := start(t, map[string]file{"/etc/prometheus/prometheus.yml": {config, 0o644}}, prometheusImage)
	c.awaitIn("9090/api/v1/status/runtimeinfo", `"storageRetention":"1w or 2GiB"`)
}

func TestPrometheus_EndsOnAWrongConfiguration(t *testing.T) {
	t.Parallel()
	c := start(t, map[string]file{"/etc/prometheus/prometheus.yml": {"scrape_configs: [{job: wrong}]\n", 0o644}}, prometheusImage)
	if exit := c.exitCode(); exit != 2 {
		t.Errorf("exit code %d, want 2", exit)
	}
}

func TestPromtool_TestsRules(t *testing.T) {
	t.Parallel()
	files := map[string]file{
		"/tmp/rules.yml": {"groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 2m}]}]\n", 0o444},
		"/tmp/test.yml": {`rule_files: [rules.yml]
tests:
  - input_series: [{series: 'up{job="a"}', values: '0x10'}]
    alert_rule_test: [{eval_time: 2m, alertname: Down, exp_alerts: [{exp_labels: {job: a}}]}]
`, 0o444},
		"/tmp/early.yml": {`rule_files: [rules.yml]
tests:
  - input_series: [{series: 'up{job="a"}', values: '0x10'}]
    alert_rule_test: [{eval_time: 1m, alertname: Down, exp_alerts: [{exp_labels: {job: a}}]}]
`, 0o444},
	}
	for test, want := range map[string]int{"check rules /tmp/rules.yml": 0, "test rules /tmp/test.yml": 0, "test rules /tmp/early.yml": 1} {
		args := append([]string{"--network", "none", "--entrypoint", "promtool", prometheusImage}, strings.Fields(test)...)
		if exit := start(t, files, args...).exitCode(); exit != want {
			t.Errorf("promtool %s ends with %d, want %d", test, exit, want)
		}
	}
}

const oneReceiver = "route: {receiver: first, routes: [{receiver: second, matchers: ['severity=critical']}]}\nreceivers: [{name: first}, {name: second}]\n"

func TestAlertmanager_ReloadsOnSIGHUP(t *testing.T) {
	t.Parallel()
	c := start(t, map[string]file{"/etc/alertmanager/alertmanager.yml": {oneReceiver, 0o666}}, "--user", "0", alertmanagerImage,
		"--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager", "--cluster.listen-address=")
	c.awaitIn("9093/api/v2/receivers", `"second"`)
	c.write("/etc/alertmanager/alertmanager.yml", strings.ReplaceAll(oneReceiver, "second", "third"))
	docker(t, "kill", "--signal", "HUP", c.id)
	c.awaitIn("9093/api/v2/receivers", `"third"`)
}

func TestAmtool_FindsTheRoute(t *testing.T) {
	t.Parallel()
	files := map[string]file{"/tmp/a.yml": {oneReceiver, 0o444}}
	c := start(t, files, "--network", "none", "--entrypoint", "amtool", alertmanagerImage, "config", "routes", "test", "--config.file=/tmp/a.yml", "severity=critical")
	if exit := c.exitCode(); exit != 0 || !slices.Contains(strings.Split(c.logs(), "\n"), "second") { // beside a warning
		t.Errorf("exit code %d, %q", exit, c.logs())
	}
}

// The queries of the platform itself go through the same image, with a role and a file of their own.
func TestPostgresExporter_AsksAsAnyRoleWithAPasswordFromAFile(t *testing.T) {
	t.Parallel()
	server := start(t, nil, "--env", "POSTGRES_PASSWORD=p@ss,w/o#r?d%", postgresImage)
	server.await("pg_isready", "-q", "-h", "127.0.0.1")
	files := map[string]file{
		"/tmp/password": {"p@ss,w/o#r?d%\n", 0o444},
		"/tmp/queries.yml": {`lab_answer:
  query: "SELECT 'x' AS name, 42 AS value"
  metrics: [{name: {usage: LABEL, description: x}}, {value: {usage: GAUGE, description: x}}]
`, 0o444},
	}
	c := start(t, files, "--network", "container:"+server.id, "--env", "DATA_SOURCE_URI=127.0.0.1:5432/postgres?sslmode=disable", "--env", "DATA_SOURCE_USER=postgres",
		"--env", "DATA_SOURCE_PASS_FILE=/tmp/password", "--env", "PG_EXPORTER_EXTEND_QUERY_PATH=/tmp/queries.yml", postgresExporterImage, "--collector.stat_checkpointer")
	c.awaitIn("9187/metrics", "pg_up 1")
	for _, want := range []string{`lab_answer_value{`, "pg_stat_checkpointer_num_requested_total", `pg_database_size_bytes{datname="postgres"}`, "pg_settings_max_connections"} {
		c.awaitIn("9187/metrics", want)
	}
}

func TestNodeExporter_ReadsTextFiles(t *testing.T) {
	t.Parallel()
	files := map[string]file{"/tmp/backup.prom": {"lab_backup_age_seconds 7\n", 0o444}}
	c := start(t, files, nodeExporterImage, "--collector.textfile.directory=/tmp")
	for _, want := range []string{"lab_backup_age_seconds 7", "node_cpu_seconds_total{", "node_memory_MemAvailable_bytes", "node_filesystem_avail_bytes"} {
		c.awaitIn("9100/metrics", want)
	}
}

func TestBlackboxExporter_ProbesAndReloadsOnSIGHUP(t *testing.T) {
	t.Parallel()
	c := start(t, map[string]file{"/etc/blackbox_exporter/config.yml": {"modules: {first: {prober: http}}\n", 0o666}}, blackboxExporterImage)
	c.awaitIn("9115/probe?module=first&target=127.0.0.1:9115", "probe_success 1")
	c.awaitIn("9115/probe?module=first&target=127.0.0.1:1", "probe_success 0")
	c.write("/etc/blackbox_exporter/config.yml", "modules: {second: {prober: http, http: {valid_status_codes: [401]}}}\n")
	docker(t, "kill", "--signal", "HUP", c.id)
	c.awaitIn("9115/probe?module=second&target=127.0.0.1:9115", "probe_success 0")
}
