package config

import "testing"

var wrongBackup = []wrong{
	refused(`backup: {enabled: 'yes'}`,
		`backup.enabled: found the text "yes", want true or false`),
	refused(`backup: {everyHours: 0, keepDays: 1, drillDays: 0, memoryMiB: 64}`,
		`backup.drillDays: found 0, want 1 to 31 days (pulumi config set --path backup.drillDays 1)`,
		`backup.everyHours: found 0, want 1 to 168 hours (pulumi config set --path backup.everyHours 1)`,
		`backup.keepDays: found 1, want 2 to 3650 days (pulumi config set --path backup.keepDays 2)`,
		`backup.memoryMiB: found 64, want 128 to 1048576 MiB (pulumi config set --path backup.memoryMiB 128)`),
	refused(`backup: {repository: /backups}`,
		`backup.repository: found "/backups", want local, s3:https://host/bucket/path, rest:https://host/path or sftp:user@host:/path (pulumi config set --path backup.repository local)`),
	refused(`backup: {repository: 's3:https://s3.corp.net'}`,
		`backup.repository: found "s3:https://s3.corp.net", want local, s3:https://host/bucket/path, rest:https://host/path or sftp:user@host:/path (pulumi config set --path backup.repository local)`),
	refused(`backup: {repository: 'rest:https://me:hunter2@backup.corp.net/prefect'}`,
		`backup.repository: found a URL with credentials, or none that is known, want local, s3:https://host/bucket/path, rest:https://host/path or sftp:user@host:/path; the user goes into backup.user and the password into the secret backupSecret (pulumi config set --secret backupSecret)`),
	refused(`backup: {enabled: true, repository: 's3:https://s3.corp.net/bucket/prefect'}`,
		`backup.user: found nothing, want the access key ID (pulumi config set --path backup.user ID)`,
		`backupSecret: found nothing, want what opens the repository: the secret access key, the password or the private key (pulumi config set --secret backupSecret)`),
	refused("backup: {enabled: true, repository: 'sftp:prefect@backup.corp.net:/prefect', user: me}",
		`backup.knownHosts: found nothing, want the public keys of the server: whoever answers would get the backups (pulumi config set --path backup.knownHosts "$(ssh-keyscan HOST)")`,
		`backup.user: found "me", want nothing, with the repository "sftp:prefect@backup.corp.net:/prefect" (pulumi config rm --path backup.user)`,
		`backupSecret: found nothing, want what opens the repository: the secret access key, the password or the private key (pulumi config set --secret backupSecret)`),
	refused("backup: {enabled: true, knownHosts: host}\nbackupSecret: {secure: gJ7rT2mW9qLx4VbN}",
		`backup.knownHosts: found host keys, want nothing, with the repository "local" (pulumi config rm --path backup.knownHosts)`,
		`backupSecret: found a secret, want nothing, with the repository "local" (pulumi config rm backupSecret)`),
	refused(`backup: {enabled: true, repository: 'rest:https://backup.corp.net/prefect', user: me}`,
		`backupSecret: found nothing, want what opens the repository: the secret access key, the password or the private key (pulumi config set --secret backupSecret)`),
	refused(`rotation: {backup: {a: -1, b: -1, active: c}}`,
		`rotation.backup.a: found -1, want 0 to 1000000 (pulumi config set --path rotation.backup.a 0)`,
		`rotation.backup.active: found "c", want a or b (pulumi config set --path rotation.backup.active a)`,
		`rotation.backup.b: found -1, want 0 to 1000000 (pulumi config set --path rotation.backup.b 0)`),
	refused(`rotation: {backup: {since: never}}`,
		`rotation.backup.since: found "never", want a date as YYYY-MM-DD (pulumi config set --path rotation.backup.since 2026-11-23)`),
	refused(`rotation: {backup: {keep: true}}`,
		`rotation.backup.keep: found true, with generation 0 in slot b, want false: there is no other value to keep (pulumi config set --path rotation.backup.keep false)`),
	refused(`rotation: {backupRole: {a: -1, b: -1, active: c}}`,
		`rotation.backupRole.a: found -1, want 0 to 1000000 (pulumi config set --path rotation.backupRole.a 0)`,
		`rotation.backupRole.active: found "c", want a or b (pulumi config set --path rotation.backupRole.active a)`,
		`rotation.backupRole.b: found -1, want 0 to 1000000 (pulumi config set --path rotation.backupRole.b 0)`),
	refused(`rotation: {backupRole: {since: never}}`,
		`rotation.backupRole.since: found "never", want a date as YYYY-MM-DD (pulumi config set --path rotation.backupRole.since 2026-11-23)`),
	refused(`rotation: {backupRole: {keep: true}}`,
		`rotation.backupRole.keep: found true, with generation 0 in slot b, want false: there is no other value to keep (pulumi config set --path rotation.backupRole.keep false)`),
}

var wrongProductionBackup = []wrong{
	refused(`backup: {repository: local}`,
		`backup.repository: found local, want one elsewhere, in production: a disk takes its backups with it; or backup.enabled: false, where somebody else makes them (pulumi config set --path backup.repository s3:https://s3.your-company.com/bucket/prefect)`),
	refused(`backup: {repository: 'rest:http://backup.corp.net/prefect'}`,
		`backup.repository: found "rest:http://backup.corp.net/prefect", want https, in production (pulumi config set --path backup.repository rest:https://backup.corp.net/prefect)`),
}

func TestLocation_IsAURLWithItsHost(t *testing.T) {
	for repository, want := range map[string]string{
		Local:                                   "",
		"s3:https://s3.corp.net/bucket/prefect": "s3://s3.corp.net/bucket/prefect",
		"rest:https://backup.corp.net:8000/prefect": "https://backup.corp.net:8000/prefect",
		"sftp:prefect@backup.corp.net:/srv/prefect": "sftp://prefect@backup.corp.net/srv/prefect",
		"sftp:prefect@backup.corp.net:relative":     "",
		"sftp:-oProxyCommand=x@host:/a":             "",
		"rclone:other:path":                         "",
		"/srv/backup":                               "",
	} {
		if got := (Backup{Repository: repository}).Location(); got != want {
			t.Errorf("%s is at %q, want %q", repository, got, want)
		}
	}
}
