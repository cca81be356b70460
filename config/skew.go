package config

import (
	"fmt"
	"strings"

	"github.com/blang/semver"
	"github.com/distribution/reference"
)

// PrefectVersion is that of the image that is pinned.
const PrefectVersion = "3.8.8"

// checkSkew refuses workers that are newer than the servers, which do not know what those ask for. Of an image of the team's own, the tag does not say which Prefect is in it.
func (c Config) checkSkew(p *Problems, key, image string) {
	server := semver.MustParse(PrefectVersion)
	if override := c.Images.Override["prefect"]; override != "" {
		var known bool
		if server, known = prefectVersion(override); !known {
			return
		}
	}
	if worker, known := prefectVersion(image); known && worker.GT(server) {
		p.add(key, quote(image), fmt.Sprintf("Prefect %s, which the servers run, or older: upgrade those first (images.override.prefect)", server), "")
	}
}

// PrefectOf is the version of Prefect that an image has, or the image itself where its tag does not say.
func PrefectOf(image string) string {
	if found, known := prefectVersion(image); known {
		return found.String()
	}
	return image
}

// prefectVersion is that in the tag of one of Prefect's own images, from Docker Hub or a mirror of it.
func prefectVersion(image string) (semver.Version, bool) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil || !strings.HasSuffix(reference.Path(named), "prefecthq/prefect") {
		return semver.Version{}, false
	}
	tagged, ok := named.(reference.Tagged)
	if !ok {
		return semver.Version{}, false
	}
	found := version.FindStringSubmatch(tagged.Tag())
	if found == nil || strings.Count(found[1], ".") != 2 {
		return semver.Version{}, false
	}
	parsed, err := semver.Parse(found[1])
	return parsed, err == nil
}
