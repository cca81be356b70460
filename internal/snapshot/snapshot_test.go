package snapshot

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const listed = `[
 {"time":"2026-11-27T22:00:30.5+01:00","tags":["base=20261127T200000Z"],"short_id":"aaaa1111"},
 {"time":"2026-11-27T21:30:00Z","tags":["last","base=20261127T200000Z"],"short_id":"bbbb2222"},
 {"time":"2026-11-27T21:30:40Z","tags":["base=20261127T213000Z"],"short_id":"cccc3333"},
 {"time":"2026-11-28T09:00:00Z","tags":["base=20261128T080000Z"],"short_id":"dddd4444"},
 {"time":"2026-11-28T09:10:00Z","tags":["base=20261128T093000Z"],"short_id":"of the future"},
 {"time":"2026-11-28T09:20:00Z","tags":null,"short_id":"of a person"}]`

func parsed(t *testing.T) []Snapshot {
	t.Helper()
	all, err := Parse(listed)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func moment(clock string) time.Time {
	at, err := time.Parse(time.RFC3339, clock)
	if err != nil {
		panic(err)
	}
	return at
}

func TestParse_TakesWhatTheBackupMadeInOrder(t *testing.T) {
	var ids []string
	for _, each := range parsed(t) {
		ids = append(ids, each.ID)
	}
	if got := strings.Join(ids, " "); got != "aaaa1111 bbbb2222 cccc3333 dddd4444" {
		t.Errorf("got %s", got)
	}
	if _, err := Parse("Fatal: wrong password"); err == nil {
		t.Error("takes anything")
	}
}

func TestChoose_TakesTheEarliestThatHasAllOfTheMoment(t *testing.T) {
	for at, want := range map[string]string{
		"":                     "dddd4444",
		"2026-11-27T20:00:00Z": "aaaa1111",
		"2026-11-27T21:00:30Z": "aaaa1111",
		"2026-11-27T21:00:31Z": "bbbb2222",
		"2026-11-27T21:30:00Z": "bbbb2222",
		"2026-11-27T21:30:01Z": "cccc3333",
	} {
		var to time.Time
		if at != "" {
			to = moment(at)
		}
		if got, err := Choose(parsed(t), "", to); err != nil || got.ID != want {
			t.Errorf("%s: %s (%v), want %s", at, got.ID, err, want)
		}
	}
}

func TestChoose_RefusesWhatIsNotKept(t *testing.T) {
	for at, want := range map[string]string{
		"2026-11-27T19:59:59Z": "the oldest moment that is kept is 2026-11-27T20:00:00Z",
		"2026-11-28T07:00:00Z": "no snapshot has that moment",
		"2026-11-28T09:00:01Z": "the newest snapshot is of 2026-11-28T09:00:00Z",
	} {
		if _, err := Choose(parsed(t), "", moment(at)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", at, err, want)
		}
	}
	if _, err := Choose(nil, "", time.Time{}); err == nil {
		t.Error("takes a snapshot of an empty repository")
	}
}

func TestChoose_TakesASnapshotByItsID(t *testing.T) {
	if got, err := Choose(parsed(t), "bbbb", time.Time{}); err != nil || got.ID != "bbbb2222" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := Choose(parsed(t), "eeee", time.Time{}); err == nil {
		t.Error("takes another than was asked for")
	}
	if _, err := Choose(parsed(t), "bbbb", moment("2026-11-27T21:40:00Z")); err == nil {
		t.Error("takes a moment that the snapshot does not have")
	}
}

func TestSpan_HasTheLastSnapshotOfEachCopy(t *testing.T) {
	var rows []string
	for _, each := range Span(parsed(t)) {
		rows = append(rows, each.Row())
	}
	want := "bbbb2222  2026-11-27T20:00:00Z  2026-11-27T21:30:00Z\ncccc3333  2026-11-27T21:30:00Z  2026-11-27T21:30:40Z\ndddd4444  2026-11-28T08:00:00Z  2026-11-28T09:00:00Z"
	if got := strings.Join(rows, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCompleteWAL_RefusesAGap(t *testing.T) {
	const a, b, c, d = "0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000000", "000000010000000100000001"
	for name, each := range map[string]struct {
		files []string
		want  string
	}{
		"whole":                 {[]string{b, c, d + ".partial"}, ""},
		"with what came before": {[]string{a, b, c}, ""},
		"one file":              {[]string{b + ".partial"}, ""},
		"in any order":          {[]string{d, b, c, "00000001.history"}, ""},
		"without the first":     {[]string{c, d}, b + " is missing"},
		"with a gap":            {[]string{b, d}, c + " is missing"},
		"unfinished inside":     {[]string{b, c + ".partial", d}, c + " is missing"},
		"of another timeline":   {[]string{b, "000000020000000100000000"}, c + " is missing"},
		"none":                  {nil, "the copy alone is no database"},
	} {
		listing := "first " + b + "\n"
		for _, file := range each.files {
			listing += fmt.Sprintf("wal %s\n", file)
		}
		err := CompleteWAL(listing)
		if (err == nil) != (each.want == "") || err != nil && !strings.Contains(err.Error(), each.want) {
			t.Errorf("%s: %v, want %q", name, err, each.want)
		}
	}
	if CompleteWAL("wal "+b) == nil {
		t.Error("takes a copy without its label")
	}
}
