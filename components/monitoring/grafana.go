package monitoring

import (
	"fmt"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/grafanaconf"
	"prefect-platform/internal/workload"
)

// grafana shows what Prometheus has. Its database is in memory, and made at each start from files: there is nothing to back up, to migrate or to rotate.
func (a Args) grafana(files map[string]string) workload.Spec {
	all := map[string]workload.File{}
	for name, text := range files {
		all[name] = workload.Text(text)
	}
	return workload.Spec{
		Role:      catalogue.Grafana.Host,
		Image:     a.Images.Grafana,
		User:      "472:0",
		Env:       grafanaconf.Environment(a.PublicURL, workload.FilesDir, a.Networks.Subnet),
		Files:     all,
		Tmpfs:     map[string]string{"/var/lib/grafana": fmt.Sprintf("mode=1777,size=%dm", a.Options.Grafana.MemoryMiB/4)}, // counts as memory
		Networks:  []workload.Network{{Name: a.Networks.Mon, Aliases: []string{catalogue.Grafana.Host}}},
		Health:    answers(catalogue.Grafana, catalogue.GrafanaPath+"api/health"),
		MemoryMiB: a.Options.Grafana.MemoryMiB,
		Order:     workload.StopFirst,
	}
}
