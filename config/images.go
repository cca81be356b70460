package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
)

// exactParts is how many numbers the version in an exact tag has, for each image that Images.Override may name: "18" of PostgreSQL moves, "18.6" does not.
var exactParts = map[string]int{
	"postgres": 2, "redis": 3, "prefect": 3, "nginx": 3, "restic": 3, "lego": 3,
	"prometheus": 3, "alertmanager": 3, "grafana": 3, "postgresExporter": 3, "nodeExporter": 3, "blackboxExporter": 3, "loki": 3,
}

func (c Config) checkImages(p *Problems) {
	if registry := c.Images.Registry; registry != "" && !validRegistry(registry) {
		const key, want = "images.registry", "a host name with an optional path, such as mirror.example.com/hub"
		_, bare, found := strings.Cut(registry, "://")
		if !found {
			bare = registry
		}
		if bare = strings.TrimSuffix(bare, "/"); validRegistry(bare) {
			p.add(key, quote(registry), want+", without scheme or slash at the end", set(key, bare))
		} else {
			p.add(key, quote(registry), want, "")
		}
	}
	known := slices.Sorted(maps.Keys(exactParts))
	for _, name := range slices.Sorted(maps.Keys(c.Images.Override)) {
		key := join("images.override", name)
		parts, ok := exactParts[name]
		if !ok {
			p.unknown(key, name, known)
			continue
		}
		checkImage(p, key, c.Images.Override[name], parts)
		if text := c.Images.Override[name]; name == "postgres" && exact(text, parts) == "" && !slices.Contains(PostgresMajors, PostgresMajor(text)) {
			p.add(key, quote(text), fmt.Sprintf("a tag with its version, of %d or %d, also beside a digest: it says which volume has the data", PostgresMajors[0], PostgresMajors[1]), "")
		}
	}
}

// PostgresMajors are the major versions of PostgreSQL that a stack can run: the one that is pinned and the one that it may come from.
var PostgresMajors = []int{17, 18}

// PostgresMajor is the major version that a reference to an image of PostgreSQL names; 0 when its tag does not say.
func PostgresMajor(text string) int {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return 0
	}
	tagged, ok := named.(reference.Tagged)
	if !ok {
		return 0
	}
	found := version.FindStringSubmatch(tagged.Tag())
	if found == nil {
		return 0
	}
	major, _, _ := strings.Cut(found[1], ".")
	number, err := strconv.Atoi(major)
	if err != nil {
		return 0
	}
	return number
}

// validRegistry wants a host first, which the engine knows by its dot, its port, or by being localhost; without it "hub" would be a user of Docker Hub.
func validRegistry(prefix string) bool {
	named, err := reference.ParseNamed(prefix + "/image")
	return err == nil && named.Name() == prefix+"/image"
}

var (
	movingWord = regexp.MustCompile(`(^|[-._])(latest|stable|edge|nightly|main|master|dev|develop|lts|rolling)($|[-._])`)
	commit     = regexp.MustCompile(`^(sha-)?[0-9a-f]{7,40}$`)
	version    = regexp.MustCompile(`^v?([0-9]+(?:\.[0-9]+)*)(?:$|[-_+])`)
)

// checkImage wants a reference that names the same image tomorrow. parts is how many numbers a version in the tag must have.
func checkImage(p *Problems, key, text string, parts int) {
	if want := exact(text, parts); want != "" {
		p.add(key, quoteOrNothing(text), want, "")
	}
}

// InexactImage says what a reference must be to name the same image tomorrow; empty if it does. name is that of Images.Override for which the image is, empty for
// one of the team's own.
func InexactImage(name, text string) string {
	parts, ok := exactParts[name]
	if !ok {
		parts = 1
	}
	return exact(text, parts)
}

func exact(text string, parts int) (want string) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return "an image reference such as registry.example.com/team/flows:1.4.2"
	}
	if _, pinned := named.(reference.Digested); pinned {
		return ""
	}
	tagged, ok := named.(reference.Tagged)
	if !ok {
		return "an exact tag or a digest: without one, the engine takes what is latest"
	}
	// Workers may run Prefect's own images, from Docker Hub or a mirror of it.
	if strings.HasSuffix(reference.Path(named), "prefecthq/prefect") {
		parts = exactParts["prefect"]
	}
	switch {
	case !moves(tagged.Tag(), parts):
		return ""
	case parts > 1:
		return fmt.Sprintf("a tag with a version of %d numbers, or a digest", parts)
	default:
		return "a tag that is never given to another image, or a digest"
	}
}

// moves tells whether a tag is known to be given to newer images. A first number from 1000 on is a year or the number of a build, which stay.
func moves(tag string, parts int) bool {
	if movingWord.MatchString(tag) || !strings.ContainsAny(tag, "0123456789") {
		return true
	}
	found := version.FindStringSubmatch(tag)
	if found == nil {
		return parts > 1 && !commit.MatchString(tag)
	}
	numbers := strings.Split(found[1], ".")
	if first, err := strconv.Atoi(numbers[0]); err != nil || first >= 1000 {
		return false
	}
	return len(numbers) < parts
}
