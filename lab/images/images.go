// Package images provides the container images that the program pins: pulled where a registry answers, else, and only in
// the lab's own engine, built under the same name and with the official image's contract.
package images

import (
	"strings"

	"prefect-platform/lab/engine"
)

// Image is one pinned image.
type Image struct {
	Name string // as the program names it, with its tag
	Dir  string // folder with its Dockerfile
	Base string // name of one of Bases, which the Dockerfile starts from
	// Programs are Go packages, whose programs the Dockerfile finds in its folder programs/.
	Programs []string
}

// Base is what Dockerfiles start from: a release of Debian, or made by a Dockerfile from one.
type Base struct{ Name, From string }

// Small has a shell, wget and little more, as the base of the official images of monitoring.
const Small = "busybox"

// Bases lists those that the images need.
var Bases = []Base{{Name: "forky"}, {Name: "trixie"}, {Name: Small, From: "forky"}}

// All lists every image that a stack runs.
var All = []Image{
	{Name: "postgres:18.6", Dir: "postgres", Base: "forky"},
	{Name: "redis:8.0.6", Dir: "redis", Base: "forky"},
	{Name: "nginxinc/nginx-unprivileged:1.30.6", Dir: "nginx", Base: "forky"},
	{Name: "prefecthq/prefect:3.8.8-python3.13", Dir: "prefect", Base: "trixie"},
	{Name: "prom/prometheus:v3.13.5", Dir: "prometheus", Base: Small, Programs: []string{
		"github.com/prometheus/prometheus/cmd/prometheus", "github.com/prometheus/prometheus/cmd/promtool",
	}},
	{Name: "prom/alertmanager:v0.33.1", Dir: "alertmanager", Base: Small},
	{Name: "prometheuscommunity/postgres-exporter:v0.19.1", Dir: "postgres-exporter", Base: Small, Programs: []string{
		"github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter",
	}},
	{Name: "prom/node-exporter:v1.12.1", Dir: "node-exporter", Base: Small, Programs: []string{"github.com/prometheus/node_exporter"}},
	{Name: "prom/blackbox-exporter:v0.28.0", Dir: "blackbox-exporter", Base: Small, Programs: []string{"github.com/prometheus/blackbox_exporter"}},
	{Name: "grafana/grafana:12.4.12", Dir: "grafana", Base: Small, Programs: []string{"prefect-platform/lab/images/grafana"}},
}

// version is that in the image's tag.
func (i Image) version() string {
	_, tag, _ := strings.Cut(i.Name, ":")
	return strings.TrimPrefix(tag, "v")
}

const (
	// madeLabel marks every image made here, so that nobody takes it for the official one: a production stack refuses it.
	madeLabel = engine.Label + "=true"
	// inputsLabel holds the fingerprint of what an image was made from.
	inputsLabel = engine.Label + ".inputs"
)

// baseName is the image that a Dockerfile here starts from.
func baseName(suite string) string { return "prefect-platform-lab/base:" + suite }
