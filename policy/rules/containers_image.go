package rules

import (
	"fmt"
	"regexp"

	"github.com/blang/semver"

	"prefect-platform/config"
	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

// floor is the least version of an image that may run, in the syntax of semver ranges, and what was mended with it.
type floor struct {
	versions semver.Range
	text     string
	why      string
}

// floors hold in every registry: a mirror has the same faults.
var floors = map[images.Name]floor{
	images.Nginx: least(">=1.30.4 <1.31.0 || >=1.31.3", "CVE-2026-42533 (heap overflow by map with a regular expression) and those mended in 1.30.1 to 1.30.3, among them two that run code"),
	images.Postgres: least(">=15.18.0 <16.0.0 || >=16.14.0 <17.0.0 || >=17.10.0 <18.0.0 || >=18.4.0",
		"CVE-2026-6473 (out-of-bounds write, CVSS 8.8) and ten more of 2026-05-14; majors up to 14 get no more updates"),
	images.Redis:      least(">=7.4.6 <8.0.0 || >=8.0.4 <8.2.0 || >=8.2.2", "CVE-2025-49844 (use after free in Lua, runs code)"),
	images.Prefect:    least(">=3.8.3", "Prefect #22819 (git options, runs code on workers), CVE-2026-7722 (authentication passed by the path), CVE-2026-7723; and batches of the task-run recorder, Prefect #22807"),
	images.Prometheus: least(">=3.13.0", "the password of a target, sent on to another host by a redirect (Prometheus 3.13.0), and older releases get no more updates"),
	images.Grafana:    least(">=12.4.2 <13.0.0 || >=13.2.1", "CVE-2026-27876 (SQL expressions, run code) or CVE-2026-12704; releases before 12.4 get no more updates"),
}

func least(versions, why string) floor { return floor{semver.MustParseRange(versions), versions, why} }

// preRelease is what a tag of something unfinished says after its version.
var preRelease = regexp.MustCompile(`(?i)(^|[-_.0-9])(alpha|beta|rc|dev|preview|snapshot)[0-9]*($|[-_.+])`)

var imageRules = []Rule{
	{
		ID:       "containers-image-exact",
		Sentence: "Every image is named by a reference that means the same image tomorrow.",
		Why:      "Docker takes a moved tag for the one it has, or pulls it on another engine: nobody knows then what runs (OWASP ASVS 5.0 15.1.2, pulumi-docker #342). An ID tells nobody what is in it.",
		Resource: func(c *Case) {
			v := c.imageProperty()
			text, ok := v.Text()
			if !ok {
				if (c.Is(tokens.Container) || c.Is(tokens.Image)) && !v.Exists() {
					c.Refuse("it names no image", "give it an image of internal/images")
				}
				return
			}
			image, readable := c.image()
			switch want := config.InexactImage(string(image.kind), text); {
			case !readable:
				c.Refuse(fmt.Sprintf("%s is %q, which does not tell what is in it", v.Path(), text), "name the image as its RemoteImage does, by repository and tag (images.Resolve), and not by its ID")
			case want != "":
				c.Refuse(fmt.Sprintf("%s is %q, which may be another image tomorrow", v.Path(), text), "give it "+want)
			}
		},
	},
	{
		ID:       "containers-image-known",
		Sentence: "Every image is one of the platform's parts, or one that the configuration names for its workers.",
		Why:      "A rule cannot know the faults of an image that it does not know (OWASP ASVS 5.0 15.2.1).",
		Resource: func(c *Case) {
			if image, ok := c.image(); ok && !c.named(image) {
				c.Refuse(fmt.Sprintf("%s is %q, which neither internal/images nor workers[].image names", c.imageProperty().Path(), image.text),
					"name a worker's image in workers[].image and a mirrored one in images.override; for a new part of the platform add its floor to policy/rules/containers_image.go")
			}
		},
	},
	{
		ID:       "containers-image-floor",
		Sentence: "No image is older than the release in which the known faults of its software were mended.",
		Why:      "CVE-2026-42533 of nginx, CVE-2026-6473 of PostgreSQL, CVE-2025-49844 of Redis, CVE-2026-7722 and #22819 of Prefect (OWASP ASVS 5.0 15.2.1).",
		Resource: func(c *Case) {
			image, ok := c.image()
			if !ok || !image.exact() {
				return
			}
			floor, known := floors[image.kind]
			if !known {
				return
			}
			at := c.imageProperty().Path()
			version, told := image.version()
			switch {
			case !told:
				c.Refuse(fmt.Sprintf("%s is %q, whose version nobody can tell", at, image.text), "keep the tag beside the digest, as in postgres:18.6@sha256:…")
			case !floor.versions(version) || preRelease.MatchString(image.tag):
				c.Refuse(fmt.Sprintf("%s is %q, which lacks what mends %s", at, image.text, floor.why), fmt.Sprintf("use a release that is %s, best the pinned one (%s)", floor.text, images.Pins()[image.kind]))
			}
		},
	},
	{
		ID:         "containers-image-digest",
		Sentence:   "In production every image is pinned by its digest, unless it is a pin of internal/images that has none yet.",
		Why:        "A tag can be moved by whoever may push to the registry, and a mirror can answer with anything (CIS Docker 4.2, 4.4). Whether the engine's image was made by the lab is not to be seen here; `platform up` refuses that in production by its label.",
		Production: true,
		Resource: func(c *Case) {
			if image, ok := c.image(); ok && image.exact() && !image.digest && !c.pinned(image) {
				c.Refuse(fmt.Sprintf("%s is %q, without a digest", c.imageProperty().Path(), image.text), "add the digest to the tag, repository:tag@sha256:…; docker buildx imagetools inspect tells it")
			}
		},
	},
	{
		ID:       "containers-image-pulled",
		Sentence: "Images are pulled, and not built while a stack is updated.",
		Why:      "What is built on the way was neither tested nor scanned, and runs commands of a Dockerfile on the engine that holds the data (CIS Docker 4.3, OWASP ASVS 5.0 15.1.2).",
		Resource: func(c *Case) {
			if c.Is(tokens.Image) && !c.Property("build").Empty() && !c.Property("build").Unknown() {
				c.Refuse("build is set", "build the image in its own pipeline, push it, and name it by tag and digest")
			}
		},
	},
}
