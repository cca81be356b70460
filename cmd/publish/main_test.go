package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun_WritesTheSummaryAlsoWhereItMayNotComment(t *testing.T) {
	summary, report := filepath.Join(t.TempDir(), "summary"), filepath.Join(t.TempDir(), "report.md")
	for name, text := range map[string]string{summary: "before\n", report: "## x\n<!-- prefect-platform preview prod -->\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var asked []string
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		_ = json.NewEncoder(w).Encode([]any{})
	}))
	defer github.Close()
	for name, value := range map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary, "GITHUB_API_URL": github.URL, "GITHUB_REPOSITORY": "acme/flows", "PULL_REQUEST": "3", "GITHUB_TOKEN": "", "GITLAB_CI": ""} {
		t.Setenv(name, value)
	}
	if err := run(t.Context(), report, ""); err != nil || len(asked) > 0 {
		t.Errorf("without a token: %v, asked %v", err, asked)
	}
	if got, _ := os.ReadFile(summary); string(got) != "before\n## x\n<!-- prefect-platform preview prod -->\n" {
		t.Errorf("summary %q", got)
	}
	t.Setenv("GITHUB_TOKEN", "token")
	if err := run(t.Context(), report, ""); err != nil || strings.Join(asked, ", ") != "GET /repos/acme/flows/issues/3/comments, POST /repos/acme/flows/issues/3/comments" {
		t.Errorf("with one: %v, asked %v", err, asked)
	}
}

func TestHost_SaysWhyNothingIsWritten(t *testing.T) {
	for want, env := range map[string]map[string]string{
		"neither GitHub nor GitLab": {},
		"no pull request":           {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "x"},
		"variable GITHUB_TOKEN":     {"GITHUB_ACTIONS": "true", "PULL_REQUEST": "1"},
		"no merge request":          {"GITLAB_CI": "true", "GITLAB_TOKEN": "x"},
		"variable GITLAB_TOKEN":     {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "1"},
	} {
		if host, why := host(func(name string) string { return env[name] }, false); host != nil || !strings.Contains(why, want) {
			t.Errorf("want %q, got %v %q", want, host, why)
		}
	}
	if host, _ := host(func(name string) string {
		return map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "x"}[name]
	}, true); host == nil {
		t.Error("an issue needs no pull request")
	}
}
