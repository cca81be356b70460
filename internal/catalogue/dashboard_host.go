package catalogue

import "fmt"

func hostDashboard(s Settings) Dashboard {
	t := s.Thresholds
	free := fmt.Sprintf(`node_filesystem_avail_bytes{%s} / node_filesystem_size_bytes`, disks)
	return Dashboard{
		Name: "host", Title: "Host", About: "The machine that Docker runs on, and monitoring itself.",
		Rows: []Row{
			{Title: "Now", Panels: []Panel{
				{
					Title: "Processors used", Kind: Number, Unit: Ratio, Width: 6, Levels: &Levels{0.8, t.CPUUsed}, Alerts: []string{"HostCpuBusy"},
					About:   "Of all processors.",
					Queries: []Query{{Expr: `1 - avg(rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval]))`}},
				},
				{
					Title: "Memory available", Kind: Number, Unit: Ratio, Width: 6, Levels: &Levels{2 * t.MemoryAvailable, t.MemoryAvailable}, Alerts: []string{"HostMemoryLow"},
					About:   "What programs can have without others losing theirs.",
					Queries: []Query{{Expr: `min(node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)`}},
				},
				{
					Title: "Disk free", Kind: Number, Unit: Ratio, Width: 6, Levels: &Levels{t.DiskFree, t.DiskFreeCritical}, Alerts: []string{"HostDiskLow", "HostDiskFull"},
					About:   "Of the disk on which Docker keeps everything.",
					Queries: []Query{{Expr: `min(` + free + `)`}},
				},
				{
					Title: "Processes ended for want of memory", Kind: Number, Unit: Count, Width: 6, Levels: &Levels{1, 5}, Alerts: []string{"HostOutOfMemory"},
					About:   "By the kernel, within an hour.",
					Queries: []Query{{Expr: `increase(node_vmstat_oom_kill[1h])`}},
				},
			}},
			{Title: "Over time", Panels: []Panel{
				{
					Title: "Processors", Kind: Graph, Unit: Ratio, Width: 12, Alerts: []string{"HostCpuBusy"},
					About:   "By what they do, as a share of all processors.",
					Queries: []Query{{`sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[$__rate_interval])) / scalar(count(node_cpu_seconds_total{mode="idle"}))`, "{{mode}}"}},
				},
				{
					Title: "Memory", Kind: Graph, Unit: Bytes, Width: 12, Alerts: []string{"HostMemoryLow"},
					About:   "Available, of all that there is.",
					Queries: []Query{{`node_memory_MemAvailable_bytes`, "available"}, {`node_memory_MemTotal_bytes`, "all"}},
				},
				{
					Title: "Disk", Kind: Graph, Unit: Bytes, Width: 12, Alerts: []string{"HostDiskFillsWithinADay"},
					About: "Free space where Docker keeps everything.",
					Queries: []Query{
						{`node_filesystem_avail_bytes{` + disks + `}`, "free of {{device}}"},
						{`node_filesystem_size_bytes{` + disks + `}`, "size of {{device}}"},
					},
				},
				{
					Title: "Disks busy", Kind: Graph, Unit: Ratio, Width: 12, Alerts: []string{"HostDiskBusy"},
					About:   "The share of time in which a disk had something to do.",
					Queries: []Query{{`rate(node_disk_io_time_seconds_total[$__rate_interval])`, "{{device}}"}},
				},
				{
					Title: "Load", Kind: Graph, Unit: Count, Width: 8,
					About:   "Processes that run or wait, on average over a minute. More than there are processors means waiting.",
					Queries: []Query{{`node_load1`, "load"}, {`count(node_cpu_seconds_total{mode="idle"})`, "processors"}},
				},
				{
					Title: "Open files", Kind: Graph, Unit: Ratio, Width: 8, Alerts: []string{"HostFilesHigh"},
					About:   "Of what the kernel allows.",
					Queries: []Query{{`node_filefd_allocated / node_filefd_maximum`, "open"}},
				},
				{
					Title: "Inodes free", Kind: Graph, Unit: Ratio, Width: 8, Alerts: []string{"HostInodesLow"},
					About:   "Files that can still be made.",
					Queries: []Query{{fmt.Sprintf(`node_filesystem_files_free{%s} / (node_filesystem_files > 0)`, disks), "{{device}}"}},
				},
			}},
			{Title: "Monitoring itself", Panels: []Panel{
				{
					Title: "Sources that answer", Kind: Graph, Unit: Count, Width: 8, Alerts: []string{"TargetDown", "TargetMissing"},
					About:   "1 for each source that could be asked.",
					Queries: []Query{{`sum by (job) (up)`, "{{job}}"}},
				},
				{
					Title: "Notifications", Kind: Graph, Unit: PerSecond, Width: 8, Alerts: []string{"AlertmanagerNotificationsFailing"},
					About: "Sent by Alertmanager, and those that failed, by kind of receiver.",
					Queries: []Query{
						{`sum by (integration) (rate(alertmanager_notifications_total[$__rate_interval]))`, "sent by {{integration}}"},
						{`sum by (integration) (rate(alertmanager_notifications_failed_total[$__rate_interval]))`, "failed by {{integration}}"},
					},
				},
				{
					Title: "Series", Kind: Graph, Unit: Count, Width: 8,
					About:   "What Prometheus holds in memory.",
					Queries: []Query{{`prometheus_tsdb_head_series`, "series"}},
				},
			}},
		},
	}
}
