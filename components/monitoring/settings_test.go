package monitoring

import (
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/catalogue"
)

func TestSettings_BringWhatAStackConfiguresIntoItsRules(t *testing.T) {
	c := config.Default()
	c.Monitoring.Objectives = config.Objectives{AvailabilityPercent: 99.9, SchedulingPercent: 98, LatencyPercent: 94.5}
	c.Monitoring.Thresholds.LateRunsCritical, c.Monitoring.Thresholds.DiskFreePercent = 77, 22
	c.Monitoring.Thresholds.LongestRunMinutes = 90
	c.Backup.Enabled, c.Backup.DrillDays = true, 31
	watched := catalogue.New(Settings(c))
	if err := watched.Check(); err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string]string{
		"AvailabilityBudgetBurnsFast": "slo:availability:error_ratio_1h > 14.4 * 0.001 and",
		"SchedulingBudgetBurnsSlowly": "slo:scheduling:error_ratio_3d > 1 * 0.02 and",
		"LatencyBudgetBurnsFast":      "slo:latency:error_ratio_6h > 6 * 0.055 and",
		"PrefectLateRunsMany":         ">= 77",
		"HostDiskLow":                 "< 0.22",
		"PrefectFlowRunStuck":         "> 5400",
		"RestoreTestTooOld":           "> 5443200", // 63 days
	} {
		found := false
		for _, alert := range watched.Alerts() {
			if alert.Name != name {
				continue
			}
			if found = true; !strings.Contains(alert.Expr, part) {
				t.Errorf("%s says %s, want %q in it", name, alert.Expr, part)
			}
		}
		if !found {
			t.Errorf("there is no %s", name)
		}
	}
}
