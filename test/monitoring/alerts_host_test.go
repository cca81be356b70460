package monitoring

import "slices"

const (
	ext4    = `{device="sda1",fstype="ext4",mountpoint="/"}`
	tmpfs   = `{device="tmpfs",fstype="tmpfs",mountpoint="/run"}`
	overlay = `{device="overlay",fstype="overlay",mountpoint="/x"}`
)

var onRoot = labels{"device": "sda1", "fstype": "ext4", "mountpoint": "/"}

// fillsUp are file systems that do not count.
const fillsUp = `; node_filesystem_avail_bytes` + tmpfs + ` | 0x300; node_filesystem_size_bytes` + tmpfs + ` | 100x300` +
	`; node_filesystem_avail_bytes` + overlay + ` | 0x300; node_filesystem_size_bytes` + overlay + ` | 100x300`

var hostScenarios = slices.Concat([]scenario{
	{
		alert: "HostDiskLow", is: "warning host",
		input: []string{`node_filesystem_avail_bytes` + ext4 + ` | 500x4 149x20 500x60`, `node_filesystem_size_bytes` + ext4 + ` | 1000x100`},
		fires: 20 * minute, over: 26 * minute, with: onRoot,
		says:  "14.9% of / is free.",
		quiet: []string{`node_filesystem_avail_bytes` + ext4 + ` | 150x200; node_filesystem_size_bytes` + ext4 + ` | 1000x200` + fillsUp},
	},
	{
		alert: "HostDiskFull", is: "critical host",
		input: []string{`node_filesystem_avail_bytes` + ext4 + ` | 500x4 49x10 500x60`, `node_filesystem_size_bytes` + ext4 + ` | 1000x100`},
		fires: 10 * minute, over: 16 * minute, with: onRoot,
		says:  "4.9% of / is free. PostgreSQL stops when nothing is.",
		quiet: []string{`node_filesystem_avail_bytes` + ext4 + ` | 50x200; node_filesystem_size_bytes` + ext4 + ` | 1000x200` + fillsUp},
	},
	{
		// It loses a sixtieth of what a day has left in each minute.
		alert: "HostDiskFillsWithinADay", is: "warning host",
		input: []string{`node_filesystem_avail_bytes` + ext4 + ` | 490-1x100 390x400`, `node_filesystem_size_bytes` + ext4 + ` | 1000x600`},
		fires: 61 * minute, over: 304 * minute, with: onRoot,
		says: "/ loses space at a rate that leaves none tomorrow.",
		quiet: []string{
			`node_filesystem_avail_bytes` + ext4 + ` | 900-1x200; node_filesystem_size_bytes` + ext4 + ` | 1000x200`,
			`node_filesystem_avail_bytes` + ext4 + ` | 490-0.2x200; node_filesystem_size_bytes` + ext4 + ` | 1000x200; ` +
				`node_filesystem_avail_bytes` + tmpfs + ` | 400-1x200; node_filesystem_size_bytes` + tmpfs + ` | 1000x200`,
		},
	},
	{
		alert: "HostInodesLow", is: "warning host",
		input: []string{`node_filesystem_files_free` + ext4 + ` | 500x4 99x20 500x60`, `node_filesystem_files` + ext4 + ` | 1000x100`},
		fires: 20 * minute, over: 26 * minute, with: onRoot,
		says: "9.9% of the inodes of / are free.",
		quiet: []string{
			`node_filesystem_files_free` + ext4 + ` | 100x200; node_filesystem_files` + ext4 + ` | 1000x200; node_filesystem_files_free` + tmpfs + ` | 1x200; node_filesystem_files` + tmpfs + ` | 1000x200`,
			`node_filesystem_files_free` + ext4 + ` | -1x200; node_filesystem_files` + ext4 + ` | 0x200`,
		},
	},
	{
		alert: "HostMemoryLow", is: "warning host",
		input: []string{`node_memory_MemAvailable_bytes | 500x4 99x20 500x60`, `node_memory_MemTotal_bytes | 1000x100`},
		fires: 20 * minute, over: 26 * minute,
		says:  "9.9% is available.",
		quiet: []string{`node_memory_MemAvailable_bytes | 100x200; node_memory_MemTotal_bytes | 1000x200`},
	},
	{
		alert: "HostOutOfMemory", is: "warning host",
		input: []string{`node_vmstat_oom_kill | 3x19 4x60`},
		fires: 20 * minute, over: 34 * minute,
		says:  "1.071 times in 15 minutes: the limit of a container, or the host itself.",
		quiet: []string{`node_vmstat_oom_kill | 3x200`},
	},
	{
		alert: "HostCpuBusy", is: "warning host",
		input: []string{`node_cpu_seconds_total{instance="a",cpu="0",mode="idle"} | 0+2x40 80+60x60`, `node_cpu_seconds_total{instance="a",cpu="1",mode="idle"} | 0+2x40 80+60x60`},
		fires: 31 * minute, over: 42 * minute, with: labels{"instance": "a"},
		says:  "96.67% of their time over half an hour.",
		last:  "97.5% of their time over half an hour.",
		quiet: []string{`node_cpu_seconds_total{instance="a",cpu="0",mode="idle"} | 0+3x200; node_cpu_seconds_total{instance="a",cpu="0",mode="iowait"} | 0+1x200`},
	},
	{
		alert: "HostDiskBusy", is: "warning host",
		input: []string{`node_disk_io_time_seconds_total{device="sda"} | 0+58x50 2900x60`},
		fires: 35 * minute, over: 51 * minute, with: labels{"device": "sda"},
		says:  "sda works 96.67% of the time.",
		quiet: []string{`node_disk_io_time_seconds_total{device="sda"} | 0+57x200`},
	},
	{
		alert: "HostClockUnsynchronised", is: "warning host",
		input: []string{`node_timex_sync_status | 1x4 0x40 1x60`, `node_timex_maxerror_seconds | 16x200`},
		fires: 35 * minute, over: 46 * minute,
		says:  "It has had no source of time for so long that it may be seconds off. Schedules, tokens and certificates depend on it.",
		quiet: []string{`node_timex_sync_status | 0x200; node_timex_maxerror_seconds | 15.9x200`, `node_timex_sync_status | 1x200; node_timex_maxerror_seconds | 16x200`},
	},
	{
		alert: "HostFilesHigh", is: "warning host",
		input: []string{`node_filefd_allocated | 1x4 801x20 1x60`, `node_filefd_maximum | 1000x200`},
		fires: 20 * minute, over: 26 * minute,
		says:  "80.1% are used.",
		quiet: []string{`node_filefd_allocated | 800x200; node_filefd_maximum | 1000x200`},
	},
}, backupScenarios)

