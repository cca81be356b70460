package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// observed notes whether a test would have failed.
type observed struct {
	testing.TB
	failed bool
}

func (o *observed) Helper()               {}
func (o *observed) Errorf(string, ...any) { o.failed = true }

func TestCheck_FailsOnADifferenceOnly(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("testdata", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", "a"), []byte("reviewed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"reviewed\n": false, "reviewed": true, "": true} {
		o := &observed{TB: t}
		Check(o, "a", text)
		if o.failed != want {
			t.Errorf("with %q it fails: %v", text, o.failed)
		}
	}
}
