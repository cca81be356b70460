package monitoring

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/common/model"

	"prefect-platform/internal/alertconf"
	"prefect-platform/internal/catalogue"
)

// people are told in each way that there is.
func people() alertconf.Options {
	return alertconf.Options{
		Settings: settings(),
		Receivers: []alertconf.Receiver{
			{Name: "mail", Email: &alertconf.Email{To: "data@example.com", From: "prefect@example.com", Server: "127.0.0.1:25", Plain: true}},
			{Name: "chat", Slack: &alertconf.Slack{URLFile: "/run/chat"}},
			{Name: "on call", CriticalOnly: true, PagerDuty: &alertconf.PagerDuty{KeyFile: "/run/key"}},
			{Name: "tickets", Webhook: &alertconf.Webhook{URLFile: "/run/tickets"}},
		},
		WatchdogFile: "/run/watchdog",
	}
}

func load(t *testing.T, options alertconf.Options) *config.Config {
	t.Helper()
	text, err := alertconf.Render(options)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(text)
	if err != nil {
		t.Fatalf("Alertmanager refuses it: %s\n%s", err, text)
	}
	return c
}

func labelsOf(c *catalogue.Catalogue, name string) model.LabelSet {
	for _, alert := range c.Alerts() {
		if alert.Name == name {
			return model.LabelSet{"alertname": model.LabelValue(name), "severity": model.LabelValue(alert.Severity), "service": model.LabelValue(alert.Service)}
		}
	}
	return nil
}

func TestRoutes_TellTheRightPeopleInTime(t *testing.T) {
	root := dispatch.NewRoute(load(t, people()).Route, nil)
	for _, each := range []struct {
		labels       model.LabelSet
		receiver     string
		wait, repeat time.Duration
	}{
		{labelsOf(catalogue.New(settings()), "PrefectApiDown"), "critical", 10 * time.Second, 4 * time.Hour},
		{labelsOf(catalogue.New(settings()), "EdgeWithoutAuth"), "critical", 10 * time.Second, 4 * time.Hour},
		{labelsOf(catalogue.New(settings()), "AvailabilityBudgetBurnsFast"), "critical", 10 * time.Second, 4 * time.Hour},
		{labelsOf(catalogue.New(settings()), "PrefectLateRuns"), "warning", time.Minute, 24 * time.Hour},
		{labelsOf(catalogue.New(settings()), "HostDiskLow"), "warning", time.Minute, 24 * time.Hour},
		{labelsOf(catalogue.New(settings()), "Watchdog"), "watchdog", time.Second, 5 * time.Minute},
		{model.LabelSet{"alertname": "Noise", "severity": "none"}, "nobody", 30 * time.Second, 4 * time.Hour},
		{model.LabelSet{"alertname": "OfSomebodyElse"}, "critical", 30 * time.Second, 4 * time.Hour},
		{model.LabelSet{"alertname": "OfSomebodyElse", "severity": "page"}, "critical", 30 * time.Second, 4 * time.Hour},
	} {
		matched := root.Match(each.labels)
		if len(matched) != 1 {
			t.Errorf("%s takes %d ways", each.labels, len(matched))
			continue
		}
		got := matched[0].RouteOpts
		if got.Receiver != each.receiver || got.GroupWait != each.wait || got.RepeatInterval != each.repeat {
			t.Errorf("%s goes to %s after %s, again after %s; not to %s after %s and %s", each.labels, got.Receiver, got.GroupWait, got.RepeatInterval, each.receiver, each.wait, each.repeat)
		}
		if _, grouped := got.GroupBy["alertname"]; !grouped || len(got.GroupBy) != 2 {
			t.Errorf("%s is grouped by %v", each.labels, got.GroupBy)
		}
	}
}

