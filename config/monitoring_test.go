package config

import "testing"

func TestParse_LeavesCanaryAndBackupToProduction(t *testing.T) {
	for _, c := range []struct {
		base, change   string
		canary, backup bool
	}{
		{small, "", false, false},
		{small, "production: false", false, false},
		{small, "monitoring: {canary: true}\nbackup: {enabled: true}", true, true},
		{large, "", true, true},
		{large, "monitoring: {enabled: true}", true, true},
		{large, "monitoring: {canary: false}\nbackup: {enabled: false}", false, false},
	} {
		values, secretKeys := asHandedOver(t, merged(t, c.base, c.change))
		got, err := parse(values, secretKeys, today)
		if err != nil {
			t.Fatal(err)
		}
		if got.Monitoring.Canary != c.canary || got.Backup.Enabled != c.backup {
			t.Errorf("%s%s\ncanary is %v, backup %v", c.base, c.change, got.Monitoring.Canary, got.Backup.Enabled)
		}
	}
}

var wrongMonitoring = []wrong{
	refused(`monitoring: {enabled: 'yes'}`,
		`monitoring.enabled: found the text "yes", want true or false`),
	refused(`monitoring: {retentionDays: 0}`,
		`monitoring.retentionDays: found 0, want 1 to 3650 days (pulumi config set --path monitoring.retentionDays 1)`),
	refused(`monitoring: {retentionMiB: 100}`,
		`monitoring.retentionMiB: found 100, want 256 to 16777216 MiB (pulumi config set --path monitoring.retentionMiB 256)`),
	refused(`monitoring: {memoryMiB: 32}`,
		`monitoring.memoryMiB: found 32, want 96 to 1048576 MiB (pulumi config set --path monitoring.memoryMiB 96)`),
	refused(`monitoring: {grafana: {enabled: 1, memoryMiB: 64}}`,
		`monitoring.grafana.enabled: found the number 1, want true or false`,
		`monitoring.grafana.memoryMiB: found 64, want 160 to 1048576 MiB (pulumi config set --path monitoring.grafana.memoryMiB 160)`),
	refused(`monitoring: {logs: {enabled: 1, retentionDays: 0, memoryMiB: 100}}`,
		`monitoring.logs.enabled: found the number 1, want true or false`,
		`monitoring.logs.memoryMiB: found 100, want 256 to 1048576 MiB (pulumi config set --path monitoring.logs.memoryMiB 256)`,
		`monitoring.logs.retentionDays: found 0, want 1 to 3650 days (pulumi config set --path monitoring.logs.retentionDays 1)`),
	refused(`monitoring: {grafana: {enabled: false}, logs: {enabled: true}}`,
		`monitoring.logs.enabled: found true, without Grafana, want monitoring and Grafana, in which they are read (pulumi config set --path monitoring.logs.enabled false)`),
	refused(`monitoring: {enabled: false, logs: {enabled: true}}`,
		`monitoring.logs.enabled: found true, without Grafana, want monitoring and Grafana, in which they are read (pulumi config set --path monitoring.logs.enabled false)`),
	refused(`monitoring: {canary: 'yes'}`,
		`monitoring.canary: found the text "yes", want true or false`),
	refused("monitoring: {enabled: true, canary: true}\nworkers: []",
		`monitoring.canary: found true, and no workers, want false: it runs in the pool of the first of them (pulumi config set --path monitoring.canary false)`),
	refused(`monitoring: {runbooksUrl: docs/runbooks}`,
		`monitoring.runbooksUrl: found "docs/runbooks", want the URL of a folder, which begins with https://, without a login, ? or # (pulumi config set --path monitoring.runbooksUrl https://git.corp.net/data/prefect/src/branch/main/docs/runbooks)`),
	refused(`monitoring: {runbooksUrl: 'https://me:secret@git.corp.net/runbooks?at=main'}`,
		`monitoring.runbooksUrl: found "https://me:xxxxx@git.corp.net/runbooks?at=main", want the URL of a folder, which begins with https://, without a login, ? or # (pulumi config set --path monitoring.runbooksUrl https://git.corp.net/data/prefect/src/branch/main/docs/runbooks)`),
	refused(`monitoring: {runbooksUrl: 'https://[git.corp.net/runbooks'}`,
		`monitoring.runbooksUrl: found a text that is no URL, want one that begins with https:// (pulumi config set --path monitoring.runbooksUrl https://git.corp.net/data/prefect/src/branch/main/docs/runbooks)`),
	refused(`monitoring: {speed: 0}`,
		`monitoring.speed: found 0, want 1 to 60 (pulumi config set --path monitoring.speed 1)`),
	refused(`monitoring: {receivers: [{name: '', kind: webhook}]}`,
		`monitoring.receivers[0].name: found nothing, want 1 to 63 letters, digits, _ or -, a letter or digit first (pulumi config set --path 'monitoring.receivers[0].name' team)`),
	refused(`monitoring: {receivers: [{name: team, kind: sms}]}`,
		`monitoring.receivers[0].kind: found "sms", want email, slack, pagerduty, webhook (pulumi config set --path 'monitoring.receivers[0].kind' webhook)`),
	refused(`monitoring: {receivers: [{name: team, kind: slack}]}`,
		`monitoring.receivers[0].name: found "team", of which receiverSecrets holds nothing, want its URL there (pulumi config set --secret --path receiverSecrets.team)`),
	refused(`monitoring: {receivers: [{name: team, kind: webhook, to: a@b.net, from: a@b.net, server: 'b.net:25', user: a}]}
receiverSecrets: {team: {secure: https://hooks.corp.net/x}}`,
		`monitoring.receivers[0].from: found "a@b.net", want nothing: it is for e-mail (pulumi config rm --path 'monitoring.receivers[0].from')`,
		`monitoring.receivers[0].server: found "b.net:25", want nothing: it is for e-mail (pulumi config rm --path 'monitoring.receivers[0].server')`,
		`monitoring.receivers[0].to: found "a@b.net", want nothing: it is for e-mail (pulumi config rm --path 'monitoring.receivers[0].to')`,
		`monitoring.receivers[0].user: found "a", want nothing: it is for e-mail (pulumi config rm --path 'monitoring.receivers[0].user')`),
	refused(`monitoring: {receivers: [{name: team, kind: webhook}, {name: team, kind: webhook}]}
receiverSecrets: {team: {secure: https://hooks.corp.net/x}}`,
		`monitoring.receivers[1].name: found "team" again, want a name of its own`),
	refused(`monitoring: {receivers: [{name: team, kind: webhook, criticalOnly: true}]}
receiverSecrets: {team: {secure: https://hooks.corp.net/x}}`,
		`monitoring.receivers: found only receivers with criticalOnly, want one that gets warnings too: they would reach nobody (pulumi config set --path 'monitoring.receivers[0].criticalOnly' false)`),
	refused(`monitoring: {receivers: [{name: team, kind: webhook, criticalOnly: 1}]}
receiverSecrets: {team: {secure: https://hooks.corp.net/x}}`,
		`monitoring.receivers[0].criticalOnly: found the number 1, want true or false`),
	refused(`monitoring: {receivers: [{name: team, kind: pagerduty}]}
receiverSecrets: {team: {secure: 'two words'}}`,
		`receiverSecrets.team: found a character that no key has, want the integration key of PagerDuty's Events API v2 (pulumi config set --secret --path receiverSecrets.team)`),
	refused(`monitoring: {receivers: [{name: team, kind: webhook}]}
receiverSecrets: {team: {secure: hooks.corp.net}}`,
		`receiverSecrets.team: found a text that is no URL, want a URL that begins with https:// (pulumi config set --secret --path receiverSecrets.team)`),
	refused(`monitoring: {receivers: [{name: team, kind: email, to: data, from: '', server: mail.corp.net, plain: maybe}]}`,
		`monitoring.receivers[0].from: found nothing, want an address of mail (pulumi config set --path 'monitoring.receivers[0].from' data-team@your-company.com)`,
		`monitoring.receivers[0].plain: found the text "maybe", want true or false`,
		`monitoring.receivers[0].server: found "mail.corp.net", want host:port of the mail server (pulumi config set --path 'monitoring.receivers[0].server' mail.your-company.com:587)`,
		`monitoring.receivers[0].to: found "data", want an address of mail (pulumi config set --path 'monitoring.receivers[0].to' data-team@your-company.com)`),
	refused(`monitoring: {receivers: [{name: team, kind: email, to: a@b.net, from: a@b.net, server: 'b.net:25', user: me}]}`,
		`monitoring.receivers[0].user: found "me" without a password, want its password in the secret receiverSecrets (pulumi config set --secret --path receiverSecrets.team)`),
	refused(`monitoring: {receivers: [{name: team, kind: email, to: a@b.net, from: a@b.net, server: 'b.net:0'}]}
receiverSecrets: {team: {secure: hunter2}}`,
		`monitoring.receivers[0].server: found "b.net:0", want host:port of the mail server (pulumi config set --path 'monitoring.receivers[0].server' mail.your-company.com:587)`,
		`receiverSecrets.team: found a password, want no password without monitoring.receivers[0].user (pulumi config rm --path receiverSecrets.team)`),
	refused(`receiverSecrets: {nobody: {secure: hunter2}}`,
		`receiverSecrets.nobody: found a secret of no receiver, want the name of one in monitoring.receivers (pulumi config rm --path receiverSecrets.nobody)`),
	refused(`watchdogUrl: {secure: hc.corp.net/ping/1}`,
		`watchdogUrl: found a text that is no URL, want a URL that begins with https:// (pulumi config set --secret watchdogUrl)`),
	refused(`monitoring: {objectives: {availabilityPercent: 100, schedulingPercent: 93.5, latencyPercent: 0}}`,
		`monitoring.objectives.availabilityPercent: found 100, want 94 to 99.999 % (pulumi config set --path monitoring.objectives.availabilityPercent 99)`,
		`monitoring.objectives.latencyPercent: found 0, want 94 to 99.999 % (pulumi config set --path monitoring.objectives.latencyPercent 99)`,
		`monitoring.objectives.schedulingPercent: found 93.5, want 94 to 99.999 % (pulumi config set --path monitoring.objectives.schedulingPercent 99)`),
	refused(`monitoring: {thresholds: {lateRuns: -1, lateRunsCritical: 0, longestRunMinutes: 0, transactionMinutes: 0, certificateDays: 0, certificateCriticalDays: 0, diskFreePercent: 0, diskFreeCriticalPercent: 0, connectionsPercent: 0, errorPercent: 100}}`,
		`monitoring.thresholds.certificateCriticalDays: found 0, want 1 to 365 days (pulumi config set --path monitoring.thresholds.certificateCriticalDays 1)`,
		`monitoring.thresholds.certificateDays: found 0, want 1 to 365 days (pulumi config set --path monitoring.thresholds.certificateDays 1)`,
		`monitoring.thresholds.connectionsPercent: found 0, want 1 to 99 % (pulumi config set --path monitoring.thresholds.connectionsPercent 1)`,
		`monitoring.thresholds.diskFreeCriticalPercent: found 0, want 1 to 90 % (pulumi config set --path monitoring.thresholds.diskFreeCriticalPercent 1)`,
		`monitoring.thresholds.diskFreePercent: found 0, want 1 to 90 % (pulumi config set --path monitoring.thresholds.diskFreePercent 1)`,
		`monitoring.thresholds.errorPercent: found 100, want 1 to 99 % (pulumi config set --path monitoring.thresholds.errorPercent 99)`,
		`monitoring.thresholds.lateRuns: found -1, want 0 to 1000000 flow runs (pulumi config set --path monitoring.thresholds.lateRuns 0)`,
		`monitoring.thresholds.lateRunsCritical: found 0, want 1 to 1000000 flow runs (pulumi config set --path monitoring.thresholds.lateRunsCritical 1)`,
		`monitoring.thresholds.longestRunMinutes: found 0, want 1 to 525600 minutes (pulumi config set --path monitoring.thresholds.longestRunMinutes 1)`,
		`monitoring.thresholds.transactionMinutes: found 0, want 1 to 10080 minutes (pulumi config set --path monitoring.thresholds.transactionMinutes 1)`),
	refused(`monitoring: {thresholds: {lateRuns: 30, certificateCriticalDays: 14, diskFreeCriticalPercent: 20}}`,
		`monitoring.thresholds.certificateCriticalDays: found 14, want a figure that is reached after that of the warning`,
		`monitoring.thresholds.diskFreeCriticalPercent: found 20, want a figure that is reached after that of the warning`,
		`monitoring.thresholds.lateRunsCritical: found 25, want a figure that is reached after that of the warning`),
	refused(`rotation: {postgresExporter: {a: -1, b: -1, active: c}}`,
		`rotation.postgresExporter.a: found -1, want 0 to 1000000 (pulumi config set --path rotation.postgresExporter.a 0)`,
		`rotation.postgresExporter.active: found "c", want a or b (pulumi config set --path rotation.postgresExporter.active a)`,
		`rotation.postgresExporter.b: found -1, want 0 to 1000000 (pulumi config set --path rotation.postgresExporter.b 0)`),
	refused(`rotation: {postgresExporter: {since: never}}`,
		`rotation.postgresExporter.since: found "never", want a date as YYYY-MM-DD (pulumi config set --path rotation.postgresExporter.since 2026-11-23)`),
	refused(`rotation: {postgresExporter: {keep: true}}`,
		`rotation.postgresExporter.keep: found true, with generation 0 in slot b, want false: there is no other value to keep (pulumi config set --path rotation.postgresExporter.keep false)`),
	refused(`rotation: {sqlExporter: {a: -1, b: -1, active: c}}`,
		`rotation.sqlExporter.a: found -1, want 0 to 1000000 (pulumi config set --path rotation.sqlExporter.a 0)`,
		`rotation.sqlExporter.active: found "c", want a or b (pulumi config set --path rotation.sqlExporter.active a)`,
		`rotation.sqlExporter.b: found -1, want 0 to 1000000 (pulumi config set --path rotation.sqlExporter.b 0)`),
	refused(`rotation: {sqlExporter: {since: never}}`,
		`rotation.sqlExporter.since: found "never", want a date as YYYY-MM-DD (pulumi config set --path rotation.sqlExporter.since 2026-11-23)`),
	refused(`rotation: {sqlExporter: {keep: true}}`,
		`rotation.sqlExporter.keep: found true, with generation 0 in slot b, want false: there is no other value to keep (pulumi config set --path rotation.sqlExporter.keep false)`),
	refused(`receiverSecrets: {team: {secure: https://hooks.corp.net/x}}`,
		`receiverSecrets.team: found a secret of no receiver, want the name of one in monitoring.receivers (pulumi config rm --path receiverSecrets.team)`),
	refused("monitoring: {enabled: true}\napiPasswordB: {secure: 'gJ7rT2mW9qLx4VbNz '}",
		`apiPasswordB: found a space at its beginning or end, want none, with monitoring (pulumi config set --secret apiPasswordB)`),
}
