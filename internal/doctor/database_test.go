package doctor

import (
	"cmp"
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/engine/live"
)

func TestDatabase_RefusesToBeginWithAnEmptyOneWhereThereIsAnother(t *testing.T) {
	const now, next, old = "prefect-prod-postgres-18", "prefect-prod-postgres-2-18", "prefect-prod-postgres-17"
	for name, c := range map[string]struct {
		generation int
		image      string
		has        []string
		lost       string
		refused    string
	}{
		"a new stack":                       {1, "", nil, "", ""},
		"the only volume lost":              {1, "", nil, now, "the data is lost: volume " + now},
		"one beside another stack":          {1, "", []string{"prefect-dev-postgres-17", "prefect-prod-redis-8"}, "", ""},
		"one that runs":                     {1, "", []string{now}, "", ""},
		"one that was restored":             {2, "", []string{now, next}, "", ""},
		"a restore taken back":              {1, "", []string{now, next}, "", ""},
		"a volume that is gone":             {2, "", []string{now}, "", "there is " + now},
		"an older version's data":           {1, "", []string{old}, "", "the data is in " + old + ", which PostgreSQL 18 cannot read"},
		"an older version that is to stay":  {1, "postgres:17.12", []string{old}, "", ""},
		"back to the older version's":       {1, "postgres:17.12", []string{old, next}, "", ""},
		"an older version's data in use":    {3, "", []string{now, "prefect-prod-postgres-2-17"}, "", "the data is in prefect-prod-postgres-2-17, which PostgreSQL 18 cannot read"},
		"back to the older version's, lost": {1, "postgres:17.12", []string{next}, "", "there is " + next},
	} {
		s := Seen{Stack: "prod", Config: config.Default(), Has: &live.Inventory{Volumes: map[string]bool{}}, Command: func(verb string) string { return "platform " + verb }}
		s.Config.Database.Volume = c.generation
		if c.image != "" {
			s.Config.Images.Override = map[string]string{"postgres": c.image}
		}
		for _, volume := range c.has {
			s.Has.Volumes[volume] = true
			if _, _, ours := datavolume.Of("prod", volume); ours {
				s.DatabaseVolume = volume
			}
		}
		s.DatabaseVolume = cmp.Or(c.lost, s.DatabaseVolume)
		findings := s.database()
		if worst := Worst(findings); (worst == Problem) != (c.refused != "") {
			t.Errorf("%s: %+v", name, findings)
		} else if c.refused != "" && (!strings.Contains(findings[0].Found, c.refused) || findings[0].Remedy == "") {
			t.Errorf("%s: %+v, want %q", name, findings[0], c.refused)
		}
	}
}
