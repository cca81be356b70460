package report

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

var update = flag.Bool("update", false, "write the golden files")

// The events were recorded from a real CLI with the real program.
func TestMarkdown_IsWhatAReviewerNeeds(t *testing.T) {
	recordings, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(recordings) < 5 {
		t.Fatal(recordings, err)
	}
	for _, recording := range recordings {
		name := strings.TrimSuffix(filepath.Base(recording), ".jsonl")
		t.Run(name, func(t *testing.T) {
			about := About{Stack: "prod", Commit: "0123456789abcdef0123456789abcdef01234567"}
			if name == "nothing" { // everything is new
				about.Nothing, about.Instead = true, []string{"host: prefect.stands-in.internal stands in until the stack says its own"}
			}
			r := New(about)
			for _, e := range recorded(t, recording) {
				r.Event(e)
			}
			compare(t, "testdata/"+name+".md", r.Markdown())
		})
	}
}

func TestMarkdown_ShowsWhatKeepsAPreviewFromBeingMade(t *testing.T) {
	r := New(About{Stack: "prod"})
	r.Refuse(`edge.allow: found an empty list, want the networks of your people (pulumi config set --path 'edge.allow[0]' 192.168.1.0/24)`)
	r.Refuse(`host: found "prefect.example.com", want the name under which your people reach the edge, in production`)
	r.Mend("container prefect-prod-api is gone: it is made anew")
	r.Fail("the policy pack does not build")
	compare(t, "testdata/refused.md", r.Markdown())
}

func recorded(t *testing.T, path string) []apitype.EngineEvent {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var all []apitype.EngineEvent
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var e apitype.EngineEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
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
