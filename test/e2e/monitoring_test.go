//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"prefect-platform/internal/catalogue"
)

// hurry divides every interval, window and waiting time of monitoring, so that minutes are seconds.
const hurry = 60

// watched is the catalogue of the monitored stack.
func watched() *catalogue.Catalogue {
	s := catalogue.Defaults()
	s.Speed, s.PrivateCA, s.Grafana, s.Canary = hurry, true, true, true
	return catalogue.New(s)
}

// watch puts monitoring up, with receivers that note what they are told, and with a certificate that ends soon. Afterwards the stack is as it was.
func watch(t *testing.T) (receiver *Process, began time.Time) {
	t.Helper()
	receiver = stack.StartHelper(t, Helper{
		Image: stack.Container(t, "api").Config.Image, Command: []string{"python", "/e2e/script.py"}, Files: withScript(nil, double),
		Network: "prefect-" + stack.Name + "-egress", Alias: "receiver",
	})
	t.Cleanup(func() {
		if out, err := stack.upWith(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		removeCollected(t)
	})
	began = time.Now()
	stack.Up(t, append(watching(), Set("tls.validityDays", 2), Set("tls.renewalDays", 1))...)
	t.Logf("up with monitoring took %s", time.Since(began).Round(100*time.Millisecond))
	return receiver, began
}

// removeCollected removes what monitoring has collected, which outlives it.
func removeCollected(t *testing.T) {
	t.Helper()
	removeVolume(t, "prometheus-3")
	removeVolume(t, "alertmanager")
}

// watching is the configuration of the monitored stack.
func watching() []Edit {
	mail := map[string]any{"name": "mail", "kind": "email", "to": "team@corp.net", "from": "prefect@corp.net", "server": "receiver:2525", "plain": true}
	return []Edit{
		Set("monitoring.enabled", true), Set("monitoring.speed", hurry), Set("monitoring.canary", true),
		Set("monitoring.receivers", []any{
			map[string]any{"name": "team", "kind": "webhook"}, map[string]any{"name": "spare", "kind": "webhook"}, map[string]any{"name": "chat", "kind": "slack"}, mail,
		}),
		SetSecret("receiverSecrets", `{"team": "http://receiver:8000/alerts", "spare": "http://receiver:8000/spare", "chat": "http://receiver:8000/chat"}`),
		SetSecret("watchdogUrl", "http://receiver:8000/alive"),
	}
}

// prometheus asks Prometheus in its own container, because nobody outside can.
func prometheus(t *testing.T, path string, query url.Values, into any) error {
	t.Helper()
	result := stack.Exec(t, stack.Container(t, "prometheus").ID, "wget", "-q", "-O", "-", "http://127.0.0.1:9090/api/v1/"+path+"?"+query.Encode())
	if result.Code != 0 {
		return errors.New(result.Stderr)
	}
	answer := struct {
		Data any `json:"data"`
	}{into}
	return json.Unmarshal([]byte(result.Stdout), &answer)
}

// targetsUp says which targets do not answer.
func targetsUp(t *testing.T) error {
	t.Helper()
	var targets struct {
		Active []struct {
			Health    string            `json:"health"`
			LastError string            `json:"lastError"`
			Labels    map[string]string `json:"labels"`
		} `json:"activeTargets"`
	}
	if err := prometheus(t, "targets", nil, &targets); err != nil {
		return err
	}
	var down []string
	for _, target := range targets.Active {
		if target.Health != "up" {
			down = append(down, fmt.Sprintf("%s is %s: %s", target.Labels["job"], target.Health, target.LastError))
		}
	}
	if len(targets.Active) < 10 {
		down = append(down, fmt.Sprintf("only %d targets", len(targets.Active)))
	}
	if len(down) > 0 {
		return errors.New(strings.Join(down, "; "))
	}
	return nil
}

func TestMonitoring_TellsSomebodyOfRealFaultsAndShowsWhatIsPromised(t *testing.T) {
	t.Run("while it is there", testMonitoring)
	t.Run("when it has gone", testNoCanary)
}

func testMonitoring(t *testing.T) {
	receiver, began := watch(t)
	if running := expectHardened(t); len(running) <= len(services) {
		t.Errorf("running are %v", running)
	}
	Await(t, time.Minute, "all targets to answer", func() error { return targetsUp(t) })
	for _, workload := range []string{"prometheus", "alertmanager", "blackbox-exporter", "node-exporter", "postgres-exporter"} {
		written := lines(t, "logs", workload, "--raw")
		if len(written) == 0 {
			t.Errorf("%s has written nothing", workload)
		}
		for _, line := range written {
			readLogged(t, line)
		}
	}
	Await(t, time.Minute, "a sign of life", func() error {
		if stdout, _ := receiver.Output(t); !strings.Contains(stdout, `"/alive"`) {
			return errors.New(stdout)
		}
		return nil
	})
	t.Run("Dashboards_AreShownToWhoHasLoggedInAtTheEdge", testDashboards)
	t.Run("Canary_RunsAndIsHeardOf", func(t *testing.T) { testCanary(t, receiver) })
	t.Run("Metrics_ThatRulesMayUseExist", testMetrics)
	t.Run("Configuration_HoldsNoSecret", testConfiguration)
	t.Run("Secrets_AreNowhereInTheClear", func(t *testing.T) { expectNoLeaks(t) })
	t.Run("Faults_ReachSomebodyAndEnd", func(t *testing.T) { testFaults(t, receiver, began) })
	t.Run("Queries_OfAllDashboardsHaveAnAnswer", testQueries)
	if full {
		t.Run("Rules_AreFineToAnotherLinter", testPint)
	}
	t.Run("Runbooks_HaveCommandsThatWork", testRunbooks)
	if full {
		t.Run("Logs_OfAllContainersAreInLoki", testCollected)
	}
}
