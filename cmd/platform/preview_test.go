package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPreview_SaysWhatItCannotDoInTheReportToo(t *testing.T) {
	for want, args := range map[string][]string{
		"--against nobody: state, nothing or auto":                                   {"--against", "nobody"},
		"--expect-no-changes needs a state to compare with: --against state":         {"--against", "nothing", "--expect-no-changes"},
		"there is no Pulumi.nowhere.yaml in ":                                        {"--against", "nothing", "--stack", "nowhere"},
		"copy Pulumi.prod.yaml to begin with, or choose another --stack (state too)": {"--against", "state", "--stack", "nowhere"},
	} {
		want, _, _ = strings.Cut(want, " (state too)")
		file := filepath.Join(t.TempDir(), "report.md")
		root := newRoot()
		root.SetArgs(append([]string{"preview", "--report", file}, args...))
		root.SetOut(io.Discard)
		err := root.ExecuteContext(t.Context())
		if err == nil {
			t.Errorf("%v succeeded", args)
			continue
		}
		if strings.Contains(err.Error(), "pulumi is not on the PATH") { // the tools are looked for first, and the report is written all the same
			want = "pulumi is not on the PATH"
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
		report, readErr := os.ReadFile(file)
		if readErr != nil || !strings.Contains(string(report), ": failed\n<!-- prefect-platform preview ") || !strings.Contains(string(report), want) {
			t.Errorf("%v: %v, the report is\n%s", args, readErr, report)
		}
	}
}
