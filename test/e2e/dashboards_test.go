//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// grafana asks for a path below /grafana/ with what change makes of the request.
func grafana(t *testing.T, path string, change func(*http.Request)) (status int, body string) {
	t.Helper()
	return answerOf(t, "/grafana/"+path, change)
}

// answerOf asks for a path as somebody who has logged in, with what change makes of the request.
func answerOf(t *testing.T, path string, change func(*http.Request)) (status int, body string) {
	t.Helper()
	request := stack.Request(t, http.MethodGet, path, nil)
	change(request)
	answer, err := stack.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func asLoggedIn(*http.Request) {}

// testDashboards asks what stands for Grafana, which obeys the same settings and files.
func testDashboards(t *testing.T) {
	for name, each := range map[string]struct {
		change func(*http.Request)
		status int
		login  string
	}{
		"logged in":               {asLoggedIn, http.StatusOK, stack.User},
		"without a credential":    {func(r *http.Request) { r.Header.Del("Authorization") }, http.StatusUnauthorized, ""},
		"with a name of his own":  {func(r *http.Request) { r.Header.Set("X-Webauth-User", "admin") }, http.StatusOK, stack.User},
		"with nothing but a name": {func(r *http.Request) { r.Header.Del("Authorization"); r.Header.Set("X-Webauth-User", "admin") }, http.StatusUnauthorized, ""},
	} {
		status, body := grafana(t, "api/user", each.change)
		var user struct {
			Login string `json:"login"`
		}
		if status == http.StatusOK {
			if err := json.Unmarshal([]byte(body), &user); err != nil {
				t.Fatal(err)
			}
		}
		if status != each.status || user.Login != each.login {
			t.Errorf("%s: answered with %d and the login %q, want %d and %q", name, status, user.Login, each.status, each.login)
		}
	}
	for _, d := range watched().Dashboards {
		if status, body := grafana(t, "api/dashboards/uid/"+d.Name, asLoggedIn); status != http.StatusOK || !strings.Contains(body, d.Title) {
			t.Errorf("dashboard %s: %d %s", d.Name, status, body)
		}
	}
	// Nothing else of monitoring is to be had from outside, whatever it is called: at most the page of Prefect's interface, which answers any path.
	_, page := answerOf(t, "/", asLoggedIn)
	for _, path := range []string{"/prometheus/", "/alertmanager/", "/api/v1/query?query=up", "/-/reload", "/metrics", "/stub_status", "/api/metrics"} {
		if status, text := answerOf(t, path, asLoggedIn); status == http.StatusOK && text != page {
			t.Errorf("%s is answered: %.200s", path, text)
		}
		if status, _ := answerOf(t, path, func(r *http.Request) { r.Header.Del("Authorization") }); status != http.StatusUnauthorized {
			t.Errorf("%s answers %d without a credential, want 401", path, status)
		}
	}
	for _, address := range hostAddresses(t) {
		for _, port := range []int{3000, 3100, 9090, 9093, 9100, 9113, 9115, 9187, 9399} {
			expectClosed(t, address, port)
		}
	}
}

// testQueries sends each query the way a panel does: through Grafana, to the real Prometheus.
func testQueries(t *testing.T) {
	c := watched()
	type panelQuery struct{ panel, expr, waits string }
	var open []panelQuery
	for _, d := range c.Dashboards {
		for _, row := range d.Rows {
			for _, p := range row.Panels {
				for _, q := range p.Queries {
					open = append(open, panelQuery{d.Name + ": " + p.Title, c.Settings.Sampled(q.Expr), p.Waits})
				}
			}
		}
	}
	t.Logf("%d queries", len(open))
	Await(t, 90*time.Second, "every query to have an answer", func() error {
		var empty []error
		open = slices.DeleteFunc(open, func(q panelQuery) bool {
			n, err := samples(t, q.expr)
			if err == nil && n == 0 && q.waits == "" {
				err = fmt.Errorf("%s: nothing for %s", q.panel, q.expr)
			}
			if err == nil && n == 0 {
				t.Logf("%s: nothing to see, it waits for %s", q.panel, q.waits)
			}
			empty = append(empty, err)
			return err == nil
		})
		return errors.Join(empty...)
	})
}

// samples is how many an expression has now.
func samples(t *testing.T, expr string) (int, error) {
	t.Helper()
	status, body := grafana(t, "api/datasources/proxy/uid/prometheus/api/v1/query?"+url.Values{"query": {expr}}.Encode(), asLoggedIn)
	var answer struct {
		Data struct {
			Result []any `json:"result"`
		} `json:"data"`
	}
	if status != http.StatusOK {
		return 0, fmt.Errorf("%d %s", status, body)
	}
	err := json.Unmarshal([]byte(body), &answer)
	return len(answer.Data.Result), err
}

// later are metrics that something must happen for first, which no idle stack of this kind has.
var later = map[string]string{
	"prefect_backup_last_success_timestamp_seconds":              "a backup",
	"prefect_backup_received_timestamp_seconds":                  "a backup",
	"prefect_backup_size_bytes":                                  "a backup",
	"prefect_backup_dump_size_bytes":                             "a backup",
	"prefect_backup_refused_bytes":                               "a backup",
	"prefect_backup_restore_test_last_success_timestamp_seconds": "a restored backup",
	"prefect_backup_restore_test_failed":                         "the same",
	"prefect_certificate_failures":                               "a certificate of an authority, which TestACME_… asks for",
	"prefect_certificate_looked_seconds":                         "the same",
	"prefect_flow_run_oldest_running_seconds":                    "a flow run that runs",
	"prefect_flow_runs_ended_recently":                           "a flow run that has ended",
	"prefect_flow_runs_due_recently":                             "a flow run that a schedule planned",
	"prefect_scheduler_horizon_seconds":                          "a deployment with a schedule",
	"prefect_work_queue_poll_age_seconds":                        "a worker that polled",
	"alertmanager_notifications_failed_total":                    "",
}

// testMetrics compares what the catalogue promises of each source with what the running sources say.
func testMetrics(t *testing.T) {
	c := watched()
	missing := func() (all []string) {
		for _, job := range c.Jobs {
			for metric, labels := range job.Provides {
				var series []map[string]string
				if err := prometheus(t, "series", url.Values{"match[]": {fmt.Sprintf("%s{job=%q}", metric, job.Name)}}, &series); err != nil {
					t.Fatal(err)
				}
				if len(series) == 0 && later[metric] == "" {
					all = append(all, job.Name+" has no "+metric)
				}
				for _, label := range labels {
					if len(series) > 0 && !slices.ContainsFunc(series, func(s map[string]string) bool { _, has := s[label]; return has }) {
						all = append(all, metric+" has no label "+label)
					}
				}
			}
		}
		return all
	}
	Await(t, time.Minute, "all metrics to exist", func() error {
		if all := missing(); len(all) > 0 {
			return errors.New(strings.Join(all, "\n"))
		}
		return nil
	})
}

// testConfiguration looks for secrets where anybody on the monitoring network or with the right to read logs sees them.
func testConfiguration(t *testing.T) {
	secrets := []string{stack.Password, "receiver:8000"}
	var shown struct {
		YAML string `json:"yaml"`
	}
	if err := prometheus(t, "status/config", nil, &shown); err != nil {
		t.Fatal(err)
	}
	alerts := stack.Exec(t, stack.Container(t, "alertmanager").ID, "wget", "-q", "-O", "-", "http://127.0.0.1:9093/api/v2/status")
	if !strings.Contains(shown.YAML, "password_file") || !strings.Contains(alerts.Stdout, "url_file") {
		t.Fatal("the configurations are not what they should be: this test shows nothing")
	}
	texts := map[string]string{"Prometheus' configuration": shown.YAML, "Alertmanager's configuration": alerts.Stdout}
	for _, c := range stack.Containers(t, labelRole+"=service") {
		stdout, stderr := stack.Logs(t, c.ID)
		texts["the log of "+c.Name] = stdout + stderr
		described, err := json.Marshal(c.Config)
		if err != nil {
			t.Fatal(err)
		}
		texts["what Docker tells of "+c.Name] = string(described)
	}
	for place, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a secret (%.12s...)", place, secret)
			}
		}
	}
}
