package promconf

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prefect-platform/internal/catalogue"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

func full() *catalogue.Catalogue {
	s := catalogue.Defaults()
	s.Host, s.Replicas, s.Runbooks = "prefect.example.com", 2, "https://git.example.com/platform/docs/runbooks/"
	s.Grafana, s.Containers, s.Backup, s.Canary, s.PrivateCA = true, true, true, true, true
	return catalogue.New(s)
}

func TestFiles_AreAsReviewed(t *testing.T) {
	files, err := Files(full(), Retention{Days: 30, MiB: 4096})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		golden(t, name, text)
	}
	if reviewed, _ := filepath.Glob("testdata/*.rules.yml"); len(reviewed) != len(files)-1 {
		t.Errorf("%d files of rules were reviewed and %d are written", len(reviewed), len(files)-1)
	}
}

func TestModules_AreAsReviewed(t *testing.T) {
	text, err := Modules(full())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, Blackbox, text)
}

func TestFiles_HoldNoSecret(t *testing.T) {
	files, err := Files(full(), Retention{Days: 30, MiB: 4096})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		for _, inline := range []string{"password:", "credentials:", "bearer_token:"} {
			if strings.Contains(text, inline) {
				t.Errorf("%s has %s", name, inline)
			}
		}
	}
}
