package drift

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestWriteJSON_HasStableNames(t *testing.T) {
	w := well()
	w.container("c-redis").State = "restarting"
	w.resources = w.resources[:10] // without ages
	var out bytes.Buffer
	report := NewReport(w.record(t), Seen{Has: w.has, Restarts: map[string]int{"c-redis": 9}}, "unix:///run/docker.sock", now)
	report.Notes = report.Notes[:0]
	if err := report.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	const want = `{
  "version": 1,
  "stack": "dev",
  "engine": "unix:///run/docker.sock",
  "at": "2026-11-26T12:00:00Z",
  "drift": true,
  "findings": [
    {
      "kind": "restarting",
      "subject": "prefect-dev-redis",
      "workload": "redis",
      "recorded": "running",
      "found": "restarting, 9 times so far",
      "next": "platform logs redis && docker restart prefect-dev-redis (counts from 0 again)"
    }
  ],
  "notes": []
}
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

func TestWriteJSON_WritesAnEmptyListWithoutDrift(t *testing.T) {
	w := well()
	var out bytes.Buffer
	if err := NewReport(w.record(t), Seen{Has: w.has}, "", now).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var document struct {
		Drift    *bool
		Findings *[]Finding
	}
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if document.Drift == nil || *document.Drift || document.Findings == nil || *document.Findings == nil {
		t.Errorf("got %s", out.String())
	}
}

func TestWriteText_AlignsFindingsAndPutsTheCommandBelowEach(t *testing.T) {
	report := Report{Stack: "dev", Engine: "unix:///x", Drift: true, Findings: []Finding{
		{Stopped, "prefect-dev-redis", "redis", "running", "exited", "platform up"},
		{CredentialDue, "credential/api", "", "rotated 2026-01-01", "329 days old", "platform up"},
	}, Notes: []Note{{"credential/api", "rotated 2026-01-01, 329 days old"}}}
	const want = `DRIFT           SUBJECT            RECORDED            FOUND
stopped         prefect-dev-redis  running             exited
   -> platform up
credential-due  credential/api     rotated 2026-01-01  329 days old
   -> platform up

note  credential/api  rotated 2026-01-01, 329 days old

2 differences: stack dev on the engine at unix:///x; nothing was changed
`
	var out bytes.Buffer
	if err := report.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

func TestWriteText_SaysThatThereIsNoDrift(t *testing.T) {
	var out bytes.Buffer
	if err := (Report{Stack: "dev", Engine: "unix:///x"}).WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "no drift: stack dev") || strings.Contains(out.String(), "SUBJECT") {
		t.Errorf("got\n%s", out.String())
	}
}
