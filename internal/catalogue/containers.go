package catalogue

import "time"

// containerMetrics have cAdvisor's names.
var containerMetrics = map[string][]string{
	"container_oom_events_total":         {"id", "image", "name"},
	"container_start_time_seconds":       {"id", "image", "name"},
	"container_memory_working_set_bytes": {"id", "image", "name"},
	"container_spec_memory_limit_bytes":  {"id", "image", "name"},
}

func containerRules() Group {
	return Group{Name: "containers", Alerts: []Alert{
		{
			Name: "ContainerOutOfMemory", Service: Containers, Severity: Warning,
			Expr:        `sum by (name) (increase(container_oom_events_total{name!=""}[15m])) > 0`,
			Summary:     "A container reached its memory limit",
			Description: `The kernel ended a process of {{ $labels.name }}.`,
		},
		{
			Name: "ContainerRestarting", Service: Containers, Severity: Warning,
			Expr:        `changes(container_start_time_seconds{name!=""}[15m]) > 2`,
			Summary:     "A container restarts again and again",
			Description: `{{ $labels.name }} started {{ $value | humanize }} times in 15 minutes.`,
		},
		{
			Name: "ContainerMemoryHigh", Service: Containers, Severity: Warning, For: 15 * time.Minute,
			Expr:        `container_memory_working_set_bytes{name!=""} / (container_spec_memory_limit_bytes > 0) > 0.9`,
			Summary:     "A container is close to its memory limit",
			Description: `{{ $labels.name }} uses {{ $value | humanizePercentage }} of what it may.`,
		},
	}}
}
