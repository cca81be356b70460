package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prefect-platform/internal/clone"
)

// atWork is a stack on an engine with writers, in a clone of its own.
func atWork(t *testing.T, writers ...string) (*session, *examination, *fakeEngine) {
	t.Helper()
	f := newFakeEngine(t, writers...)
	x := examined(t, 1, nil, nil)
	x.engine = f.at
	s := &session{options: options{stack: "dev", yes: true}, clone: clone.Folder(t.TempDir())}
	if err := os.WriteFile(filepath.Join(string(s.clone), "Pulumi.dev.yaml"), []byte("config: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, x, f
}

var errFill = errors.New("the repository is damaged")

func TestReplaceDatabase_StopsWhatWritesBeforeItFillsAndStartsItWhenThatFails(t *testing.T) {
	s, x, f := atWork(t, "api", "postgres", "services", "nginx")
	err := s.replaceDatabase(t.Context(), x, 2, func() error { f.note("fill"); return errFill })
	if !errors.Is(err, errFill) || !strings.Contains(err.Error(), "nothing of the stack was changed") {
		t.Errorf("%v", err)
	}
	f.expect("a refusal", []string{"stop api", "stop services"}, []string{"fill"}, []string{"start api", "start services"})
}

func TestReplaceDatabase_StartsWhatWritesWhenItIsInterrupted(t *testing.T) {
	s, x, f := atWork(t, "api", "services")
	ctx, interrupt := context.WithCancel(t.Context())
	err := s.replaceDatabase(ctx, x, 2, func() error { interrupt(); f.note("fill"); return ctx.Err() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	f.expect("an interruption", []string{"stop api", "stop services"}, []string{"fill"}, []string{"start api", "start services"})
}

func TestReplaceDatabase_FillsNothingWhenSomethingStillWrites(t *testing.T) {
	s, x, f := atWork(t, "api", "services")
	f.fails = "stop services"
	if err := s.replaceDatabase(t.Context(), x, 2, func() error { f.note("fill"); return nil }); err == nil {
		t.Error("no error")
	}
	f.expect("a container that does not stop", []string{"stop api", "stop services"}, []string{"start api", "start services"})
}

func TestReplaceDatabase_LeavesAloneWhatDidNotRun(t *testing.T) {
	s, x, f := atWork(t, "api", "services")
	f.containers[1]["State"] = "exited"
	_ = s.replaceDatabase(t.Context(), x, 2, func() error { return errFill })
	f.expect("a stopped container", []string{"stop api"}, []string{"start api"})
}

func TestAfterFailure_PutsBackOnlyWhatUpDidNotTouch(t *testing.T) {
	for name, c := range map[string]struct {
		gone    string // what `up` took away
		file    string
		volumes string
		did     [][]string
	}{
		"refused":       {"", "config: {}\n", "prefect-dev-postgres-18", [][]string{{"stop api", "stop services"}, {"start api", "start services"}}},
		"in the middle": {"api", "changed", "prefect-dev-postgres-18 prefect-dev-postgres-2-18", [][]string{{"stop api", "stop services"}}},
	} {
		s, x, f := atWork(t, "api", "services")
		f.volumes = map[string]bool{"prefect-dev-postgres-18": true, "prefect-dev-postgres-2-18": true}
		h, err := x.hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(s.stackFile())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.writeStackFile([]byte("changed")); err != nil {
			t.Fatal(err)
		}
		if c.gone != "" {
			f.containers = f.containers[1:]
		}
		if err := s.afterFailure(t.Context(), x, h, unmade{before, "prefect-dev-postgres-2-18", ""}, errSaid); err == nil {
			t.Errorf("%s: no error", name)
		}
		after, err := os.ReadFile(s.stackFile())
		if err != nil {
			t.Fatal(err)
		}
		if string(after) != c.file || f.volumeNames() != c.volumes {
			t.Errorf("%s: the file is %q, volumes are %s", name, after, f.volumeNames())
		}
		f.expect(name, c.did...)
	}
}
