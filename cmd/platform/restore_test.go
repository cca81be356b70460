package main

import (
	"fmt"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/doctor"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/state"
)

// examined is a stack whose state knows some volumes and whose engine has some, on a generation of the database's volume.
func examined(t *testing.T, generation int, known, has []string) *examination {
	t.Helper()
	resources := ""
	for i, name := range known {
		if i > 0 {
			resources += ","
		}
		resources += fmt.Sprintf(`{"urn":"urn:pulumi:dev::prefect-platform::docker:index/volume:Volume::%s","type":"docker:index/volume:Volume","id":%q}`, name, name)
	}
	deployed, err := state.Parse([]byte(`{"version":3,"deployment":{"resources":[` + resources + `]}}`))
	if err != nil {
		t.Fatal(err)
	}
	x := &examination{Seen: doctor.Seen{Stack: "dev", Config: config.Default(), Has: &live.Inventory{Volumes: map[string]bool{}}}, state: deployed}
	x.Config.Database.Volume = generation
	for _, name := range has {
		x.Has.Volumes[name] = true
	}
	return x
}

func TestNextVolume_IsOneThatNothingKnows(t *testing.T) {
	const first, second, third = "prefect-dev-postgres-18", "prefect-dev-postgres-2-18", "prefect-dev-postgres-3-18"
	for name, c := range map[string]struct {
		generation int
		known, has []string
		want       int
	}{
		"a stack that was never deployed":    {1, nil, nil, 1},
		"one that runs":                      {1, []string{first}, []string{first}, 2},
		"one whose volume is gone":           {1, []string{first}, nil, 2},
		"one whose state is gone":            {1, nil, []string{first}, 2},
		"one that was restored":              {2, []string{second}, []string{first, second}, 3},
		"after a restore that did not end":   {1, []string{first}, []string{first, second}, 3},
		"with the volume of another restore": {2, []string{second}, []string{second, third}, 4},
		"one that runs another version":      {1, []string{"prefect-dev-postgres-17"}, []string{"prefect-dev-postgres-17", "prefect-other-postgres-2-18"}, 2},
	} {
		if got := nextVolume("dev", examined(t, c.generation, c.known, c.has)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestMoment_IsATimeWithItsZone(t *testing.T) {
	at, err := restoreOptions{to: "2026-11-27T22:30:00.25+01:00"}.moment()
	if err != nil || at.Format("2006-01-02 15:04:05.999999+00") != "2026-11-27 21:30:00.25+00" {
		t.Errorf("%v, %v", at, err)
	}
	for _, text := range []string{"yesterday", "2026-11-27", "2026-11-27 21:30:00", "21:30"} {
		if _, err := (restoreOptions{to: text}).moment(); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestSource_GivesTheKeyToRootOnlyAndStaysOffTheNetworkWithAVolume(t *testing.T) {
	local := (&source{repository: "/repository", volume: "v", key: "k"}).container("sh")
	if local.Network != "none" || len(local.Mounts) != 1 || !local.Mounts[0].ReadOnly {
		t.Errorf("a volume: %+v", local)
	}
	remote := (&source{repository: "sftp:me@host:/path", key: "k", secret: " s ", knownHosts: "h"}).container("sh")
	if remote.Network == "none" || remote.Secrets["/etc/platform/key"] != "k" || remote.Secrets["/etc/platform/secret"] != "s\n" || remote.Files["/etc/platform/known-hosts"] != "h\n" {
		t.Errorf("elsewhere: %+v", remote)
	}
	for _, once := range []live.Once{local, remote} {
		for _, variable := range once.Env {
			if variable == "k" || variable == "s" {
				t.Errorf("the environment holds a secret: %v", once.Env)
			}
		}
	}
}
