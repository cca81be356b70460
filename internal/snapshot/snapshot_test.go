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

// The time at which a snapshot was made says nothing of what it has: a receiver may have hung.
func TestParse_PromisesWhatWasReceived(t *testing.T) {
	all, err := Parse(`[
 {"time":"2026-11-27T21:30:00Z","tags":["base=20261127T200000Z","received=20261127T212959Z"],"short_id":"aaaa1111"},
 {"time":"2026-11-27T22:30:00Z","tags":["base=20261127T200000Z","received=20261127T213007Z","last"],"short_id":"cccc3333"},
 {"time":"2026-11-27T22:00:00Z","tags":["received=20261127T213007Z","base=20261127T200000Z"],"short_id":"bbbb2222"},
 {"time":"2026-11-27T23:00:00Z","tags":["base=20261127T220000Z","received=20261127T213007Z"],"short_id":"of a copy that is no database"}]`)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, each := range all {
		got += each.ID + " " + text(each.To) + "\n"
	}
	if want := "aaaa1111 2026-11-27T21:29:59Z\nbbbb2222 2026-11-27T21:30:07Z\ncccc3333 2026-11-27T21:30:07Z\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for at, want := range map[string]struct {
		id   string
		sure bool
	}{
		"2026-11-27T21:29:00Z": {"aaaa1111", true},
		"2026-11-27T21:30:07Z": {"bbbb2222", true},
		"2026-11-27T21:30:09Z": {"cccc3333", false}, // the last that may have it
		"2026-11-27T22:20:00Z": {"cccc3333", false},
	} {
		got, err := Choose(all, "", moment(at))
		if err != nil || got.ID != want.id || got.Surely(moment(at)) != want.sure {
			t.Errorf("%s: %s, %v (%v)", at, got.ID, got.Surely(moment(at)), err)
		}
	}
	if _, err := Choose(all, "", moment("2026-11-27T22:30:01Z")); err == nil || !strings.Contains(err.Error(), "the newest snapshot is of 2026-11-27T22:30:00Z") {
		t.Errorf("a moment after all: %v", err)
	}
	if _, err := Choose(all, "aaaa", moment("2026-11-27T21:30:01Z")); err == nil {
		t.Error("takes a moment that a snapshot cannot have")
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
	for received, want := range map[string]string{
		"1/1000100":        "", // in d
		"1/2000000":        "", // d is full
		"1/2000028":        "", // nothing is in the next one yet
		"1/2000090":        "000000010000000100000002 is missing: it was received",
		"2/0":              "000000010000000100000002 is missing",
		"0/0":              "",
		"20261127T200000Z": "", // a snapshot that does not say it
	} {
		err := CompleteWAL("first " + b + "\nreceived " + received + "\nwal " + b + "\nwal " + c + "\nwal " + d + ".partial\n")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("received up to %s: %v, want %q", received, err, want)
		}
	}
	if CompleteWAL("wal "+b) == nil {
		t.Error("takes a copy without its label")
	}
}