func TestReceivers_AreThoseThatWereAskedFor(t *testing.T) {
	for _, r := range load(t, people()).Receivers {
		got := []int{len(r.EmailConfigs), len(r.SlackConfigs), len(r.PagerdutyConfigs), len(r.WebhookConfigs)}
		want := map[string][]int{"critical": {1, 1, 1, 1}, "warning": {1, 1, 0, 1}, "watchdog": {0, 0, 0, 1}, "nobody": {0, 0, 0, 0}}[r.Name]
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, not %v", r.Name, got, want)
		}
	}
}

func TestRoutes_WithoutReceiversAreStillAConfiguration(t *testing.T) {
	root := dispatch.NewRoute(load(t, alertconf.Options{Settings: settings()}).Route, nil)
	if got := root.Match(labelsOf(catalogue.New(settings()), "Watchdog"))[0].RouteOpts.Receiver; got != "nobody" {
		t.Errorf("the watchdog goes to %s", got)
	}
}

func TestInhibitions_MuteWhatAnotherAlertExplains(t *testing.T) {
	var rules []*inhibit.InhibitRule
	for _, rule := range load(t, people()).InhibitRules {
		rules = append(rules, inhibit.NewInhibitRule(rule))
	}
	c := catalogue.New(settings())
	for _, each := range []struct {
		source, target string
		muted          bool
	}{
		{"PostgresDown", "PrefectApiDown", true},
		{"PostgresDown", "PrefectLateRuns", true},
		{"PostgresDown", "EdgeDown", true},
		{"PostgresDown", "AvailabilityBudgetBurnsFast", true},
		{"PostgresDown", "BackupNotReceiving", true},
		{"PostgresDown", "BackupTooOld", false},
		{"PostgresDown", "HostDiskFull", false},
		{"PostgresDown", "EdgeWithoutAuth", false},
		{"PostgresDown", "CertificateExpires", false},
		{"PrefectApiDown", "PrefectWorkersGone", true},
		{"PrefectApiDown", "EdgeDown", true},
		{"PrefectApiDown", "PrefectApiDown", false},
		{"PrefectApiDown", "PostgresDown", false},
		{"PrefectApiDown", "EdgeWithoutAuth", false},
		{"PrefectApiDown", "CertificateExpires", false},
		{"EdgeDown", "AvailabilityBudgetBurnsFast", true},
		{"EdgeDown", "PrefectApiDown", false},
		{"HostDiskFull", "HostDiskLow", true},
		{"HostDiskFull", "PrefectLateRuns", false},
		{"HostDiskLow", "HostDiskFull", false},
		{"PrefectLateRunsMany", "PrefectLateRuns", true},
		{"Watchdog", "TargetDown", false},
	} {
		source, target := labelsOf(c, each.source), labelsOf(c, each.target)
		muted := slices.ContainsFunc(rules, func(rule *inhibit.InhibitRule) bool { return mutes(rule, source, target) })
		if muted != each.muted {
			t.Errorf("%s mutes %s: %t", each.source, each.target, muted)
		}
	}
	missing, down := labelsOf(c, "TargetMissing"), labelsOf(c, "TargetDown")
	down["service"], missing["job"], down["job"] = "x", "edge", "edge"
	if !slices.ContainsFunc(rules, func(rule *inhibit.InhibitRule) bool { return mutes(rule, missing, down) }) {
		t.Error("a source that has vanished is told to be down, too")
	}
	down["job"] = "node"
	if slices.ContainsFunc(rules, func(rule *inhibit.InhibitRule) bool { return mutes(rule, missing, down) }) {
		t.Error("a source that has vanished hides that another one is down")
	}
}

// mutes is Alertmanager's rule: an alert that is on both sides mutes none that is on both sides.
func mutes(rule *inhibit.InhibitRule, source, target model.LabelSet) bool {
	if !rule.SourceMatchers.Matches(source) || !rule.TargetMatchers.Matches(target) {
		return false
	}
	if rule.TargetMatchers.Matches(source) && rule.SourceMatchers.Matches(target) {
		return false
	}
	for name := range rule.Equal {
		if source[name] != target[name] {
			return false
		}
	}
	return true
}
