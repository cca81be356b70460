package catalogue

import (
	"fmt"
	"time"
)

var nodeMetrics = map[string][]string{
	"node_filesystem_avail_bytes":                                {"device", "fstype", "mountpoint"},
	"node_filesystem_size_bytes":                                 {"device", "fstype", "mountpoint"},
	"node_filesystem_files":                                      {"device", "fstype", "mountpoint"},
	"node_filesystem_files_free":                                 {"device", "fstype", "mountpoint"},
	"node_memory_MemAvailable_bytes":                             nil,
	"node_memory_MemTotal_bytes":                                 nil,
	"node_vmstat_oom_kill":                                       nil,
	"node_cpu_seconds_total":                                     {"cpu", "mode"},
	"node_disk_io_time_seconds_total":                            {"device"},
	"node_timex_sync_status":                                     nil,
	"node_timex_maxerror_seconds":                                nil,
	"node_filefd_allocated":                                      nil,
	"node_filefd_maximum":                                        nil,
	"node_textfile_scrape_error":                                 nil,
	"node_load1":                                                 nil,
	"prefect_backup_last_success_timestamp_seconds":              nil,
	"prefect_backup_received_timestamp_seconds":                  nil,
	"prefect_backup_size_bytes":                                  nil,
	"prefect_backup_dump_size_bytes":                             nil,
	"prefect_backup_refused_bytes":                               {"what"},
	"prefect_backup_restore_test_last_success_timestamp_seconds": nil,
	"prefect_backup_restore_test_failed":                         nil,
	"prefect_certificate_failures":                               nil,
	"prefect_certificate_looked_seconds":                         nil,
}

// Only what stays and can be filled.
const disks = `fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|erofs|nsfs"`

func hostRules(s Settings) Group {
	t := s.Thresholds
	free := fmt.Sprintf(`node_filesystem_avail_bytes{%s} / node_filesystem_size_bytes`, disks)
	return Group{Name: "host", Alerts: []Alert{
		{
			Name: "HostDiskLow", Service: Host, Severity: Warning, For: 15 * time.Minute,
			Expr:        fmt.Sprintf(`%s < %g`, free, t.DiskFree),
			Summary:     "A disk is filling up",
			Description: `{{ $value | humanizePercentage }} of {{ $labels.mountpoint }} is free.`,
		},
		{
			Name: "HostDiskFull", Service: Host, Severity: Critical, For: 5 * time.Minute,
			Expr:        fmt.Sprintf(`%s < %g`, free, t.DiskFreeCritical),
			Summary:     "A disk is nearly full",
			Description: `{{ $value | humanizePercentage }} of {{ $labels.mountpoint }} is free. PostgreSQL stops when nothing is.`,
		},
		{
			Name: "HostDiskFillsWithinADay", Service: Host, Severity: Warning, For: time.Hour,
			Expr:        fmt.Sprintf(`predict_linear(node_filesystem_avail_bytes[6h], 86400) < 0 and %s < 0.5`, free),
			Summary:     "A disk will be full within a day",
			Description: `{{ $labels.mountpoint }} loses space at a rate that leaves none tomorrow.`,
		},
		{
			Name: "HostInodesLow", Service: Host, Severity: Warning, For: 15 * time.Minute,
			Expr:        fmt.Sprintf(`node_filesystem_files_free{%s} / (node_filesystem_files > 0) < 0.1`, disks),
			Summary:     "A file system runs out of files",
			Description: `{{ $value | humanizePercentage }} of the inodes of {{ $labels.mountpoint }} are free.`,
		},
		{
			Name: "HostMemoryLow", Service: Host, Severity: Warning, For: 15 * time.Minute,
			Expr:        fmt.Sprintf(`node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < %g`, t.MemoryAvailable),
			Summary:     "The host's memory is nearly used up",
			Description: `{{ $value | humanizePercentage }} is available.`,
		},
		{
			Name: "HostOutOfMemory", Service: Host, Severity: Warning,
			Expr:        `increase(node_vmstat_oom_kill[15m]) > 0`,
			Summary:     "The kernel ended a process for want of memory",
			Description: `{{ $value | humanize }} times in 15 minutes: the limit of a container, or the host itself.`,
		},
		{
			Name: "HostCpuBusy", Service: Host, Severity: Warning, For: 30 * time.Minute,
			Expr:        fmt.Sprintf(`1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) > %g`, t.CPUUsed),
			Summary:     "The host's processors are busy all the time",
			Description: `{{ $value | humanizePercentage }} of their time over half an hour.`,
		},
		{
			Name: "HostDiskBusy", Service: Host, Severity: Warning, For: 30 * time.Minute,
			Expr:        `rate(node_disk_io_time_seconds_total[5m]) > 0.95`,
			Summary:     "A disk is busy all the time",
			Description: `{{ $labels.device }} works {{ $value | humanizePercentage }} of the time.`,
		},
		{
			Name: "HostClockUnsynchronised", Service: Host, Severity: Warning, For: 30 * time.Minute,
			Expr:        `node_timex_sync_status == 0 and node_timex_maxerror_seconds >= 16`,
			Summary:     "The host's clock is not synchronised",
			Description: `It has had no source of time for so long that it may be seconds off. Schedules, tokens and certificates depend on it.`,
		},
		{
			Name: "HostFilesHigh", Service: Host, Severity: Warning, For: 15 * time.Minute,
			Expr:        `node_filefd_allocated / node_filefd_maximum > 0.8`,
			Summary:     "The host runs out of file handles",
			Description: `{{ $value | humanizePercentage }} are used.`,
		},
	}}
}
