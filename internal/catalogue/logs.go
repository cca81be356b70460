package catalogue

import "time"

// collectorMetrics are those of log_collector.py.
var collectorMetrics = map[string][]string{
	"log_collector_lines_total":         {"workload"},
	"log_collector_lines_lost_total":    {"reason"},
	"log_collector_push_failures_total": nil,
	"log_collector_waiting_bytes":       nil,
}

func logRules() Group {
	return Group{Name: "logs", Alerts: []Alert{
		{
			Name: "LogsNotStored", Service: Monitoring, Severity: Warning, For: 10 * time.Minute,
			Expr:        `sum(rate(log_collector_push_failures_total[5m])) > 0 unless sum(rate(log_collector_lines_total[5m])) > 0`,
			Summary:     "Loki does not take logs",
			Description: `The collector keeps what comes until its memory is full. On the engine everything is there.`,
		},
		{
			Name: "LogsLost", Service: Monitoring, Severity: Warning,
			Expr:        `sum by (reason) (increase(log_collector_lines_lost_total[15m])) > 0`,
			Summary:     "Lines of logs are missing in Loki",
			Description: `{{ $value | humanize }} within 15 minutes ({{ $labels.reason }}). On the engine they are there.`,
		},
	}}
}

// WorkloadLabel tells of which workload a line in Loki is.
const WorkloadLabel = "workload"

func logsDashboard(s Settings) Dashboard {
	d := Dashboard{
		Name: "logs", Title: "Logs", About: "Where logs are, and how to read them.",
		Rows: []Row{{Title: "Where to look", Panels: []Panel{{
			Title: "Logs", Kind: Note, Width: wholeWidth,
			Text: `Logs are where they are written, on the engine. From the clone of the platform, or wherever its command is:

- ` + "`platform logs`" + ` shows all containers in the order of time, ` + "`--follow`" + ` goes on, ` + "`--since 15m`" + ` bounds it
- ` + "`platform logs api services`" + ` shows some of them
- ` + "`platform logs --flow-run ID`" + ` shows what belongs to one flow run, wherever it ran
- the log of a flow run is also on its page in Prefect, and in ` + "`flows.log`" + ` on the volume ` + "`flow-logs`" + `

Below is what the logs of the edge say in figures.`,
		}}}, {Title: "The edge's log in figures", Panels: []Panel{
			{
				Title: "Answers that are errors", Kind: Graph, Unit: PerSecond, Width: wholeWidth, Alerts: []string{"EdgeErrorsHigh", "EdgeUnauthorizedHigh"}, Waits: "an answer that is an error",
				About:   "Requests by status from 400 on. 401 before the login of a browser is normal.",
				Queries: []Query{{`sum by (route, status) (rate(edge_requests_total{status=~"[45].."}[$__rate_interval]))`, "{{status}} {{route}}"}},
			},
		}}},
	}
	if s.Logs {
		d.Rows = append(d.Rows, collectedLogs)
	}
	return d
}

// collectedLogs are searched by what people choose and type at the top of the page.
var collectedLogs = Row{Title: "All containers", Panels: []Panel{
	{
		Title: "Lines", Kind: Lines, Width: wholeWidth,
		About:   "What the chosen workloads wrote, if it holds the text. An ID of a flow run finds all that belongs to it.",
		Queries: []Query{{Expr: `{` + WorkloadLabel + `=~"$` + WorkloadLabel + `"} |= ${` + SearchVariable + `:doublequote}`}},
	},
	{
		Title: "Lines a second", Kind: Graph, Unit: PerSecond, Width: 12, Alerts: []string{"LogsNotStored"},
		About:   "That Loki has taken, by workload.",
		Queries: []Query{{`sum by (workload) (rate(log_collector_lines_total[$__rate_interval]))`, "{{workload}}"}},
	},
	{
		Title: "Lines lost", Kind: Graph, Unit: PerSecond, Width: 12, Alerts: []string{"LogsLost"},
		About:   "That Loki will never have; on the engine they are there.",
		Queries: []Query{{`sum by (reason) (rate(log_collector_lines_lost_total[$__rate_interval]))`, "{{reason}}"}},
	},
}}
