// Package ci holds tests of the pipelines and of what keeps versions up to date. They read the files of this repository as those do who act on them.
package ci

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// tracked lists the files of the repository, relative to its root.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard")
	cmd.Dir = "../.."
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(output))
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parse(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(content(t, file)), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// workflows are the files of GitHub's pipelines.
func workflows(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, file := range tracked(t) {
		if strings.HasPrefix(file, ".github/workflows/") {
			files = append(files, file)
		}
	}
	if len(files) < 5 {
		t.Fatalf("only %v", files)
	}
	return files
}
