package images

import (
	"regexp"
	"strings"
	"testing"

	"github.com/distribution/reference"

	"prefect-platform/config"
)

func TestPins_NameAnExactVersion(t *testing.T) {
	exact := regexp.MustCompile(`^[a-z0-9/-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?(@sha256:[0-9a-f]{64})?$`)
	for name, reference := range Pins() {
		if !exact.MatchString(reference) {
			t.Errorf("%s is pinned to %q", name, reference)
		}
	}
}

// A prefix before the host of a registry would make a name that no mirror has.
func TestPins_AreAllOnDockerHub(t *testing.T) {
	for name, pin := range Pins() {
		named, err := reference.ParseNormalizedNamed(pin)
		if err != nil || reference.Domain(named) != "docker.io" || strings.HasPrefix(pin, "docker.io/") {
			t.Errorf("%s is pinned to %q (%v)", name, pin, err)
		}
	}
}

func TestResolve_PutsTheMirrorBeforeThePin(t *testing.T) {
	got := Resolve(config.Images{Registry: "mirror.example.com/hub"}, Postgres)
	if want := "mirror.example.com/hub/" + Pins()[Postgres]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestResolve_TakesAnOverrideAsItIs(t *testing.T) {
	own := "registry.example.com/data/prefect:3.8.8-7"
	got := Resolve(config.Images{Registry: "mirror.example.com/hub", Override: map[string]string{"prefect": own}}, Prefect)
	if got != own {
		t.Errorf("got %s, want %s", got, own)
	}
}
