package components

import (
	"slices"
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/tokens"
)

func monitored(c *config.Config) {
	c.Monitoring.Enabled = true
	c.Monitoring.Receivers = []config.Receiver{
		{Name: "team", Kind: config.Webhook},
		{Name: "mail", Kind: config.Email, To: "team@corp.net", From: "prefect@corp.net", Server: "mail.corp.net:587", User: "prefect"},
	}
	c.Secrets.ReceiverSecrets = map[string]string{"team": "https://hooks.corp.net/generated-for-team", "mail": "generated-for-mail"}
	c.Secrets.WatchdogURL = "https://alive.corp.net/generated-for-watchdog"
}

var watchers = []string{
	"monitoring-prometheus", "monitoring-alertmanager", "monitoring-postgres-exporter", "monitoring-sql-exporter", "monitoring-node-exporter", "monitoring-blackbox-exporter", "monitoring-edge-exporter",
}

func TestMonitoring_ComesToItsEndInAPreviewInWhichEverythingIsUnknown(t *testing.T) {
	r := run(t, monitored, mocks.Preview)
	for _, name := range watchers {
		r.Find(t, tokens.Container, name)
	}
}

func TestMonitoring_IsNotThereWhereSomebodyElseWatches(t *testing.T) {
	r := run(t, func(c *config.Config) { c.Monitoring.Enabled = false })
	for _, args := range r.All("") {
		if strings.HasPrefix(args.Name, "monitoring") || args.Name == tokens.NetworkMon {
			t.Errorf("%s is made", args.Name)
		}
	}
}

// TestMonitoring_TakesLittleMemory holds what issue and docs promise of a small stack.
func TestMonitoring_TakesLittleMemory(t *testing.T) {
	for _, each := range []struct {
		stack  string
		change func(*config.Monitoring)
		most   int
	}{
		{"dev, without dashboards", func(m *config.Monitoring) { m.Grafana.Enabled = false }, 512},
		{"prod", func(m *config.Monitoring) { m.MemoryMiB = 512 }, 1228}, // as Pulumi.prod.yaml says
		{"with logs", func(m *config.Monitoring) { m.Logs.Enabled = true }, 1228},
	} {
		var limits int
		r := run(t, func(c *config.Config) { monitored(c); each.change(&c.Monitoring); limits = c.Monitoring.LimitsMiB() })
		sum := 0
		for _, args := range r.All(tokens.Container) {
			if memory, runs := args.Inputs["memory"]; runs && strings.HasPrefix(args.Name, "monitoring-") && !strings.HasSuffix(args.Name, "-files") && args.Name != "monitoring-grants" {
				sum += int(memory.NumberValue())
			}
		}
		if sum > each.most || sum != limits {
			t.Errorf("%s: limits add up to %d MiB, want %d or less, and the %d that doctor counts", each.stack, sum, each.most, limits)
		}
	}
}

func TestMonitoring_LinksAlertsToThePagesThatAreSaid(t *testing.T) {
	for url, want := range map[string]string{
		"":                               "runbook_url: docs/runbooks/PrefectApiDown.md",
		"https://git.corp.net/runbooks":  "runbook_url: https://git.corp.net/runbooks/PrefectApiDown.md",
		"https://git.corp.net/runbooks/": "runbook_url: https://git.corp.net/runbooks/PrefectApiDown.md",
	} {
		r := run(t, func(c *config.Config) { monitored(c); c.Monitoring.RunbooksURL = url })
		if rules := uploads(t, r, "monitoring-prometheus-files"); !strings.Contains(rules, want) {
			t.Errorf("with %q the rules do not say %q", url, want)
		}
	}
}

