package state

import (
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func fingerprint(t *testing.T, dir string, extra ...string) string {
	t.Helper()
	got, err := Fingerprint(dir, extra...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFingerprint_ChangesWithContentNameModeAndInputs(t *testing.T) {
	base := t.TempDir()
	write(t, filepath.Join(base, "a"), "1", 0o644)
	want := fingerprint(t, base, "x", "y")
	changes := map[string]func(dir string) []string{
		"content": func(dir string) []string { write(t, filepath.Join(dir, "a"), "2", 0o644); return []string{"x", "y"} },
		"name": func(dir string) []string {
			write(t, filepath.Join(dir, "b"), "1", 0o644)
			_ = os.Remove(filepath.Join(dir, "a"))
			return []string{"x", "y"}
		},
		"executable bit": func(dir string) []string { _ = os.Chmod(filepath.Join(dir, "a"), 0o755); return []string{"x", "y"} },
		"new file":       func(dir string) []string { write(t, filepath.Join(dir, "sub/c"), "", 0o644); return []string{"x", "y"} },
		"input":          func(string) []string { return []string{"x", "z"} },
		"input's bounds": func(string) []string { return []string{"xy"} },
	}
	for name, change := range changes {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "a"), "1", 0o644)
		if fingerprint(t, dir, "x", "y") != want {
			t.Fatal("equal folders have different fingerprints")
		}
		if fingerprint(t, dir, change(dir)...) == want {
			t.Errorf("a changed %s goes unnoticed", name)
		}
	}
}

func TestFingerprint_IgnoresTests(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.go"), "1", 0o644)
	want := fingerprint(t, dir)
	write(t, filepath.Join(dir, "a_test.go"), "1", 0o644)
	if fingerprint(t, dir) != want {
		t.Error("a new test would have everything built again")
	}
}

func TestStamped_HoldsForTheSameFingerprintOnly(t *testing.T) {
	dir := Dir(t.TempDir())
	if dir.Stamped("cli", "1") {
		t.Error("stamped before anything was done")
	}
	if err := dir.Stamp("cli", "1"); err != nil {
		t.Fatal(err)
	}
	if !dir.Stamped("cli", "1") || dir.Stamped("cli", "2") || dir.Stamped("other", "1") {
		t.Error("the stamp does not hold for exactly its step and fingerprint")
	}
}

func TestLock_LetsOneInAtATime(t *testing.T) {
	dir := Dir(filepath.Join(t.TempDir(), "lab"))
	unlock, err := dir.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Lock(); err == nil {
		t.Error("a second one got in")
	}
	unlock()
	unlock, err = dir.Lock()
	if err != nil {
		t.Fatalf("still locked: %v", err)
	}
	unlock()
}

func TestFindClone_WalksUp(t *testing.T) {
	clone := t.TempDir()
	write(t, filepath.Join(clone, "lab", "go.mod"), "", 0o644)
	deep := filepath.Join(clone, "a", "b")
	write(t, filepath.Join(deep, "file"), "", 0o644)
	if got, err := FindClone(deep); err != nil || got != clone {
		t.Errorf("found %q, %v", got, err)
	}
	if got, err := FindClone(t.TempDir()); err == nil {
		t.Errorf("found %q outside of a clone", got)
	}
}

func TestWriteFile_ReplacesARunningProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bin", "program")
	for _, content := range []string{"old", "new"} {
		if err := WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	info, errStat := os.Stat(path)
	if err != nil || errStat != nil || string(got) != "new" || info.Mode().Perm() != 0o755 {
		t.Errorf("got %q %v, %v, %v", got, info.Mode(), err, errStat)
	}
}
