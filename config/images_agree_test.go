package config_test

import (
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/images"
)

func TestPrefectVersion_IsThatOfThePin(t *testing.T) {
	if config.PrefectVersion != images.PrefectVersion {
		t.Errorf("config knows %s, and %s is pinned: change both together", config.PrefectVersion, images.PrefectVersion)
	}
}

// TestImages_CanAllBeOverriddenByTheirPin keeps the names and version rules here in step with the list of pins.
func TestImages_CanAllBeOverriddenByTheirPin(t *testing.T) {
	cfg := config.Default()
	cfg.Edge.Allow = []string{"10.0.0.0/8"}
	cfg.Images.Override = map[string]string{}
	for name, pin := range images.Pins() {
		cfg.Images.Override[string(name)] = pin
	}
	if problems := cfg.Validate(); len(problems) > 0 {
		t.Error(problems)
	}
}
