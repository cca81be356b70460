package images

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAll_EachHasADockerfileOnItsBase(t *testing.T) {
	for _, image := range All {
		content, err := os.ReadFile(filepath.Join(image.Dir, "Dockerfile"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(string(content), "\nFROM "+baseName(image.Base)+"\n") {
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
	for _, image := range All {
		if !strings.Contains(text, `"`+image.Name+`"`) {
			t.Errorf("%s is not pinned in internal/images: change both together", image.Name)
		}
	}
}

func TestRequirements_AreLockedWithHashes(t *testing.T) {
	content, err := os.ReadFile("prefect/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, requirement := range strings.Split(strings.ReplaceAll(string(content), "\\\n", " "), "\n") {
		if requirement != "" && (!strings.Contains(requirement, "==") || !strings.Contains(requirement, "--hash=sha256:")) {
			t.Errorf("not locked: %s", requirement)
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
	if err := sendContext(out, dir); err != nil || !out.closed {
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
}

type closer struct {
	bytes.Buffer
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }
