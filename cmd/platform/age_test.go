package main

import (
	"strings"
	"testing"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/rotation"
)

var ageDay = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func agesOf(t *testing.T, slots config.Rotation) (text string, overdue bool) {
	t.Helper()
	c := config.Default()
	c.Monitoring.Enabled = false
	c.Rotation = slots
	var out strings.Builder
	overdue, err := writeAges(&out, rotation.Of(c), ageDay, options{stack: "prod"}.command)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(out.String(), self(), "platform"), overdue
}

func TestAges_MarkWhatIsOverdueAndSayWhatToDo(t *testing.T) {
	text, overdue := agesOf(t, config.Rotation{
		Database: config.Slots{A: 1, Active: "a"},
		API:      config.Slots{A: 1, B: 1, Active: "b", Keep: true, Since: "2026-11-18"},
		Redis:    config.Slots{A: 2, B: 1, Active: "a", Since: "2026-08-27"},
		CA:       config.Slots{A: 1, B: 1, Active: "b", Keep: true, Since: "2026-08-27"},
	})
	const want = `CREDENTIAL  SLOT  GENERATION  SINCE       DAYS  DUE                 OLD VALUE
database    a     1           -           -     -                   none
api         b     1           2026-11-18  8     2027-02-16          slot a valid, due 2026-11-25 OVERDUE
redis       a     2           2026-08-27  91    2026-11-25 OVERDUE  retired
ca          b     1           2026-08-27  91    2035-08-25          slot a valid, due 2026-11-25 OVERDUE

-: never rotated, or taken back. platform drift --stack prod counts from the day on which the value was generated.
-> platform rotate api --stack prod (retires the old value)
-> platform rotate redis --stack prod
-> platform rotate ca --stack prod (retires the old value)
`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if !overdue {
		t.Error("nothing is overdue")
	}
}

func TestAges_AreFineUpToTheLastDay(t *testing.T) {
	text, overdue := agesOf(t, config.Rotation{
		Database: config.Slots{A: 1, B: 1, Active: "b", Since: "2026-08-28"},
		API:      config.Slots{A: 1, B: 1, Active: "b", Keep: true, Since: "2026-11-19"},
		Redis:    config.Slots{A: 1, Active: "a"},
	})
	if overdue || strings.Contains(text, "OVERDUE") || strings.Contains(text, "->") {
		t.Errorf("got\n%s", text)
	}
}
