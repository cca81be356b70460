package promconf

import (
	"path/filepath"
	"strings"
	"testing"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/golden"
)

func full() *catalogue.Catalogue {
	s := catalogue.Defaults()
	s.Host, s.Replicas, s.Runbooks = "prefect.example.com", 2, "https://git.example.com/platform/docs/runbooks/"
	s.Grafana, s.Logs, s.Backup, s.Canary, s.PrivateCA, s.ACME = true, true, true, true, true, true
	return catalogue.New(s)
}

func TestFiles_AreAsReviewed(t *testing.T) {
	files, err := Files(full(), Retention{Days: 30, MiB: 4096})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		golden.Check(t, name, text)
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
	golden.Check(t, Blackbox, text)
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