var backupScenarios = []scenario{
	{
		alert: "BackupTooOld", is: "critical backup", step: 10 * minute,
		input: []string{`prefect_backup_last_success_timestamp_seconds | 0x190 114600x60`},
		fires: 26*hour + 20*minute, over: 31*hour + 50*minute,
		says: "It was made 1d 2h 20m 0s ago.",
		last: "It was made 1d 7h 40m 0s ago.",
	},
	{
		alert: "BackupMissing", is: "critical backup",
		input: []string{`up{job="node",instance="a"} | 1x200`, `prefect_backup_last_success_timestamp_seconds | _x70 1x60`},
		fires: 60 * minute, over: 70 * minute,
		says:  "Either none succeeded or its report does not reach the node exporter.",
		quiet: []string{`up{job="node",instance="a"} | 0x200; up{job="edge",instance="a"} | 1x200`, `up{job="node",instance="a"} | 1x200; prefect_backup_last_success_timestamp_seconds | 1x200`},
	},
	{
		alert: "BackupNotReceiving", is: "critical backup",
		input: []string{`prefect_backup_received_timestamp_seconds | 0x20 1260x5`},
		fires: 11 * minute, over: 21 * minute,
		says: "What was committed in the last 11m 0s cannot be restored.",
		last: "What was committed in the last 20m 0s cannot be restored.",
	},
	{
		alert: "BackupShrank", is: "warning backup", step: 10 * minute,
		input: []string{`prefect_backup_size_bytes | 1000x9 499x1100`},
		fires: 110 * minute, over: 7*24*hour + 90*minute,
		says: "The copy or the dump has 499B, less than half of what it had, or no table.",
		quiet: []string{
			`prefect_backup_size_bytes | 1000x9 500x200; prefect_backup_dump_size_bytes | 1000x9 500x200`,
			`prefect_backup_refused_bytes{what="copy"} | 0x200; prefect_backup_refused_bytes{what="dump"} | 0x200`,
		},
	},
	{
		alert: "BackupShrank", is: "warning backup", step: 10 * minute,
		input: []string{`prefect_backup_dump_size_bytes | 1000x9 499x1100`},
		fires: 110 * minute, over: 7*24*hour + 90*minute,
		says: "The copy or the dump has 499B, less than half of what it had, or no table.",
	},
	{
		alert: "BackupShrank", is: "warning backup",
		input: []string{`prefect_backup_refused_bytes{what="dump"} | 0x9 499x60 0x20`},
		fires: 20 * minute, over: 71 * minute,
		with: map[string]string{"what": "dump"},
		says: "The copy or the dump has 499B, less than half of what it had, or no table.",
	},
	{
		alert: "RestoreTestFailed", is: "critical backup",
		input: []string{`prefect_backup_restore_test_failed | 0x9 1x30 0x20`},
		fires: 15 * minute, over: 41 * minute,
		says:  "It was made a database, and that could not be done, or what came out is not what was copied. It is tried again within the hour.",
		quiet: []string{`prefect_backup_restore_test_failed | 0x200`},
	},
	{
		alert: "RestoreTestTooOld", is: "warning backup", step: hour,
		input: []string{`prefect_backup_restore_test_last_success_timestamp_seconds | 0x400 1443600x10`},
		fires: 15*24*hour + 2*hour, over: 401 * hour,
		says: "The last test that succeeded was 15d 2h 0m 0s ago.",
		last: "The last test that succeeded was 16d 16h 0m 0s ago.",
	},
	{
		alert: "BackupReportBroken", is: "warning backup",
		input: []string{`node_textfile_scrape_error | 0x4 1x20 0x60`},
		fires: 20 * minute, over: 26 * minute,
		says:  "The node exporter does not understand one of its text files, so the age of the backup may be unknown.",
		quiet: []string{`node_textfile_scrape_error | 0x200`},
	},
}