func TestMonitoring_ShowsDashboardsUnlessTheyAreTurnedOff(t *testing.T) {
	r := run(t, monitored)
	grafana := r.Find(t, tokens.Container, "monitoring-grafana")
	if got := grafana.Inputs["memory"].NumberValue(); got != 256 {
		t.Errorf("its limit is %v MiB", got)
	}
	for _, network := range grafana.Inputs["networksAdvanced"].ArrayValue() {
		if name := network.ObjectValue()["name"].StringValue(); !strings.HasSuffix(name, "-mon") {
			t.Errorf("it is on %s too, and whoever is there can name himself", name)
		}
	}
	without := run(t, func(c *config.Config) { monitored(c); c.Monitoring.Grafana.Enabled = false })
	for _, args := range without.All("") {
		if strings.Contains(args.Name, "grafana") {
			t.Errorf("%s is made", args.Name)
		}
		if conf, has := args.Inputs["nginxConf"]; has && strings.Contains(conf.StringValue(), "location ~ ^/grafana/") {
			t.Error("the edge leads to it")
		}
	}
}

func TestMonitoring_CollectsLogsWhereThatIsAskedFor(t *testing.T) {
	r := run(t, func(c *config.Config) { monitored(c); c.Monitoring.Logs.Enabled = true }, mocks.Preview)
	r.Find(t, tokens.Container, "monitoring-loki")
	for _, args := range r.All(tokens.Container) {
		driver, address := args.Inputs["logDriver"].StringValue(), args.Inputs["logOpts"].ObjectValue()["syslog-address"]
		stays := args.Name == "monitoring-loki" || args.Name == "monitoring-log-collector" || strings.HasSuffix(args.Name, "-files") || strings.HasSuffix(args.Name, "-open") // the last two never start
		if stays != (driver == "local") || driver == "syslog" && address.StringValue() != "udp://10.213.5.254:5514" {
			t.Errorf("the log of %s goes to %s %v", args.Name, driver, address)
		}
	}
	collector := r.Find(t, tokens.Container, "monitoring-log-collector").Inputs["networksAdvanced"].ArrayValue()
	if len(collector) != 2 || collector[1].ObjectValue()["ipv4Address"].StringValue() != "10.213.5.254" {
		t.Errorf("the collector is at %v", collector)
	}
	for name, options := range map[string]int{"mon": 1, "logs": 0} { // the engine has an address on that of logs only
		if network := r.Find(t, tokens.Network, name).Inputs; !network["internal"].BoolValue() || len(network["options"].ObjectValue()) != options {
			t.Errorf("the network %s is %v", name, network)
		}
	}
	for _, each := range []struct{ holder, text string }{
		{"monitoring-grafana-files", "http://loki:3100"}, {"monitoring-prometheus-files", "job_name: log-collector"}, {"monitoring-prometheus-files", "LogsLost"}, {"monitoring-loki-files", "retention_period: 360h"},
	} {
		if !strings.Contains(uploads(t, r, each.holder), each.text) {
			t.Errorf("%s lacks %s", each.holder, each.text)
		}
	}
}

func TestMonitoring_CollectsNoLogsByItself(t *testing.T) {
	r := run(t, monitored)
	for _, args := range r.All("") {
		if strings.Contains(args.Name, "loki") || strings.Contains(args.Name, "log-collector") || args.TypeToken == tokens.Container && args.Inputs["logDriver"].StringValue() != "local" {
			t.Errorf("%s is made, with %v", args.Name, args.Inputs["logDriver"])
		}
	}
	for holder, text := range map[string]string{"monitoring-grafana-files": "loki", "monitoring-prometheus-files": "log_collector"} {
		if strings.Contains(uploads(t, r, holder), text) {
			t.Errorf("%s speaks of %s", holder, text)
		}
	}
}

