package rotation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"prefect-platform/config"
)

var today = time.Date(2026, 11, 26, 23, 30, 0, 0, time.UTC)

func credentialOf(name string, slots config.Slots, change ...func(*config.Config)) Credential {
	c := config.Default()
	for _, each := range change {
		each(&c)
	}
	all := Of(c)
	i := slices.IndexFunc(all, func(c Credential) bool { return c.Name == name })
	all[i].Slots = slots
	return all[i]
}

// told is each step as edits, one a line.
func told(steps []Step) [][]string {
	var all [][]string
	for _, step := range steps {
		lines := []string{}
		for _, edit := range step.Edits() {
			lines = append(lines, strings.ReplaceAll(edit.Command("prod"), "prefect-platform:", ""))
		}
		all = append(all, lines)
	}
	return all
}

func expectSteps(t *testing.T, steps []Step, want ...[]string) {
	t.Helper()
	got := told(steps)
	if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("got\n  %q\nwant\n  %q", got, want)
	}
}

const set, remove = "pulumi config set --stack prod --path rotation.", "pulumi config rm --stack prod "

func TestForward_RaisesTheIdleSlotAndRetiresTheOther(t *testing.T) {
	for name, c := range map[string]struct {
		slots config.Slots
		want  []string
	}{
		"the first time":  {config.Slots{A: 1, Active: "a"}, []string{set + "redis.b 1", set + "redis.active b"}},
		"the second time": {config.Slots{A: 1, B: 1, Active: "b", Since: "2026-08-01"}, []string{set + "redis.a 2", set + "redis.active a"}},
		"after jumps":     {config.Slots{A: 40, B: 7, Active: "a", Since: "2026-08-01"}, []string{set + "redis.b 8", set + "redis.active b"}},
	} {
		t.Run(name, func(t *testing.T) {
			steps, err := forward("prod", []Credential{credentialOf(Redis, c.slots)}, today)
			if err != nil {
				t.Fatal(err)
			}
			expectSteps(t, steps, append(c.want, set+"redis.keep true", set+"redis.since 2026-11-26"), []string{set + "redis.keep false"})
		})
	}
}

func TestForward_ContinuesWithWhatIsLeft(t *testing.T) {
	turned := config.Slots{A: 1, B: 1, Active: "b", Keep: true, Since: "2026-11-19"}
	steps, err := forward("prod", []Credential{credentialOf(API, turned)}, today)
	if err != nil {
		t.Fatal(err)
	}
	expectSteps(t, steps, nil, []string{set + "api.keep false"})
	if steps[0][0].Action != Complete {
		t.Errorf("begins with %s: nothing may be retired before the other value is deployed", steps[0][0].Action)
	}
}

// Its turn may never have been deployed: an `up` of both at once would be a jump.
func TestForward_DeploysWhatIsKeptForTooLongOnceMoreBeforeItRetires(t *testing.T) {
	for since, last := range map[string][]string{
		"2026-11-18": {set + "api.keep false", set + "api.since 2026-11-18", set + "redis.keep false"},
		"":           {set + "api.keep false", set + "redis.keep false"}, // nobody knows better than today
	} {
		steps, err := forward("prod", []Credential{
			credentialOf(API, config.Slots{A: 1, B: 1, Active: "b", Keep: true, Since: since}), credentialOf(Redis, config.Slots{A: 1, Active: "a"}),
		}, today)
		if err != nil {
			t.Fatal(err)
		}
		expectSteps(t, steps,
			[]string{set + "api.since 2026-11-26", set + "redis.b 1", set + "redis.active b", set + "redis.keep true", set + "redis.since 2026-11-26"}, last)
	}
}

func TestForward_RotatesAllInTheSameTwoSteps(t *testing.T) {
	steps, err := forward("prod", Of(config.Default()), today)
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 2 || len(steps[0]) != 6 || len(steps[1]) != 6 {
		t.Errorf("got %+v", steps)
	}
}

