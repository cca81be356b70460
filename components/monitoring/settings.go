package monitoring

import (
	"strings"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/tokens"
)

// Settings are those of the catalogue for a stack.
func Settings(c config.Config) catalogue.Settings {
	s := catalogue.Defaults()
	s.Speed = c.Monitoring.Speed
	s.Grafana = c.Monitoring.Grafana.Enabled
	s.Logs = c.Monitoring.Logs.Enabled
	s.Host = c.Host
	if c.Monitoring.RunbooksURL != "" {
		s.Runbooks = strings.TrimSuffix(c.Monitoring.RunbooksURL, "/") + "/"
	}
	s.User = c.Access.User
	s.ACME = c.TLS.Mode == config.ACMEMode
	s.PrivateCA = c.TLS.Mode == config.SelfSigned || s.ACME && c.TLS.ACME.Trust != ""
	s.API = tokens.APIMetricsHost(c.Rotation.API.Active, c.Rotation.API.Generation())
	s.Replicas = c.API.Replicas
	s.APIMemory = c.API.MemoryMiB << 20
	s.Canary = c.Monitoring.Canary
	s.Backup = c.Backup.Enabled
	s.Thresholds.RestoreTestAge = time.Duration(2*c.Backup.DrillDays+1) * 24 * time.Hour // two of them were left out
	s.Pools = nil
	for _, group := range c.Workers {
		s.Pools = append(s.Pools, catalogue.Pool{Name: group.Pool, Workers: group.Replicas})
	}

	t := c.Monitoring.Thresholds
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	share := func(percent int) float64 { return float64(percent) / 100 }
	s.Thresholds.LateRuns, s.Thresholds.LateRunsCritical = t.LateRuns, t.LateRunsCritical
	s.Thresholds.LongestRun, s.Thresholds.TransactionAge = minutes(t.LongestRunMinutes), minutes(t.TransactionMinutes)
	s.Thresholds.CertificateDays, s.Thresholds.CertificateCritical = t.CertificateDays, t.CertificateCriticalDays
	s.Thresholds.DiskFree, s.Thresholds.DiskFreeCritical = share(t.DiskFreePercent), share(t.DiskFreeCriticalPercent)
	s.Thresholds.ConnectionsRatio, s.Thresholds.ErrorRatio = share(t.ConnectionsPercent), share(t.ErrorPercent)

	o := c.Monitoring.Objectives
	s.Objectives = catalogue.SLOs{Availability: o.AvailabilityPercent / 100, Scheduling: o.SchedulingPercent / 100, Latency: o.LatencyPercent / 100}
	return s
}

// Canary is how often a stack's canary runs; 0 when nobody would hear of its absence.
func Canary(c config.Config) time.Duration {
	if !c.Monitoring.Enabled || !c.Monitoring.Canary {
		return 0
	}
	return Settings(c).CanaryInterval()
}