func TestMonitoring_HearsOfTheCanaryThatRuns(t *testing.T) {
	for name, c := range map[string]struct {
		change       func(*config.Config)
		bootstrap    string
		hears, quiet string
	}{
		"no monitoring": {func(c *config.Config) { c.Monitoring.Enabled, c.Monitoring.Canary = false, true }, `"canary":null`, "", ""},
		"no canary":     {monitored, `"canary":null`, "", "CanaryMissing"},
		"a canary":      {func(c *config.Config) { monitored(c); c.Monitoring.Canary = true }, `"interval":300}`, "timestamp_seconds > 1200", ""},
		"a hurried one": {func(c *config.Config) { monitored(c); c.Monitoring.Canary, c.Monitoring.Speed = true, 60 }, `"interval":30}`, "timestamp_seconds > 120\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, c.change)
			if files := uploads(t, r, "prefect-bootstrap-files"); !strings.Contains(files, c.bootstrap) {
				t.Errorf("%s is not in %s", c.bootstrap, files)
			}
			if c.hears+c.quiet == "" {
				return
			}
			rules := uploads(t, r, "monitoring-prometheus-files")
			if !strings.Contains(rules, c.hears) || c.quiet != "" && strings.Contains(rules, c.quiet) {
				t.Errorf("wanted %q and not %q in %s", c.hears, c.quiet, rules)
			}
		})
	}
}

// uploads are all texts that a holder carries and that are no secret.
func uploads(t *testing.T, r *mocks.Recorder, holder string) string {
	t.Helper()
	var all strings.Builder
	for _, upload := range r.Find(t, tokens.Container, holder).Inputs["uploads"].ArrayValue() {
		if content := upload.ObjectValue()["content"]; content.IsString() {
			all.WriteString(content.StringValue())
		}
	}
	return all.String()
}

func TestMonitoring_PublishesNoPort(t *testing.T) {
	r := run(t, monitored)
	for _, args := range r.All(tokens.Container) {
		if ports, named := args.Inputs["ports"]; named && len(ports.ArrayValue()) > 0 && args.Name != "proxy-nginx" {
			t.Errorf("%s publishes %v", args.Name, ports)
		}
	}
}

func TestMonitoring_HoldsSecretsInSecretFilesOnly(t *testing.T) {
	r := run(t, monitored)
	found := 0
	for _, args := range r.All("") {
		for key, value := range args.Inputs {
			switch text := value.String(); {
			case !strings.Contains(text, "generated-for-"):
			case args.TypeToken == tokens.Container && key == "uploads" && value.ContainsSecrets():
				found++
			default:
				t.Errorf("%s of %s holds a secret", key, args.Name)
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d containers have secrets: this test shows nothing", found)
	}
}

// TestMonitoring_IsWhereItMustBeAndNowhereElse lists who can reach whom.
func TestMonitoring_IsWhereItMustBeAndNowhereElse(t *testing.T) {
	r := run(t, monitored)
	want := map[string][]string{
		"monitoring-prometheus":        {"mon"},
		"monitoring-alertmanager":      {"egress", "mon"},
		"monitoring-postgres-exporter": {"db", "mon"},
		"monitoring-sql-exporter":      {"db", "mon"},
		"monitoring-node-exporter":     {"mon"},
		"monitoring-blackbox-exporter": {"mon"},
		"monitoring-edge-exporter":     {"mon"},
		"prefect-api-0":                {"app", "db", "mon"},
		"proxy-nginx":                  {"app", "edge", "mon"},
		"prefect-services-0":           {"app", "db", "egress"},
		"database-server":              {"db"},
	}
	for name, networks := range want {
		var joined []string
		for _, each := range r.Find(t, tokens.Container, name).Inputs["networksAdvanced"].ArrayValue() {
			_, last, _ := strings.Cut(strings.TrimPrefix(each.ObjectValue()["name"].StringValue(), "prefect-"), "-")
			joined = append(joined, last)
		}
		slices.Sort(joined)
		if !slices.Equal(joined, networks) {
			t.Errorf("%s is on %v, want %v", name, joined, networks)
		}
	}
}

func TestMonitoring_HidesTheSecretPartOfItsWatchdog(t *testing.T) {
	r := run(t, monitored)
	if got := r.Find(t, tokens.Monitoring, "monitoring").Inputs[tokens.InputWatchdog].StringValue(); got != "https://alive.corp.net" {
		t.Errorf("records %q", got)
	}
}
