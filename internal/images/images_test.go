package images

import (
	"regexp"
	"testing"

	"prefect-platform/config"
)

func TestPins_NameAnExactVersion(t *testing.T) {
	exact := regexp.MustCompile(`^[a-z0-9/-]+:\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?(@sha256:[0-9a-f]{64})?$`)
	for name, reference := range Pins() {
		if !exact.MatchString(reference) {
			t.Errorf("%s is pinned to %q", name, reference)
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
