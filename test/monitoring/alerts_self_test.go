package monitoring

import (
	"slices"

	"prefect-platform/internal/catalogue"
)

var selfScenarios = slices.Concat([]scenario{
	{
		alert: "Watchdog", is: "none monitoring", whole: true,
		input: []string{},
		fires: 0,
		says:  "This alert always fires. Its absence means that alerts no longer leave this host.",
	},
	{
		alert: "TargetDown", is: "warning monitoring",
		input: []string{`up{job="node",instance="a"} | 1x4 0x9 1x60`},
		fires: 8 * minute, over: 15 * minute, with: labels{"job": "node", "instance": "a"},
		says:  "node at a cannot be scraped; rules about it are blind.",
		quiet: []string{`up{job="node",instance="a"} | 1 0 1 0 1x200`},
	},
	{
		alert: "PrometheusReloadFailed", is: "critical monitoring",
		input: []string{`prometheus_config_last_reload_successful | 1x4 0x9 1x60`},
		fires: 10 * minute, over: 15 * minute,
		says:  "It goes on with the old one.",
		quiet: []string{`prometheus_config_last_reload_successful | 1x200`},
	},
	{
		alert: "PrometheusRulesFailing", is: "critical monitoring",
		input: []string{`prometheus_rule_evaluation_failures_total{rule_group="slo",instance="a"} | 0x4 0+1x20 20x60`},
		fires: 11 * minute, over: 29 * minute, with: labels{"rule_group": "slo"},
		says:  "Group slo: its alerts do not fire.",
		quiet: []string{`prometheus_rule_evaluation_failures_total{rule_group="slo"} | 3x200`},
	},
	{
		alert: "PrometheusRulesSlow", is: "warning monitoring",
		input: []string{`prometheus_rule_group_iterations_missed_total{rule_group="slo",instance="a"} | 0x4 0+1x30 30x60`},
		fires: 21 * minute, over: 39 * minute, with: labels{"rule_group": "slo"},
		says:  "Group slo misses turns.",
		quiet: []string{`prometheus_rule_group_iterations_missed_total{rule_group="slo"} | 3x200`},
	},
	{
		alert: "PrometheusWithoutAlertmanager", is: "critical monitoring",
		input: []string{`prometheus_notifications_alertmanagers_discovered | 1x4 0x9 1x60`},
		fires: 10 * minute, over: 15 * minute,
		says:  "Alerts reach nobody.",
		quiet: []string{`prometheus_notifications_alertmanagers_discovered | 1x200`},
	},
	{
		alert: "PrometheusNotificationsFailing", is: "critical monitoring",
		input: []string{`prometheus_notifications_errors_total{alertmanager="x"} | 0x4 0+60x20 1200x60`},
		fires: 11 * minute, over: 29 * minute, with: labels{"alertmanager": "x"},
		says:  "1 a second fail.",
		last:  "250m a second fail.",
		quiet: []string{`prometheus_notifications_errors_total{alertmanager="x"} | 3x200`},
	},
	{
		alert: "PrometheusStorageFailing", is: "warning monitoring",
		input: []string{`prometheus_tsdb_compactions_failed_total | 0x19 1x100`, `prometheus_tsdb_wal_corruptions_total | 0x200`},
		fires: 20 * minute, over: 79 * minute,
		says:  "Compactions failed or its log was found corrupt within the last hour: often a full disk.",
		quiet: []string{`prometheus_tsdb_compactions_failed_total | 2x200; prometheus_tsdb_wal_corruptions_total | 2x200`},
	},
	{
		alert: "PrometheusStorageFailing", is: "warning monitoring",
		input: []string{`prometheus_tsdb_wal_corruptions_total | 0x19 1x100`},
		fires: 20 * minute, over: 79 * minute,
		says: "Compactions failed or its log was found corrupt within the last hour: often a full disk.",
	},
	{
		alert: "AlertmanagerReloadFailed", is: "critical monitoring",
		input: []string{`alertmanager_config_last_reload_successful | 1x4 0x9 1x60`},
		fires: 10 * minute, over: 15 * minute,
		says:  "It goes on with the old one.",
		quiet: []string{`alertmanager_config_last_reload_successful | 1x200`},
	},
	{
		alert: "AlertmanagerNotificationsFailing", is: "critical monitoring",
		input: []string{`alertmanager_notifications_failed_total{integration="email",reason="other",instance="a"} | 0x4 0+1x20 20x60`},
		fires: 11 * minute, over: 39 * minute, with: labels{"integration": "email"},
		says:  "Those by email fail. This one comes by another way, if there is one.",
		quiet: []string{`alertmanager_notifications_failed_total{integration="email"} | 3x200`},
	},
	{
		alert: "BlackboxReloadFailed", is: "warning monitoring",
		input: []string{`blackbox_exporter_config_last_reload_successful | 1x4 0x9 1x60`},
		fires: 10 * minute, over: 15 * minute,
		says:  "It goes on with the old one.",
		quiet: []string{`blackbox_exporter_config_last_reload_successful | 1x200`},
	},
	{
		alert: "LogsNotStored", is: "warning monitoring",
		input: []string{`log_collector_push_failures_total{instance="a"} | 0x4 0+60x20 1200x60`, `log_collector_lines_total{instance="a",workload="api"} | 0+60x4 240x20 240+60x60`},
		fires: 18 * minute, over: 27 * minute,
		says: "The collector keeps what comes until its memory is full. On the engine everything is there.",
		quiet: []string{
			`log_collector_push_failures_total{instance="a"} | 0+6x200; log_collector_lines_total{instance="a",workload="api"} | 0+60x200`,
			`log_collector_push_failures_total{instance="a"} | 7x200`,
		},
	},
	{
		alert: "LogsLost", is: "warning monitoring",
		input: []string{`log_collector_lines_lost_total{instance="a",reason="full"} | 0x9 0+10x2 20x60`},
		fires: 11 * minute, over: 26 * minute, with: labels{"reason": "full"},
		says:  "10 within 15 minutes (full). On the engine they are there.",
		last:  "10.71 within 15 minutes (full). On the engine they are there.",
		quiet: []string{`log_collector_lines_lost_total{instance="a",reason="full"} | 3x200`},
	},
}, guardScenarios(), objectiveScenarios)

// guardScenarios take one job at a time away from a system that has them all.
func guardScenarios() []scenario {
	jobs := catalogue.New(settings()).Jobs
	var scenarios []scenario
	for _, missing := range jobs {
		s := scenario{
			alert: "TargetMissing", is: "critical monitoring", whole: true,
			input: []string{`up{job="` + missing.Name + `",instance="a"} | 1x4 _x20 1x60`},
			// A series without a stale mark is remembered for five minutes, then the alert waits for five.
			fires: 14 * minute, over: 25 * minute, with: labels{"job": missing.Name},
			says: "Prometheus has no target for the job " + missing.Name + "; all rules about it are blind.",
		}
		for _, job := range jobs {
			if job.Name != missing.Name {
				s.input = append(s.input, `up{job="`+job.Name+`",instance="a"} | 0x200`)
			}
		}
		scenarios = append(scenarios, s)
	}
	return scenarios
}
