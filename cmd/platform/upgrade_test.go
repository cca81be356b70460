package main

import (
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/engine/live"
)

func TestPlan_ChoosesTheImageAndAVolumeThatNothingKnows(t *testing.T) {
	const old, now = "prefect-dev-postgres-17", "prefect-dev-postgres-18"
	for name, c := range map[string]struct {
		uses, override, to string
		want               move
		refused            string
	}{
		"the pinned one":              {uses: old, override: "postgres:17.12", want: move{image: "postgres:18.6", edit: true, generation: 2}},
		"one that is configured":      {uses: old, override: "mirror/postgres:18.7", want: move{image: "mirror/postgres:18.7", generation: 2}},
		"a newer program":             {uses: old, want: move{image: "postgres:18.6", generation: 2}},
		"one that is named":           {uses: old, override: "postgres:17.12", to: "postgres:18.5", want: move{image: "postgres:18.5", edit: true, override: "postgres:18.5", generation: 2}},
		"none that is newer":          {uses: now, refused: "PostgreSQL 18 runs, and postgres:18.6 is not newer"},
		"one that is older":           {uses: now, to: "postgres:17.12", refused: "is not newer"},
		"one that moves":              {uses: old, to: "postgres:18", refused: "want a tag"},
		"a server that does not run":  {uses: "", refused: "the database does not run"},
		"one that this does not know": {uses: old, to: "postgres:19.1", refused: "this program knows"},
	} {
		x := examined(t, 1, []string{c.uses}, []string{c.uses})
		x.DatabaseVolume = c.uses
		if c.override != "" {
			x.Config.Images.Override = map[string]string{"postgres": c.override, "redis": "redis:8.0.6"}
		}
		if c.uses != "" {
			x.Has.Containers = []live.Container{{Stack: "dev", Workload: "postgres", Role: "service", State: "running", Image: "postgres:17.12"}}
		}
		got, err := x.plan(c.to)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: %v, want %q", name, err, c.refused)
			}
			continue
		}
		if err != nil || got.image != c.want.image || got.edit != c.want.edit || got.override != c.want.override || got.generation != c.want.generation || got.kept != old {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		after := got.images(x.Config.Images)
		if resolved := config.PostgresMajor(after.Override["postgres"]); resolved != 0 && resolved != 18 {
			t.Errorf("%s: the configuration becomes %+v", name, after)
		}
		if c.override != "" && after.Override["redis"] == "" {
			t.Errorf("%s: the configuration loses other images: %+v", name, after)
		}
	}
}
