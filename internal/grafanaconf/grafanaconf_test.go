package grafanaconf

import (
	"net/netip"
	"path"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/golden"
)

func whole(t *testing.T) (*catalogue.Catalogue, map[string]string) {
	t.Helper()
	s := catalogue.Defaults()
	s.Grafana, s.Canary, s.Logs = true, true, true
	c := catalogue.New(s)
	files, err := Files(c, "/etc/platform")
	if err != nil {
		t.Fatal(err)
	}
	return c, files
}

func TestFiles_AreAsReviewed(t *testing.T) {
	_, files := whole(t)
	for name, content := range files {
		golden.Check(t, path.Base(path.Dir(name))+"-"+path.Base(name), content)
	}
	settings, err := yaml.Marshal(Environment("https://prefect.example.com", "/etc/platform", netip.MustParsePrefix("10.213.3.0/24")))
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "settings.yaml", string(settings))
}

func TestFiles_HoldAPageForEachDashboard(t *testing.T) {
	c, files := whole(t)
	for _, d := range c.Dashboards {
		if files[page(d.Name)] == "" {
			t.Errorf("%s is missing", d.Name)
		}
	}
	if want := len(c.Dashboards) + 2; len(files) != want {
		t.Errorf("%d files, want %d", len(files), want)
	}
}

func TestFiles_HaveNothingThatGrafanaTakesForAVariable(t *testing.T) {
	_, files := whole(t)
	for name, content := range files {
		if strings.HasPrefix(name, provisioning) && strings.Contains(content, "$") {
			t.Errorf("%s has a $: %s", name, content)
		}
	}
}
