package monitoring

import (
	"path/filepath"
	"testing"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/promconf"
)

// write puts everything that Prometheus reads into a folder.
func write(t *testing.T, c *catalogue.Catalogue) string {
	t.Helper()
	dir := t.TempDir()
	files, err := promconf.Files(c, promconf.Retention{Days: 15, MiB: 1024})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		save(t, dir, name, text)
	}
	save(t, dir, catalogue.PasswordFile, "secret")
	return dir
}

func TestPrometheus_AcceptsItsConfiguration(t *testing.T) {
	sixtyfold := settings()
	sixtyfold.Speed = 60
	for name, s := range map[string]catalogue.Settings{"all": settings(), "the least": catalogue.Defaults(), "sixtyfold": sixtyfold} {
		dir := write(t, catalogue.New(s))
		output, err := promtool(t, "check", "config", "--lint=all", "--lint-fatal", filepath.Join(dir, promconf.Config))
		if err != nil {
			t.Errorf("%s: %s\n%s", name, err, output)
		}
	}
}
