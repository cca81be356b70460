package logline

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"
)

var received = time.Date(2026, 11, 27, 16, 8, 1, 123456789, time.FixedZone("CET", 3600))

const stamped = "2026-11-27T16:08:01.123+01:00 "

func TestShow_PutsFirstWhatAPersonLooksFor(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"text":                   {"1:M 27 Nov 2026 16:08:01.123 * Ready", []string{stamped + "1:M 27 Nov 2026 16:08:01.123 * Ready"}},
		"nothing":                {"", []string{stamped}},
		"JSON of a flow's print": {`{"rows": 3}`, []string{stamped + `{"rows": 3}`}},
		"not quite JSON":         {`{"message": "a"} b`, []string{stamped + `{"message": "a"} b`}},
		"half of a torn line":    {`{"message": "a`, []string{stamped + `{"message": "a`}},
		"null":                   {`null`, []string{stamped + `null`}},
		"a service of Prefect": {
			`{"time": "2026-11-27T15:08:02.5+00:00", "level": "WARNING", "logger": "prefect.server", "message": "late"}`,
			[]string{"2026-11-27T16:08:02.500+01:00 WARNING prefect.server: late"},
		},
		"a task": {
			`{"time": "2026-11-27T15:08:02.004+00:00", "level": "INFO", "logger": "prefect.task_runs", "message": "costs $5", "flow_run_id": "f", "flow_run_name": "tomato-mule", "task_run_id": "t", "task_run_name": "nap-563", "flow_name": "noted", "task_name": "nap"}`,
			[]string{"2026-11-27T16:08:02.004+01:00 INFO    prefect.task_runs (nap-563): costs $5"},
		},
		"a flow that fails": {
			`{"level": "ERROR", "logger": "prefect.flow_runs", "message": "first\nsecond", "flow_run_name": "tomato-mule", "exception": "Traceback:\n\tline\nValueError: x"}`,
			[]string{stamped + "ERROR   prefect.flow_runs (tomato-mule): first", "second", "Traceback:", "\tline", "ValueError: x"},
		},
		"Prometheus": {
			`{"time":"2026-11-27T15:08:02.123456789Z","level":"ERROR","source":"main.go:1","msg":"Error loading config","file":"/etc/a b","err":"no such \"file\"","tries":3}`,
			[]string{`2026-11-27T16:08:02.123+01:00 ERROR   Error loading config err="no such \"file\"" file="/etc/a b" tries=3`},
		},
		"a request": {
			`{"time":"2026-11-27T15:08:02+00:00","client":"10.0.0.1","user":"ann","method":"GET","host":"h","path":"/api/health","protocol":"HTTP/2.0","status":200,"bytes":4,"seconds":0.003,"agent":"curl"}`,
			[]string{stamped + "10.0.0.1 ann GET /api/health 200 0.003s"},
		},
		"a request that nginx could not read": {
			`{"time":"2026-11-27T15:08:02+00:00","client":"10.0.0.1","user":"","method":"","path":"","status":400,"seconds":0.000}`,
			[]string{stamped + "10.0.0.1 - - - 400 0.000s"},
		},
		"a time that is none": {`{"time": "now", "message": "a"}`, []string{stamped + "        a"}},
		"a hostile message": {
			`{"level": "INFO", "logger": "a", "message": "\u001b[2J\u009b1mx\r\u202eevil \ud800 \u3000漢"}`,
			[]string{stamped + `INFO    a: \x1b[2J\u009b1mx\r\u202eevil � ` + "\u3000漢"},
		},
		"a hostile line":    {"\x1b]0;title\x07\xff\x00", []string{stamped + `\x1b]0;title\a\xff\x00`}},
		"a hostile request": {`{"client":"c","method":"\u001b[0m","path":"/","status":400,"seconds":0}`, []string{stamped + `c - \x1b[0m / 400 0s`}},
	} {
		if got := Show(received, c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, c.want)
		}
	}
}

func TestShow_LeavesOutATimeThatNobodyKnows(t *testing.T) {
	if got := Show(time.Time{}, "text"); !slices.Equal(got, []string{"text"}) {
		t.Errorf("got %q", got)
	}
}

func TestShow_LosesNothingAndWritesNoControlCharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		inJSON, err := json.Marshal(map[string]any{
			"level": rapid.String().Draw(t, "level"), "logger": rapid.String().Draw(t, "logger"), "message": text, rapid.String().Draw(t, "other field"): text, "exception": text,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{text, string(inJSON)} {
			shown := Show(received, line)
			for _, each := range shown {
				if i := strings.IndexFunc(each, func(r rune) bool { return r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }); i >= 0 {
					t.Fatalf("%q is shown with a control character: %q", line, each)
				}
			}
			all := strings.Join(shown, "\n")
			for part := range strings.FieldsFuncSeq(strings.ToValidUTF8(text, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
				if !strings.Contains(all, part) {
					t.Fatalf("%q of %q is lost in %q", part, line, all)
				}
			}
		}
	})
}

func TestRunID_TakesUUIDsOnlyAndSaysWhereToFindThem(t *testing.T) {
	for text, want := range map[string]string{
		"2438e86e-af77-4bf4-9509-401ceea6bc9f":       "2438e86e-af77-4bf4-9509-401ceea6bc9f",
		"01A21D99-E9C4-7C20-810D-040633FC958C":       "01a21d99-e9c4-7c20-810d-040633fc958c",
		"tomato-mule":                                "",
		"":                                           "",
		"2438e86eaf774bf49509401ceea6bc9f":           "",
		"2438e86e-af77-4bf4-9509-401ceea6bc9f\n":     "",
		"2438e86e-af77-4bf4-9509-401ceea6bc9fg":      "",
		"https://h/runs/flow-run/2438e86e-af77-4bf4": "",
	} {
		got, err := RunID(text)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "prefect flow-run ls") {
			t.Errorf("%q: %v does not tell where ids are found", text, err)
		}
	}
}

func TestNames_KnowsARunInAFieldAndInAText(t *testing.T) {
	const run = "2438e86e-af77-4bf4-9509-401ceea6bc9f"
	for text, want := range map[string]bool{
		`{"message": "a", "flow_run_id": "` + run + `"}`:   true,
		`{"path": "/api/flow_runs/` + run + `/set_state"}`: true,
		`{"message": "a", "flow_run_id": "another"}`:       false,
	} {
		if got := Names(text, run); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
