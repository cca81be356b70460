package gobuild

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"prefect-platform/lab/internal/state"
)

func TestStep_BuildsAgainOnlyWhenSomethingHasChanged(t *testing.T) {
	dir, module := state.Dir(t.TempDir()), t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := state.WriteFile(filepath.Join(module, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/m\n\ngo 1.26\n")
	for _, name := range []string{"one", "two"} {
		write(name+"/main.go", "package main\n\nvar said = \"nothing\"\n\nfunc main() { println(said) }\n")
	}
	one, two := filepath.Join(string(dir), "one"), filepath.Join(string(dir), "two")
	build := Build{
		Module: module, Env: []string{"CGO_ENABLED=0"},
		Flags:   []string{"-ldflags=example.com/m/one=-X main.said=first", "-ldflags=example.com/m/two=-X main.said=second"},
		Targets: map[string]string{"example.com/m/one": one, "example.com/m/two": two},
	}
	done := func(b Build) bool {
		t.Helper()
		done, err := b.Step(dir, "x", "").Done(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	if done(build) {
		t.Fatal("done before it ran")
	}
	if err := build.Step(dir, "x", "").Run(context.Background(), io.Discard); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{one: "first", two: "second"} {
		if got, err := exec.Command(path).CombinedOutput(); err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%s says %q (%v), want %q", path, got, err, want)
		}
	}
	if !done(build) {
		t.Error("not done after it ran")
	}
	other := build
	other.Flags = nil
	if done(other) {
		t.Error("other flags change nothing")
	}
	write("one/main.go", "package main\n\nfunc main() {}\n")
	if done(build) {
		t.Error("another source changes nothing")
	}
	write("one/main.go", "package main\n\nvar said = \"nothing\"\n\nfunc main() { println(said) }\n")
	if err := os.Remove(two); err != nil {
		t.Fatal(err)
	}
	if done(build) {
		t.Error("a missing program changes nothing")
	}
}