func TestForward_WantsTheNextValueOfWhoeverSuppliesOne(t *testing.T) {
	slots := config.Slots{A: 1, Active: "a"}
	supply := func(a, b string) func(*config.Config) {
		return func(c *config.Config) { c.Secrets.APIPasswordA, c.Secrets.APIPasswordB = a, b }
	}
	for name, c := range map[string]struct {
		a, b     string
		generate bool
		found    string
	}{
		"none":                   {"old", "", false, "slot b has none"},
		"none, and generate":     {"old", "", true, ""},
		"the same":               {"old", "old", false, "slot b has the same"},
		"the same, and generate": {"old", "old", true, "slot b has the same"},
		"another":                {"old", "new", false, ""},
		"none in either":         {"", "", false, ""},
		"only the next one":      {"", "new", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Forward("prod", []Credential{credentialOf(API, slots, supply(c.a, c.b))}, today, c.generate)
			if c.found == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			const command = "pulumi config set --stack prod --secret prefect-platform:apiPasswordB"
			if err == nil || !strings.Contains(err.Error(), c.found) || !strings.Contains(err.Error(), command) || strings.HasSuffix(err.Error(), "--generate") != (c.b == "") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestForward_TakesARetiredValueOfTheUserOutOfTheConfiguration(t *testing.T) {
	c := credentialOf(Database, config.Slots{A: 1, Active: "a"}, func(c *config.Config) {
		c.Secrets.DatabasePasswordA, c.Secrets.DatabasePasswordB = "old", "new"
	})
	steps, err := forward("prod", []Credential{c}, today)
	if err != nil {
		t.Fatal(err)
	}
	expectSteps(t, steps[1:], []string{set + "database.keep false", remove + "databasePasswordA"})
	if text := steps[0][0].String(); !strings.Contains(text, "databasePasswordB, which must be a new one") {
		t.Errorf("said %q", text)
	}
	if left := steps[1][0].After.Supplied; len(left) != 1 || left["b"] != "new" || len(c.Supplied) != 2 {
		t.Errorf("%v is left, of %v", left, c.Supplied)
	}
}

func TestBack_MakesTheOldSlotActiveAgainAndForgetsTheDay(t *testing.T) {
	c := credentialOf(API, config.Slots{A: 1, B: 1, Active: "b", Keep: true, Since: "2026-11-20"})
	steps, err := Back([]Credential{c}, today)
	if err != nil {
		t.Fatal(err)
	}
	expectSteps(t, steps, []string{set + "api.active a", set + "api.since 2026-11-26"}, []string{set + "api.keep false", set + "api.since ''"})
}

func TestBack_RefusesWhatIsNotKept(t *testing.T) {
	_, err := Back([]Credential{credentialOf(API, config.Slots{A: 1, B: 1, Active: "b"}), credentialOf(Redis, config.Slots{A: 1, Active: "a"})}, today)
	if err == nil || !strings.Contains(err.Error(), "api: nothing can be taken back, because the value in slot a is not kept any more (rotation.api.keep is false)") ||
		!strings.Contains(err.Error(), "redis: ") {
		t.Errorf("got %v", err)
	}
}

func TestChoose_FindsNamesAndSaysWhichThereAre(t *testing.T) {
	watched, unwatched, provided := config.Default(), config.Default(), config.Default()
	provided.TLS.Mode = config.Provided
	unwatched.Monitoring.Enabled = false
	for name, c := range map[string]struct {
		from  config.Config
		names []string
		want  []string
		says  string
	}{
		"all":            {watched, []string{All}, []string{Database, API, Redis, PostgresExporter, SQLExporter, CA}, ""},
		"all of fewer":   {unwatched, []string{All}, []string{Database, API, Redis, CA}, ""},
		"some":           {watched, []string{Redis, API, Redis}, []string{API, Redis}, ""},
		"all and some":   {watched, []string{All, API}, nil, "name nothing beside it"},
		"not there":      {unwatched, []string{SQLExporter}, nil, "monitoring.enabled is false"},
		"no backup":      {unwatched, []string{BackupKey}, nil, "backup.enabled is false"},
		"no own CA":      {provided, []string{CA}, nil, "tls.mode is not selfSigned"},
		"never heard of": {watched, []string{"grafana"}, nil, `there is no credential "grafana": database, api, redis, postgresExporter, sqlExporter, ca, or all`},
	} {
		t.Run(name, func(t *testing.T) {
			chosen, err := Choose(Of(c.from), c.names)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || !slices.Equal(namesOf(chosen), c.want) {
				t.Errorf("got %v, %v", namesOf(chosen), err)
			}
		})
	}
}

func TestAge_CountsDaysUntilADayTooMany(t *testing.T) {
	for since, want := range map[string]struct {
		age             int
		due, kept       bool
		dueOn, keptTill string
	}{
		"2026-11-26": {0, false, false, "2027-02-24", "2026-12-03"},
		"2026-11-19": {7, false, false, "2027-02-17", "2026-11-26"},
		"2026-11-18": {8, false, true, "2027-02-16", "2026-11-25"},
		"2026-08-28": {90, false, true, "2026-11-26", "2026-09-04"},
		"2026-08-27": {91, true, true, "2026-11-25", "2026-09-03"},
	} {
		c := credentialOf(API, config.Slots{A: 1, Active: "a", Since: since})
		age, known := c.Age(today)
		due, over := c.Due(today)
		kept, keptOver := c.KeptUntil(today)
		if !known || age != want.age || over != want.due || keptOver != want.kept || due.Format(time.DateOnly) != want.dueOn || kept.Format(time.DateOnly) != want.keptTill {
			t.Errorf("%s: %d days, due %s (%v), kept until %s (%v)", since, age, due, over, kept, keptOver)
		}
	}
	never := credentialOf(API, config.Slots{A: 1, Active: "a"})
	if _, known := never.Age(today); known {
		t.Error("the age of what was never rotated is known")
	}
	if _, over := never.Due(today); over {
		t.Error("what was never rotated is due")
	}
}
