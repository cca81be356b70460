package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/clone"
	"prefect-platform/internal/doctor"
	"prefect-platform/internal/recovery"
	"prefect-platform/internal/state"
)

const keptSnapshots = `[{"time":"2026-11-27T21:30:00Z","tags":["base=20261127T200000Z"],"short_id":"bbbb2222"},{"time":"2026-11-28T09:00:00Z","tags":["base=20261128T080000Z"],"short_id":"dddd4444"}]`

// rebuilt is what becomes of a stack whose file is all that is left, when containers do what they are told.
func rebuilt(t *testing.T, want restoreOptions, runs func(entrypoint string) (int, string)) (s *session, f *fakeEngine, err error) {
	t.Helper()
	f = newFakeEngine(t)
	f.runs = runs
	s = &session{options: options{stack: "prod", yes: true}, clone: clone.Folder(t.TempDir())}
	if err := s.writeStackFile([]byte("as it was")); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"prefect-platform:backup": `{"enabled":true,"repository":"rest:https://backup.corp.net/prod"}`, "prefect-platform:edge": `{"allow":["10.0.0.0/8"]}`}
	c, err := config.Parse(values, nil)
	if err != nil {
		t.Fatal(err)
	}
	x := &examination{Seen: doctor.Seen{Stack: "prod", Command: s.command, Config: c, FreeDisk: -1}, state: &state.Deployment{}, engine: f.at}
	if x.Has, err = f.at.Inventory(t.Context()); err != nil {
		t.Fatal(err)
	}
	at, err := want.moment()
	if err != nil {
		t.Fatal(err)
	}
	l := &lost{x: x, file: []byte("as it was"), rest: []byte("config: {}\n"), from: newSource(x.Config, recovery.Key{Repository: "rest:https://backup.corp.net/prod", Key: "gJ7rT2mW9qLx4VbN"})}
	return s, f, s.bringBack(t.Context(), l, values, want, at)
}

func TestRecover_TouchesNothingBeforeTheDatabaseIsThere(t *testing.T) {
	well := map[string]string{
		"repository snapshots": keptSnapshots,
		"repository dump":      `{"prefect-platform:apiPasswordA":"t8Kq2vWm5zXc9LpR"}`,
		"/fetch":               "first 000000010000000000000003\nwal 000000010000000000000003\nwal 000000010000000000000004.partial\n",
		"/recover":             "",
	}
	for name, c := range map[string]struct {
		at   string // the step that is different
		code int
		said string
		want restoreOptions
		says string
	}{
		"a wrong key":                   {"repository snapshots", 12, "", restoreOptions{}, "the key does not open the repository"},
		"no repository":                 {"repository snapshots", 10, "", restoreOptions{}, "there is no repository at rest:https://backup.corp.net/prod"},
		"an empty repository":           {"repository snapshots", 0, "[]", restoreOptions{}, "no snapshot"},
		"a moment that is not kept":     {"", 0, "", restoreOptions{to: "2026-11-28T07:00:00Z"}, "no snapshot has that moment"},
		"a snapshot that is not there":  {"", 0, "", restoreOptions{id: "00000000"}, "there is no snapshot 00000000"},
		"a damaged list of values":      {"repository dump", 1, "", restoreOptions{}, "cannot be read, or is damaged"},
		"values that are refused":       {"repository dump", 0, `{"prefect-platform:apiPasswordA":"x"}`, restoreOptions{}, errSaid.Error()},
		"a damaged pack":                {"/fetch", 1, "ciphertext verification failed", restoreOptions{}, "cannot be read, or is damaged"},
		"missing WAL":                   {"/fetch", 0, "first 000000010000000000000003\nwal 000000010000000000000004\n", restoreOptions{}, "WAL file 000000010000000000000003 is missing"},
		"what PostgreSQL does not take": {"/recover", 1, "PANIC", restoreOptions{}, "PostgreSQL cannot make a database"},
	} {
		s, f, err := rebuilt(t, c.want, func(entrypoint string) (int, string) {
			for step, said := range well {
				if strings.Contains(entrypoint, step) && step == c.at {
					return c.code, c.said
				} else if strings.Contains(entrypoint, step) {
					return 0, said
				}
			}
			return 1, "what is " + entrypoint
		})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if file, err := os.ReadFile(s.stackFile()); err != nil || string(file) != "as it was" {
			t.Errorf("%s: the stack file is %q, %v", name, file, err)
		}
		if len(f.volumes) > 0 {
			t.Errorf("%s: the engine has %v", name, slices.Collect(maps.Keys(f.volumes)))
		}
	}
}

func TestRecover_TakesTheMomentThatIsAskedForAndTheNewestValues(t *testing.T) {
	for flag, c := range map[string]struct {
		want     restoreOptions
		snapshot string
		until    string
	}{
		"none":       {restoreOptions{}, "dddd4444 20261128T080000Z", ""},
		"--snapshot": {restoreOptions{id: "bbbb2222"}, "bbbb2222 20261127T200000Z", ""},
		"--to":       {restoreOptions{to: "2026-11-27T21:00:00Z"}, "bbbb2222 20261127T200000Z", "2026-11-27 21:00:00"},
	} {
		var ran []string
		_, _, err := rebuilt(t, c.want, func(entrypoint string) (int, string) {
			ran = append(ran, entrypoint)
			switch {
			case strings.Contains(entrypoint, "repository snapshots"):
				return 0, keptSnapshots
			case strings.Contains(entrypoint, "repository dump"):
				return 0, `{"prefect-platform:apiPasswordA":"t8Kq2vWm5zXc9LpR"}`
			case strings.Contains(entrypoint, "/fetch"):
				return 0, "first 000000010000000000000003\nwal 000000010000000000000003\n"
			default:
				return 1, "" // it ends here
			}
		})
		if err == nil {
			t.Fatalf("%s: it goes on", flag)
		}
		said := fmt.Sprint(ran)
		for _, want := range []string{"/fetch " + c.snapshot, "/recover " + c.until, "sh dddd4444 "} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: no %q in %s", flag, want, said)
			}
		}
	}
}

func TestJudgeLost_MindsNoVolumeOfARecoveryThatDidNotEnd(t *testing.T) {
	s := &session{options: options{stack: "dev"}}
	for _, left := range [][]string{nil, {"prefect-dev-postgres-2-18"}, {"prefect-dev-postgres-3-18"}} {
		x := examined(t, 1, nil, left)
		x.Command, x.FreeDisk = s.command, -1
		if err := s.judgeLost(x, map[string]string{"prefect-platform:database": `{"volume":3}`, "prefect-platform:edge": `{"allow":["10.0.0.0/8"]}`}, nil); err != nil {
			t.Errorf("with %v: %v", left, err)
		}
		if x.Config.Database.Volume != 3 || len(x.Has.Volumes) != len(left) {
			t.Errorf("with %v: what was seen is changed: %+v", left, x.Has.Volumes)
		}
	}
}
