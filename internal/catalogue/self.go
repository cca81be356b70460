package catalogue

import "time"

// Watchdog always fires. Its notifications are the sign of life whose absence somebody outside tells us of.
const Watchdog = "Watchdog"

func selfRules() Group {
	return Group{Name: "self", Alerts: []Alert{
		{
			Name: Watchdog, Service: Monitoring, Severity: None,
			Expr:        `vector(1)`,
			Summary:     "Monitoring is alive",
			Description: `This alert always fires. Its absence means that alerts no longer leave this host.`,
		},
		{
			Name: "TargetDown", Service: Monitoring, Severity: Warning, For: 3 * time.Minute,
			Expr:        `up == 0`,
			Summary:     "A source of metrics does not answer",
			Description: `{{ $labels.job }} at {{ $labels.instance }} cannot be scraped; rules about it are blind.`,
		},
		{
			Name: "PrometheusReloadFailed", Service: Monitoring, Severity: Critical, For: 5 * time.Minute,
			Expr:        `prometheus_config_last_reload_successful == 0`,
			Summary:     "Prometheus refuses its new configuration",
			Description: `It goes on with the old one.`,
		},
		{
			Name: "PrometheusRulesFailing", Service: Monitoring, Severity: Critical, For: 5 * time.Minute,
			Expr:        `sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[5m])) > 0`,
			Summary:     "Rules cannot be evaluated",
			Description: `Group {{ $labels.rule_group }}: its alerts do not fire.`,
		},
		{
			Name: "PrometheusRulesSlow", Service: Monitoring, Severity: Warning, For: 15 * time.Minute,
			Expr:        `sum by (rule_group) (increase(prometheus_rule_group_iterations_missed_total[5m])) > 0`,
			Summary:     "Rules take longer than the time between two evaluations",
			Description: `Group {{ $labels.rule_group }} misses turns.`,
		},
		{
			Name: "PrometheusWithoutAlertmanager", Service: Monitoring, Severity: Critical, For: 5 * time.Minute,
			Expr:        `prometheus_notifications_alertmanagers_discovered < 1`,
			Summary:     "Prometheus knows no Alertmanager",
			Description: `Alerts reach nobody.`,
		},
		{
			Name: "PrometheusNotificationsFailing", Service: Monitoring, Severity: Critical, For: 5 * time.Minute,
			Expr:        `rate(prometheus_notifications_errors_total[5m]) > 0`,
			Summary:     "Prometheus cannot hand alerts to Alertmanager",
			Description: `{{ $value | humanize }} a second fail.`,
		},
		{
			Name: "PrometheusStorageFailing", Service: Monitoring, Severity: Warning,
			Expr:        `increase(prometheus_tsdb_compactions_failed_total[1h]) > 0 or increase(prometheus_tsdb_wal_corruptions_total[1h]) > 0`,
			Summary:     "Prometheus cannot write its data",
			Description: `Compactions failed or its log was found corrupt within the last hour: often a full disk.`,
		},
		{
			Name: "AlertmanagerReloadFailed", Service: Monitoring, Severity: Critical, For: 5 * time.Minute,
			Expr:        `alertmanager_config_last_reload_successful == 0`,
			Summary:     "Alertmanager refuses its new configuration",
			Description: `It goes on with the old one.`,
		},
		{
			Name: "AlertmanagerNotificationsFailing", Service: Monitoring, Severity: Critical, For: 5 * time.Minute,
			// Longer than Alertmanager waits between two attempts, so that one that fails again and again counts all the time.
			Expr:        `sum by (integration) (rate(alertmanager_notifications_failed_total[15m])) > 0`,
			Summary:     "Notifications do not arrive",
			Description: `Those by {{ $labels.integration }} fail. This one comes by another way, if there is one.`,
		},
		{
			Name: "BlackboxReloadFailed", Service: Monitoring, Severity: Warning, For: 5 * time.Minute,
			Expr:        `blackbox_exporter_config_last_reload_successful == 0`,
			Summary:     "The blackbox exporter refuses its new configuration",
			Description: `It goes on with the old one.`,
		},
	}}
}

// guards make an alert for each job: one whose series vanish (a job that was taken out of the configuration, a name that no longer resolves) would otherwise be
// silent, as no other rule sees what does not exist.
func guards(jobs []Job) Group {
	var alerts []Alert
	for _, job := range jobs {
		alerts = append(alerts, Alert{
			Name: "TargetMissing", Service: Monitoring, Severity: Critical, For: 5 * time.Minute,
			Labels:      map[string]string{"job": job.Name},
			Expr:        `absent(up{job="` + job.Name + `"})`,
			Summary:     "A source of metrics has vanished",
			Description: `Prometheus has no target for the job {{ $labels.job }}; all rules about it are blind.`,
		})
	}
	return Group{Name: "guards", Alerts: alerts}
}
