package rules

import "prefect-platform/internal/tokens"

var _ = prove("monitoring-receivers", proof{
	fails:   []fixture{{name: "nobody", add: component(tokens.Monitoring, monitoringOf(tokens.InputReceivers, []any{})), found: "no receiver"}},
	unknown: []fixture{{name: "receivers", add: component(tokens.Monitoring, monitoringOf(tokens.InputReceivers, computed))}},
})

var _ = prove("monitoring-watchdog", proof{
	fails: []fixture{
		{name: "none", add: component(tokens.Monitoring, monitoringOf(tokens.InputWatchdog, "")), found: "no watchdog"},
		{name: "on the host", add: component(tokens.Monitoring, monitoringOf(tokens.InputWatchdog, "https://localhost/alive")), found: "no watchdog"},
	},
	unknown: []fixture{{name: "watchdog", add: component(tokens.Monitoring, monitoringOf(tokens.InputWatchdog, computed))}},
})

var _ = prove("monitoring-scraped", proof{
	fails:   []fixture{{name: "one that nobody asks", add: component(tokens.Monitoring, monitoringOf(tokens.InputExempt, []any{"nginx"})), found: `"redis"`}},
	unknown: []fixture{{name: "scraped", add: component(tokens.Monitoring, monitoringOf(tokens.InputScraped, computed))}},
})

// monitoringOf is a monitoring as it should be, but for one input.
func monitoringOf(input string, value any) map[string]any {
	all := map[string]any{
		tokens.InputReceivers: []any{"mail"}, tokens.InputWatchdog: "https://hc.example.com/x",
		tokens.InputScraped: []any{"postgres", "api", "services", "worker-default"}, tokens.InputExempt: []any{"nginx", "redis"},
	}
	all[input] = value
	return all
}
