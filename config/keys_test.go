package config

import (
	"slices"
	"testing"
)

func TestKeys_HasPlainKeysSecretsAndThoseOfTheEngine(t *testing.T) {
	keys := Keys()
	for _, want := range []string{"prefect-platform:edge", "prefect-platform:tlsKey", "docker:host"} {
		if !slices.Contains(keys, want) {
			t.Errorf("%s is missing in %v", want, keys)
		}
	}
	for _, key := range keys {
		if key == "prefect-platform:-" || key == "prefect-platform:" {
			t.Errorf("%q is no key", key)
		}
	}
}
