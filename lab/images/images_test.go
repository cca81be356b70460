package images

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"prefect-platform/lab/internal/state"
)

func TestAll_EachHasADockerfileOnItsBase(t *testing.T) {
	for _, image := range slices.Concat(All, OnDemand, Before) {
		if !slices.ContainsFunc(Bases, func(b Base) bool { return b.Name == image.Base }) {
			t.Errorf("%s starts from %s, which is not among the bases", image.Name, image.Base)
		}
		content, err := os.ReadFile(filepath.Join(image.Dir, "Dockerfile"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !regexp.MustCompile(`\nFROM ` + regexp.QuoteMeta(baseName(image.Base)) + `( AS \w+)?\n`).Match(content) {
			t.Errorf("%s does not start from %s", image.Name, baseName(image.Base))
		}
	}
}

// The lab does not import the program, so that the names are compared as text.
func TestAll_AreThePinsOfTheProgram(t *testing.T) {
	pins, err := os.ReadFile("../../internal/images/images.go")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`PrefectVersion = "([^"]+)"`).FindSubmatch(pins)
	if version == nil {
		t.Fatal("internal/images has no PrefectVersion")
	}
	text := strings.ReplaceAll(string(pins), `" + PrefectVersion + "`, string(version[1]))
	for _, image := range slices.Concat(All, OnDemand) {
		if !strings.Contains(text, `"`+image.Name+`"`) {
			t.Errorf("%s is not pinned in internal/images: change both together", image.Name)
		}
	}
	if found := regexp.MustCompile(`(?m)^\t\w+:\s+"[^"]+:[^"]+",`).FindAllString(text, -1); len(found) != len(All)+len(OnDemand) {
		t.Errorf("internal/images pins %d images, the lab has %d: %q", len(found), len(All)+len(OnDemand), found)
	}
}

// Each module's version is that of the image; Prometheus 3.13.5 is v0.313.5 as a module.
func TestAll_ProgramsHaveTheVersionOfTheirImage(t *testing.T) {
	for _, image := range slices.Concat(All, OnDemand) {
		if len(image.Programs) == 0 || image.Module == "." { // the lab's own have no other version
			continue
		}
		mod, err := os.ReadFile(filepath.Join("..", image.Module, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		for _, program := range image.Programs {
			module := regexp.MustCompile(`^(?:[^/]+/){2}[^/]+(?:/v[0-9]+)?`).FindString(program)
			want := image.version()
			if major, rest, _ := strings.Cut(want, "."); module == "github.com/prometheus/prometheus" {
				minor, patch, _ := strings.Cut(rest, ".")
				want = "0." + major + fmt.Sprintf("%02s", minor) + "." + patch
			}
			if !regexp.MustCompile(`\s` + regexp.QuoteMeta(module+" v"+want) + `\s`).Match(mod) {
				t.Errorf("lab/%s/go.mod has not %s v%s, as %s", image.Module, module, want, image.Name)
			}
			if !regexp.MustCompile(`\s` + regexp.QuoteMeta(program) + `\n`).Match(mod) {
				t.Errorf("lab/%s/go.mod has not the tool %s", image.Module, program)
			}
		}
	}
}

func TestBuilder_MakesAnImageAgainWhenWhatItIsMadeFromHasChanged(t *testing.T) {
	lab := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := state.WriteFile(filepath.Join(lab, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files := []string{"images/busybox/Dockerfile", "images/x/Dockerfile", "monitoring/go.sum", "go.sum", "images/y/run.sh"}
	for _, name := range files {
		write(name, "before")
	}
	builder := Builder{Source: filepath.Join(lab, "images")}
	inputs := func(image Image) string {
		t.Helper()
		found, err := builder.inputs(image)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for _, c := range []struct {
		image Image
		from  []string
	}{
		{Image{Dir: "x", Base: "forky"}, files[1:2]},
		{Image{Dir: "x", Base: Small}, files[:2]},
		{Image{Dir: "x", Base: Small, Module: "monitoring", Programs: []string{"example.com/x"}}, files[:3]},
		{Image{Dir: "x", Base: "forky", Module: ".", Programs: []string{"example.com/lab/x"}}, []string{files[1], files[3]}},
		{Image{Dir: "x", Base: "forky", With: "y/run.sh"}, []string{files[1], files[4]}},
	} {
		for _, name := range files {
			before := inputs(c.image)
			write(name, "after")
			if changed := inputs(c.image) != before; changed != slices.Contains(c.from, name) {
				t.Errorf("%+v: made again for %s: %v", c.image, name, changed)
			}
			write(name, "before")
		}
	}
}

func TestBuilder_CompilesTheProgramsOfEveryImage(t *testing.T) {
	for _, image := range slices.Concat(All, OnDemand) {
		known := slices.ContainsFunc(Modules, func(m Module) bool { return m.Dir == image.Module })
		if known != (len(image.Programs) > 0) {
			t.Errorf("%s has %d programs in module %q", image.Name, len(image.Programs), image.Module)
		}
	}
}

func TestFind_KnowsImagesOnDemandToo(t *testing.T) {
	found, err := Find([]string{"redis", "loki"})
	if err != nil || len(found) != 2 || found[0].Dir != "redis" || found[1].Dir != "loki" {
		t.Errorf("found %+v, %v", found, err)
	}
	if found, err := Find([]string{"redis", "reddis"}); err == nil || !strings.Contains(err.Error(), "reddis") {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestBuilder_TellsEachProgramItsVersion(t *testing.T) {
	got := linkFlag("example.com/program", "1.2.3")
	if want := "-ldflags=example.com/program=-s -w -X github.com/prometheus/common/version.Version=1.2.3 -X github.com/grafana/loki/v3/pkg/util/build.Version=1.2.3 -X main.version=1.2.3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRequirements_AreLockedWithHashes(t *testing.T) {
	for _, file := range []string{"prefect/requirements.txt", "prefect-3.7/requirements.txt"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, requirement := range strings.Split(strings.ReplaceAll(string(content), "\\\n", " "), "\n") {
			if requirement != "" && (!strings.Contains(requirement, "==") || !strings.Contains(requirement, "--hash=sha256:")) {
				t.Errorf("not locked: %s", requirement)
			}
		}
	}
}

func TestBuildArgs_HandOverIndexSettingsAsSecretsOnly(t *testing.T) {
	given := map[string]string{"PIP_INDEX_URL": "https://user:password@index.example/", "PIP_EXTRA_INDEX_URL": ""}
	args := buildArgs("redis:8.0.6", "abc", func(name string) (string, bool) { value, set := given[name]; return value, set })
	if !slices.Contains(args, "id=PIP_INDEX_URL,env=PIP_INDEX_URL") {
		t.Errorf("the index setting is missing: %q", args)
	}
	if line := strings.Join(args, " "); strings.Contains(line, "password") || strings.Contains(line, "EXTRA") {
		t.Errorf("more than the name of a setting is in the arguments: %q", args)
	}
}

func TestSendContext_KeepsContent(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM x"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := &closer{}
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("ELF"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sendContext(out, dir, map[string]string{"programs/program": program}); err != nil || !out.closed {
		t.Fatalf("%v, closed %v", err, out.closed)
	}
	archive := tar.NewReader(&out.Buffer)
	header, err := archive.Next()
	if err != nil || header.Name != "Dockerfile" {
		t.Fatalf("got %v, %v", header, err)
	}
	if content, err := io.ReadAll(archive); err != nil || string(content) != "FROM x" {
		t.Errorf("got %q, %v", content, err)
	}
	header, err = archive.Next()
	if err != nil || header.Name != "programs/program" || header.Mode != 0o755 {
		t.Fatalf("got %v, %v", header, err)
	}
	if content, err := io.ReadAll(archive); err != nil || string(content) != "ELF" {
		t.Errorf("got %q, %v", content, err)
	}
}

type closer struct {
	bytes.Buffer
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }
