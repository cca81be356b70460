package progress

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

var update = flag.Bool("update", false, "write the golden files")

// The events were recorded from a real CLI, with a service that is replaced stop-first, two that are replaced start-first, and a one-shot.
func TestReporter_WritesWhatAPersonCanFollow(t *testing.T) {
	recordings, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(recordings) == 0 {
		t.Fatal(recordings, err)
	}
	for _, recording := range recordings {
		t.Run(strings.TrimSuffix(filepath.Base(recording), ".jsonl"), func(t *testing.T) {
			compare(t, strings.TrimSuffix(recording, "jsonl")+"txt", replay(t, recording))
		})
	}
}

func replay(t *testing.T, recording string) string {
	t.Helper()
	file, err := os.Open(recording)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()

	var out strings.Builder
	r := New(&out, false)
	clock := 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e apitype.EngineEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		for ; clock < e.Timestamp; clock++ {
			r.Tick(time.Duration(clock) * time.Second)
		}
		r.Event(time.Duration(e.Timestamp)*time.Second, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String() + r.Summary() + "\n" + problemLines(r.Problems())
}

func problemLines(problems []string) string {
	text := ""
	for _, p := range problems {
		text += "problem: " + p + "\n"
	}
	return text
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (run with -update when that is meant):\n%s", golden, got)
	}
}

// After a restore or an upgrade another volume has the data; the one before stays on the engine.
func TestReporter_SaysThatADataVolumeIsKept(t *testing.T) {
	var out strings.Builder
	r := New(&out, false)
	step := apitype.StepEventMetadata{
		Op: apitype.OpDelete, URN: "urn:pulumi:dev::prefect-platform::docker:index/volume:Volume::postgres-17", Type: "docker:index/volume:Volume",
		Old: &apitype.StepEventStateMetadata{Custom: true, RetainOnDelete: true},
	}
	r.Event(0, apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: step}})
	r.Event(time.Second, apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: step}})
	if !strings.Contains(out.String(), "no longer used, and kept") {
		t.Errorf("it says %q", out.String())
	}
}
