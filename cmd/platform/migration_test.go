package main

import (
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/images"
	"prefect-platform/internal/state"
)

func TestMigration_IsAnUpWithAnotherPrefectOnTheSameVolume(t *testing.T) {
	const old, own = "prefecthq/prefect:3.7.8-python3.13", "registry.corp.net/team/prefect:2026-11-27"
	pinned := images.Pins()[images.Prefect]
	for name, c := range map[string]struct {
		runs, override, uses string
		want                 *migration
	}{
		"another version":               {old, "", "prefect-dev-postgres-18", &migration{from: "3.7.8", to: config.PrefectVersion}},
		"back":                          {pinned, old, "prefect-dev-postgres-18", &migration{from: config.PrefectVersion, to: "3.7.8"}},
		"the same":                      {pinned, "", "prefect-dev-postgres-18", nil},
		"the same from a mirror":        {pinned, "mirror.corp.net/" + pinned, "prefect-dev-postgres-18", nil},
		"one whose tag does not say":    {pinned, own, "prefect-dev-postgres-18", &migration{from: config.PrefectVersion, to: own}},
		"the same that does not say":    {own, own, "prefect-dev-postgres-18", nil},
		"another volume":                {old, "", "prefect-dev-postgres-2-18", nil},
		"a stack that was not deployed": {"", "", "", nil},
	} {
		x := examined(t, 1, nil, nil)
		var err error
		x.state, err = state.Parse([]byte(`{"version":3,"deployment":{"resources":[{"urn":"urn:pulumi:dev::p::docker:index/container:Container::prefect-api-0","type":"docker:index/container:Container","id":"c",
			"inputs":{"image":"` + c.runs + `","labels":[{"label":"prefect-platform.workload","value":"api"},{"label":"prefect-platform.role","value":"service"}]}}]}}`))
		if err != nil {
			t.Fatal(err)
		}
		if c.override != "" {
			x.Config.Images.Override = map[string]string{"prefect": c.override}
		}
		x.DatabaseVolume = c.uses
		got := x.migration()
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if got == nil {
			continue
		}
		x.Has.Containers = []live.Container{{ID: "s", Stack: "dev", Workload: "backup-store", Role: "service"}}
		if x.migration().stored {
			t.Errorf("%s: backups that this up turns off are relied on", name)
		}
		x.Config.Backup.Enabled = true
		if !x.migration().stored {
			t.Errorf("%s: nothing would be stored", name)
		}
	}
}

func TestMigration_IsNotBegunWhenNothingCanBeStored(t *testing.T) {
	s, x, f := atWork(t, "backup-store")
	f.fails = "start backup-store"
	var err error
	if x.Has, err = f.at.Inventory(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.Config.Backup.Enabled, x.Config.Secrets.BackupPasswordA = true, "gJ7rT2mW9qLx4VbN"
	x.Has.Volumes["prefect-dev-backup-repository"] = true
	err = s.keepWayBack(t.Context(), x, &migration{from: "3.7.8", to: "3.8.8", stored: true})
	if err == nil || !strings.Contains(err.Error(), "there would be no way back from Prefect 3.8.8 to 3.7.8") {
		t.Errorf("%v", err)
	}
	for _, m := range []*migration{nil, {from: "3.7.8", to: "3.8.8"}} {
		if err := s.keepWayBack(t.Context(), x, m); err != nil {
			t.Errorf("%+v: %v", m, err)
		}
	}
}
