//go:build e2e

package policy

import (
	"strings"
	"testing"
)

// unwatched are mistakes in what monitoring is made of, each with what the preview must say of it.
var unwatched = []struct {
	variant
	says string
}{
	{
		one("a scrape of what is not there", "internal/catalogue/jobs.go", `Name: "edge", Endpoint: EdgeExporter,`, `Name: "edge", Endpoint: Endpoint{"edge", 80},`),
		"job edge: edge:80 is no endpoint on the monitoring network",
	},
	{
		one("two scrapes of one name", "internal/catalogue/jobs.go", `Name: "edge", Endpoint: EdgeExporter,`, `Name: "node", Endpoint: EdgeExporter,`),
		"job node: is there twice",
	},
	{
		one("a rule that does not parse", "internal/catalogue/host.go", "`increase(node_vmstat_oom_kill[15m]) > 0`", "`increase(node_vmstat_oom_kill[15m] > 0`"),
		"host: HostOutOfMemory: 1:",
	},
	{
		one("a rule about what nobody measures", "internal/catalogue/host.go", "`increase(node_vmstat_oom_kill[15m]) > 0`", "`increase(node_vmstat_oom_kills[15m]) > 0`"),
		`host: HostOutOfMemory: no job provides "node_vmstat_oom_kills"`,
	},
	{
		one("a route to nobody", "internal/alertconf/alertconf.go", `{Receiver: today, Matchers:`, `{Receiver: "tomorrow", Matchers:`),
		`a route leads to receiver "tomorrow", which is not there`,
	},
	{
		one("a matcher that is none", "internal/alertconf/alertconf.go", `matches("alertname", catalogue.Watchdog)`, `"alertname is Watchdog"`),
		"alertname is Watchdog is no matcher",
	},
	{
		one("a panel about what nobody measures", "internal/catalogue/dashboard_host.go", "{`node_load1`, \"load\"}", "{`node_load2`, \"load\"}"),
		`no job provides "node_load2"`,
	},
	{
		one("a panel of an alert that is not there", "internal/catalogue/dashboard_host.go", `{2 * t.MemoryAvailable, t.MemoryAvailable}, Alerts: []string{"HostMemoryLow"}`, `{2 * t.MemoryAvailable, t.MemoryAvailable}, Alerts: []string{"HostMemoryGone"}`),
		"HostMemoryGone",
	},
	{
		variant{name: "a receiver without its secret", config: map[string]any{"prefect-platform:monitoring.receivers": []any{map[string]any{"name": "team", "kind": "webhook"}}}},
		`"team", of which receiverSecrets holds nothing`,
	},
}

// What monitoring would refuse to load must not get as far as the running system.
func TestProgram_RefusesMonitoringThatWouldNotWork(t *testing.T) {
	b := newBench(t)
	t.Run("group", func(t *testing.T) {
		for _, v := range unwatched {
			t.Run(v.name, func(t *testing.T) {
				t.Parallel()
				out, err := b.plain(t, v.variant)
				if err == nil || !strings.Contains(out, v.says) {
					t.Errorf("want a failure that says %q; exit %v\n%s", v.says, err, out)
				}
			})
		}
	})
}
