// Package images provides the container images that the program pins: pulled where a registry answers, else, and only in
// the lab's own engine, built under the same name and with the official image's contract.
package images

import (
	"fmt"
	"slices"
	"strings"

	"prefect-platform/lab/engine"
)

// Image is one pinned image.
type Image struct {
	Name string // as the program names it, with its tag
	Dir  string // folder with its Dockerfile
	Base string // name of one of Bases, which the Dockerfile starts from
	With string // file of another image, from lab/images on, which the Dockerfile finds beside itself
	// Programs are Go packages, whose programs the Dockerfile finds in its folder programs/.
	Programs []string
	Module   string // folder of one of Modules, which has the programs
}

// Base is what Dockerfiles start from: a release of Debian, or made by a Dockerfile from one.
type Base struct{ Name, From string }

// Small has a shell, wget and little more, as the base of the official images of monitoring.
const Small = "busybox"

// Bases lists those that the images need.
var Bases = []Base{{Name: "forky"}, {Name: "trixie"}, {Name: Small, From: "forky"}}

// Module is a Go module of the lab, in a folder of lab/. Its programs are compiled together, because they have most of their packages in common.
type Module struct{ Name, Dir, What string }

// Modules lists those that the images need.
var Modules = []Module{
	{Name: "monitoring", Dir: "monitoring", What: "builds Prometheus and its exporters from their Go modules"},
	{Name: "doubles", Dir: ".", What: "builds the double of Grafana"},
	{Name: "loki", Dir: "loki", What: "builds Loki from its Go module, which takes a quarter of an hour"},
}

// All lists every image that a stack runs.
var All = []Image{
	{Name: "postgres:18.6", Dir: "postgres", Base: "forky"},
	{Name: "redis:8.0.6", Dir: "redis", Base: "forky"},
	{Name: "nginxinc/nginx-unprivileged:1.30.6", Dir: "nginx", Base: "forky"},
	{Name: "prefecthq/prefect:3.8.8-python3.13", Dir: "prefect", Base: "trixie"},
	{Name: "restic/restic:0.19.1", Dir: "restic", Base: "forky"},
	{Name: "goacme/lego:v4.35.2", Dir: "lego", Base: Small},
	{Name: "prom/prometheus:v3.13.5", Dir: "prometheus", Base: Small, Module: "monitoring", Programs: []string{
		"github.com/prometheus/prometheus/cmd/prometheus", "github.com/prometheus/prometheus/cmd/promtool",
	}},
	{Name: "prom/alertmanager:v0.33.1", Dir: "alertmanager", Base: Small},
	{Name: "prometheuscommunity/postgres-exporter:v0.19.1", Dir: "postgres-exporter", Base: Small, Module: "monitoring", Programs: []string{
		"github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter",
	}},
	{Name: "prom/node-exporter:v1.12.1", Dir: "node-exporter", Base: Small, Module: "monitoring", Programs: []string{"github.com/prometheus/node_exporter"}},
	{Name: "prom/blackbox-exporter:v0.28.0", Dir: "blackbox-exporter", Base: Small, Module: "monitoring", Programs: []string{"github.com/prometheus/blackbox_exporter"}},
	{Name: "grafana/grafana:12.4.12", Dir: "grafana", Base: Small, Module: ".", Programs: []string{"prefect-platform/lab/images/grafana"}},
}

// OnDemand lists the images that are provided only when somebody asks for them, because they take long to build.
var OnDemand = []Image{
	{Name: "grafana/loki:3.7.8", Dir: "loki", Base: Small, Module: "loki", Programs: []string{"github.com/grafana/loki/v3/cmd/loki"}},
}

// ForTests lists the images that no stack runs, provided only when somebody asks for them.
var ForTests = []Image{
	{Name: "ghcr.io/letsencrypt/pebble:2.10.0", Dir: "pebble", Base: "forky"},
	{Name: "ghcr.io/letsencrypt/pebble-challtestsrv:2.10.0", Dir: "challtestsrv", Base: "forky"},
}

// Find gives images by their folders.
func Find(dirs []string) ([]Image, error) {
	var found []Image
	known := slices.Concat(All, OnDemand, ForTests, Before)
	for _, dir := range dirs {
		at := slices.IndexFunc(known, func(i Image) bool { return i.Dir == dir })
		if at < 0 {
			return nil, fmt.Errorf("no image is in lab/images/%s", dir)
		}
		found = append(found, known[at])
	}
	return found, nil
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
