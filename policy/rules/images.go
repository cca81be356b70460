package rules

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/blang/semver"
	"github.com/distribution/reference"

	"prefect-platform/config"
	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

// imageRef is a reference to an image.
type imageRef struct {
	text string
	// kind is the part of the platform that the image holds; empty for one that is known only to the team.
	kind   images.Name
	tag    string
	digest bool
}

// repositories are the last parts of the names under which images of the platform's parts are known, in every registry.
var repositories = map[string]images.Name{
	"prefect": images.Prefect, "postgres": images.Postgres, "redis": images.Redis, "nginx": images.Nginx, "nginx-unprivileged": images.Nginx,
	"restic":     images.Restic,
	"lego":       images.Lego,
	"prometheus": images.Prometheus, "alertmanager": images.Alertmanager, "grafana": images.Grafana,
	"postgres-exporter": images.PostgresExporter, "node-exporter": images.NodeExporter, "blackbox-exporter": images.BlackboxExporter, "loki": images.Loki,
}

// prefectRepository ends the names of Prefect's own images, on Docker Hub and on mirrors of it.
const prefectRepository = "prefecthq/prefect"

// imageProperty is where the resource that is judged names an image.
func (c *Case) imageProperty() Value {
	switch {
	case c.Is(tokens.Container):
		return c.Property("image")
	case c.Is(tokens.Image):
		return c.Property("name")
	default:
		return Value{}
	}
}

// image is the image that the judged resource names. ok is false if there is none, it is unknown, or it is no reference, which is refused by image-exact.
func (c *Case) image() (imageRef, bool) { return c.imageAt(c.imageProperty()) }

func (c *Case) imageAt(v Value) (imageRef, bool) {
	text, ok := v.Text()
	if !ok {
		return imageRef{}, false
	}
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil || strings.HasPrefix(text, "sha256:") {
		return imageRef{}, false
	}
	image := imageRef{text: text, kind: repositories[path.Base(reference.Path(named))]}
	if c.ofTheTeam(text) && !strings.HasSuffix(reference.Path(named), prefectRepository) {
		image.kind = "" // the team's own image of that name
	}
	if tagged, ok := named.(reference.Tagged); ok {
		image.tag = tagged.Tag()
	}
	_, image.digest = named.(reference.Digested)
	if image.kind == "" {
		image.kind = c.overridden(text)
	}
	return image, true
}

// overridden is the part of the platform for which the configuration names an image.
func (c *Case) overridden(text string) images.Name {
	for name, override := range c.imagesConfig().Override {
		if override == text {
			return images.Name(name)
		}
	}
	return ""
}

func (c *Case) imagesConfig() config.Images {
	var chosen config.Images
	_ = json.Unmarshal([]byte(c.Config[config.Namespace+":images"]), &chosen) // what cannot be read, the program refuses
	return chosen
}

// workers are the worker groups that the configuration describes.
func (c *Case) workers() []config.Worker {
	var groups []config.Worker
	_ = json.Unmarshal([]byte(c.Config[config.Namespace+":workers"]), &groups) // what cannot be read, the program refuses
	return groups
}

// ofTheTeam reports whether the configuration names an image for a worker group.
func (c *Case) ofTheTeam(text string) bool {
	return slices.ContainsFunc(c.workers(), func(w config.Worker) bool { return w.Image == text })
}

var numbers = regexp.MustCompile(`^v?([0-9]+(?:\.[0-9]+){0,2})(?:$|[-_+])`)

// exact reports whether the reference means the same image tomorrow; if not, containers-image-exact says so, and what else is wrong with it is of no interest.
func (i imageRef) exact() bool { return config.InexactImage(string(i.kind), i.text) == "" }

// version is that in the image's tag.
func (i imageRef) version() (semver.Version, bool) {
	found := numbers.FindStringSubmatch(i.tag)
	if found == nil {
		return semver.Version{}, false
	}
	v, err := semver.ParseTolerant(found[1])
	return v, err == nil
}

// pinned reports whether the image is just what internal/images pins, which is what the tests ran with, from Docker Hub or from the mirror that the configuration names.
func (c *Case) pinned(i imageRef) bool {
	return i.kind != "" && i.text == images.Resolve(config.Images{Registry: c.imagesConfig().Registry}, i.kind)
}

// named reports whether the image is one of the platform's parts as internal/images and the configuration name them, or one that the configuration names for its workers.
func (c *Case) named(i imageRef) bool {
	if c.ofTheTeam(i.text) || c.overridden(i.text) != "" {
		return true
	}
	text := i.text
	if mirror := c.imagesConfig().Registry; mirror != "" {
		text = strings.TrimPrefix(text, mirror+"/")
	}
	named, err := reference.ParseNormalizedNamed(text)
	return err == nil && slices.Contains(official, named.Name())
}

// official are the repositories from which the platform's parts come, or the mirror that the configuration names has them.
var official = []string{
	"docker.io/prefecthq/prefect", "docker.io/library/postgres", "docker.io/library/redis", "docker.io/nginxinc/nginx-unprivileged", "docker.io/library/nginx",
	"docker.io/restic/restic", "docker.io/goacme/lego",
	"docker.io/prom/prometheus", "docker.io/prom/alertmanager", "docker.io/grafana/grafana", "docker.io/grafana/loki",
	"docker.io/prometheuscommunity/postgres-exporter", "docker.io/prom/node-exporter", "docker.io/prom/blackbox-exporter",
}
