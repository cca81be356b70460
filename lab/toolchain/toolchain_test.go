package toolchain

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"prefect-platform/lab/internal/state"
)

func TestNewEnough_StaysWithinTheMajorVersion(t *testing.T) {
	for _, c := range []struct {
		version string
		want    bool
	}{
		{"v3.259.0", true},
		{"3.259.1", true},
		{"v3.300.0", true},
		{"v3.260.0+dirty", true},
		{"v3.260.0-beta.1", true},
		{"v3.258.9", false},
		{"v3.259.0-beta.1", false},
		{"v4.0.0", false},
		{"v2.999.0", false},
		{"", false},
		{"v3", false},
		{"v3.x.1", false},
	} {
		if got := newEnough(c.version, "3.259.0"); got != c.want {
			t.Errorf("%q: %v, want %v", c.version, got, c.want)
		}
	}
}

func TestOfficialCLI_IsOnPathNewEnoughAndNotTheLabs(t *testing.T) {
	dir := state.Dir(t.TempDir())
	elsewhere := t.TempDir()
	for _, c := range []struct {
		name, bin, version string
		want               bool
	}{
		{"new", elsewhere, "v3.260.1", true},
		{"old", elsewhere, "v3.100.0", false},
		{"the lab's own", dir.Bin(), "v3.259.0", false},
	} {
		script := "#!/bin/sh\necho " + c.version + "\n"
		if err := state.WriteFile(filepath.Join(c.bin, "pulumi"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", c.bin+":/usr/bin:/bin")
		if got := OfficialCLI(context.Background(), dir); (got != "") != c.want {
			t.Errorf("%s: got %q", c.name, got)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if got := OfficialCLI(context.Background(), dir); got != "" {
		t.Errorf("none on PATH: got %q", got)
	}
}

func TestOffers_IsTrueOnlyWhenThePluginItselfIsThere(t *testing.T) {
	status := http.StatusOK
	var asked string
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.Path
		w.WriteHeader(status)
	}))
	defer site.Close()
	plugin := Plugin{"docker", "4.11.2"}
	if !offers(context.Background(), site.URL+"/", plugin) {
		t.Error("not seen although it is there")
	}
	if !regexp.MustCompile(`^HEAD /pulumi-resource-docker-v4\.11\.2-[a-z]+-[a-z0-9]+\.tar\.gz$`).MatchString(asked) {
		t.Errorf("asked for %s", asked)
	}
	status = http.StatusForbidden // as a filtering proxy answers
	if offers(context.Background(), site.URL+"/", plugin) {
		t.Error("a refusal is taken for a plugin")
	}
	site.Close()
	if offers(context.Background(), site.URL+"/", plugin) {
		t.Error("a dead site is taken for a plugin")
	}
}

func TestPlugins_HaveTheVersionsOfTheProgramsSDKs(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Plugins {
		found := regexp.MustCompile(`pulumi-` + p.Name + `/sdk/v\d+ v(\S+)`).FindSubmatch(mod)
		if found == nil || string(found[1]) != p.Version {
			t.Errorf("plugin %s is %s, the program's go.mod has %s", p.Name, p.Version, found)
		}
	}
}

func TestProviders_AnswerToTheirPluginVersion(t *testing.T) {
	for _, p := range Plugins {
		main, err := os.ReadFile(filepath.Join("providers", p.Name, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`version\s*=\s*"([^"]+)"`).FindSubmatch(main)
		if found == nil || string(found[1]) != p.Version {
			t.Errorf("plugin %s is %s, its source says %q", p.Name, p.Version, found)
		}
	}
}
