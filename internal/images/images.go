// Package images lists every image that the platform runs, in one place. What is tested is what is pinned.
package images

import "prefect-platform/config"

// Name is a key of config.Images.Override.
type Name string

// The images of the platform.
const (
	Prefect  Name = "prefect"
	Postgres Name = "postgres"
	Redis    Name = "redis"
	Nginx    Name = "nginx"
	Restic   Name = "restic"
	Lego     Name = "lego"

	Prometheus       Name = "prometheus"
	Alertmanager     Name = "alertmanager"
	Grafana          Name = "grafana"
	PostgresExporter Name = "postgresExporter"
	NodeExporter     Name = "nodeExporter"
	BlackboxExporter Name = "blackboxExporter"
	Loki             Name = "loki"
)

// PrefectVersion is the release that the launchers in components/prefect/files were tested with.
const PrefectVersion = "3.8.8"

// pins are exact tags; `make pin` adds digests where a registry answers. All are on Docker Hub, those too that their makers also put elsewhere: so one prefix
// is enough for a mirror.
var pins = map[Name]string{
	Prefect:  "prefecthq/prefect:" + PrefectVersion + "-python3.13",
	Postgres: "postgres:18.6",
	Redis:    "redis:8.0.6",
	Nginx:    "nginxinc/nginx-unprivileged:1.30.6",
	Restic:   "restic/restic:0.19.1",
	Lego:     "goacme/lego:v4.35.2",

	Prometheus:       "prom/prometheus:v3.13.5", // long-term support until 2027-07-31
	Alertmanager:     "prom/alertmanager:v0.33.1",
	Grafana:          "grafana/grafana:12.4.12", // 13 has Prometheus as a plugin that it wants to update from outside at each start
	PostgresExporter: "prometheuscommunity/postgres-exporter:v0.19.1",
	NodeExporter:     "prom/node-exporter:v1.12.1",
	BlackboxExporter: "prom/blackbox-exporter:v0.28.0",
	Loki:             "grafana/loki:3.7.8",
}

// Resolve returns the reference under which the engine gets an image: the override if there is one, else the pin, behind the mirror's prefix.
func Resolve(from config.Images, name Name) string {
	if override := from.Override[string(name)]; override != "" {
		return override
	}
	if from.Registry != "" {
		return from.Registry + "/" + pins[name]
	}
	return pins[name]
}

// PostgresMajor is the major version of PostgreSQL that a stack runs.
func PostgresMajor(from config.Images) int { return config.PostgresMajor(Resolve(from, Postgres)) }

// Pins returns a copy of all pins.
func Pins() map[Name]string {
	all := make(map[Name]string, len(pins))
	for name, reference := range pins {
		all[name] = reference
	}
	return all
}
