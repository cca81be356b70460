//go:build e2e

package policy

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/internal/tokens"
)

const (
	// earlier is a stack that an earlier program has put up for the end-to-end tests: its state, as `pulumi stack export` gave it, and its configuration are in testdata.
	// Both are encrypted with a passphrase that everybody knows, and what they open is gone.
	earlier           = "earlier"
	earlierPassphrase = "e2e"
)

// TestProgram_TakesOverAStackOfAnEarlierOneWithItsData previews today's program on that state: its data volumes, credentials and authority must be what they were.
func TestProgram_TakesOverAStackOfAnEarlierOneWithItsData(t *testing.T) {
	b := newBench(t)
	folder := filepath.Join(b.dir, earlier)
	binary := filepath.Join(folder, "program")
	b.project(t, folder, "dev", nil, binary)
	config, err := os.ReadFile(filepath.Join("testdata", earlier, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "Pulumi."+earlier+".yaml"), config)
	write(t, filepath.Join(folder, "state.json"), unpacked(t, filepath.Join("testdata", earlier, "state.json.gz")))
	b.run(t, b.clone, nil, "go", "build", "-ldflags", "-s -w", "-o", binary, ".")
	environment := append(b.environment(folder), "PULUMI_CONFIG_PASSPHRASE="+earlierPassphrase)
	b.run(t, folder, environment, "pulumi", "stack", "init", earlier, "--non-interactive")
	b.run(t, folder, environment, "pulumi", "stack", "import", "--stack", earlier, "--file", "state.json")
	log := filepath.Join(folder, "events")
	b.run(t, folder, environment, "pulumi", "preview", "--stack", earlier, "--non-interactive", "--color", "never", "--event-log", log)

	kept := 0
	for _, step := range steps(t, log) {
		name := step.URN[strings.LastIndex(step.URN, "::")+2:]
		switch {
		case step.Op == apitype.OpCreate: // something more; what it would take the place of is deleted or replaced
			continue
		case step.Type == tokens.Volume && !labelled(step):
		case strings.HasPrefix(step.Type, "random:") || strings.HasPrefix(step.Type, "tls:index/privateKey"):
		default:
			continue
		}
		if kept++; step.Op != apitype.OpSame && step.Op != apitype.OpUpdate {
			t.Errorf("%s %s: %s", step.Type, name, step.Op)
		}
	}
	t.Logf("%d volumes with data, credentials and keys are what they were", kept)
	if kept < 10 {
		t.Errorf("only %d were looked at: this test shows nothing", kept)
	}
}

func unpacked(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	reader, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// labelled says that a volume has files that can be made anew, and no data.
func labelled(step apitype.StepEventMetadata) bool {
	for _, side := range []*apitype.StepEventStateMetadata{step.Old, step.New} {
		if side == nil {
			continue
		}
		if labels, _ := side.Inputs["labels"].([]any); len(labels) > 0 {
			return true
		}
	}
	return false
}

// steps are what a preview would do.
func steps(t *testing.T, log string) (all []apitype.StepEventMetadata) {
	t.Helper()
	file, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var event apitype.EngineEvent
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatal(err)
		}
		if p := event.ResourcePreEvent; p != nil {
			all = append(all, p.Metadata)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
