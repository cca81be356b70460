//go:build e2e

package policy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A drill that tries what is no longer written so would tell of it too late.
func TestProgram_HasWhatEachVariantChanges(t *testing.T) {
	all := slices.Concat(mutations, evasions, guarded)
	for _, v := range unwatched {
		all = append(all, v.variant)
	}
	for _, v := range all {
		for _, e := range v.edits {
			text, err := os.ReadFile(filepath.Join("../..", e.file))
			if err != nil {
				t.Error(err)
			}
			if n := strings.Count(string(text), e.old); n != 1 {
				t.Errorf("%s: %s has %q %d times, want once", v.name, e.file, e.old, n)
			}
		}
	}
}
