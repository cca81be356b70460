// Package images provides the container images that the program pins: pulled where a registry answers, else, and only in
// the lab's own engine, built under the same name and with the official image's contract.
package images

import (
	"prefect-platform/lab/engine"
)

// Image is one pinned image.
type Image struct {
	Name string // as the program names it, with its tag
	Dir  string // folder with its Dockerfile
	Base string // Debian release that the Dockerfile starts from
}

// All lists every image that a stack runs.
var All = []Image{
	{Name: "postgres:18.6", Dir: "postgres", Base: "forky"},
	{Name: "redis:8.0.6", Dir: "redis", Base: "forky"},
	{Name: "nginxinc/nginx-unprivileged:1.30.6", Dir: "nginx", Base: "forky"},
	{Name: "prefecthq/prefect:3.8.8-python3.13", Dir: "prefect", Base: "trixie"},
}

const (
	// madeLabel marks every image made here, so that nobody takes it for the official one: a production stack refuses it.
	madeLabel = engine.Label + "=true"
	// inputsLabel holds the fingerprint of what an image was made from.
	inputsLabel = engine.Label + ".inputs"
)

// baseName is the image that a Dockerfile here starts from.
func baseName(suite string) string { return "prefect-platform-lab/base:" + suite }

// Bases lists the Debian releases that the given images start from, each once.
func Bases(images []Image) []string {
	var suites []string
	seen := map[string]bool{}
	for _, image := range images {
		if !seen[image.Base] {
			seen[image.Base] = true
			suites = append(suites, image.Base)
		}
	}
	return suites
}
