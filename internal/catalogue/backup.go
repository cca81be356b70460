package catalogue

import (
	"fmt"
	"time"
)

// backupRules judge what the backup writes into the node exporter's text files.
func backupRules(s Settings) Group {
	t := s.Thresholds
	return Group{Name: "backup", Alerts: []Alert{
		{
			Name: "BackupTooOld", Service: Backup, Severity: Critical, For: 10 * time.Minute,
			Expr:        fmt.Sprintf(`time() - prefect_backup_last_success_timestamp_seconds > %s`, seconds(t.BackupAge)),
			Summary:     "The last good backup is too old",
			Description: `It was made {{ $value | humanizeDuration }} ago.`,
		},
		{
			Name: "BackupNotReceiving", Service: Backup, Severity: Critical, For: 5 * time.Minute,
			Expr:        `time() - prefect_backup_received_timestamp_seconds > 300`,
			Summary:     "The backup receives nothing from the database",
			Description: `What was committed in the last {{ $value | humanizeDuration }} cannot be restored.`,
		},
		{
			Name: "BackupMissing", Service: Backup, Severity: Critical, For: time.Hour,
			Expr:        `absent(prefect_backup_last_success_timestamp_seconds) and on () up{job="node"} == 1`,
			Summary:     "No backup has ever been reported",
			Description: `Either none succeeded or its report does not reach the node exporter.`,
		},
		{
			Name: "BackupShrank", Service: Backup, Severity: Warning, For: 10 * time.Minute,
			Expr: `prefect_backup_refused_bytes > 0` +
				` or prefect_backup_size_bytes < 0.5 * max_over_time(prefect_backup_size_bytes[7d])` +
				` or prefect_backup_dump_size_bytes < 0.5 * max_over_time(prefect_backup_dump_size_bytes[7d])`,
			Summary:     "The database, or its backup, is much smaller than before",
			Description: `The copy or the dump has {{ $value | humanize1024 }}B, less than half of what it had, or no table.`,
		},
		{
			Name: "RestoreTestFailed", Service: Backup, Severity: Critical, For: 5 * time.Minute,
			Expr:        `prefect_backup_restore_test_failed == 1`,
			Summary:     "The newest backup could not be restored for a test",
			Description: `It was made a database, and that could not be done, or what came out is not what was copied. It is tried again within the hour.`,
		},
		{
			Name: "RestoreTestTooOld", Service: Backup, Severity: Warning, For: time.Hour,
			Expr:        fmt.Sprintf(`time() - prefect_backup_restore_test_last_success_timestamp_seconds > %s`, seconds(t.RestoreTestAge)),
			Summary:     "No backup has been restored for a test for long",
			Description: `The last test that succeeded was {{ $value | humanizeDuration }} ago.`,
		},
		{
			Name: "BackupReportBroken", Service: Backup, Severity: Warning, For: 15 * time.Minute,
			Expr:        `node_textfile_scrape_error == 1`,
			Summary:     "The backup's report cannot be read",
			Description: `The node exporter does not understand one of its text files, so the age of the backup may be unknown.`,
		},
	}}
}
