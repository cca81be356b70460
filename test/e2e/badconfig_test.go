//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

func TestConfiguration_AllProblemsAreReportedAtOnceAndNothingChanges(t *testing.T) {
	wrong := map[string]Edit{
		"edge.httpsPort":            Set("edge.httpsPort", 99999),
		"edge.allow[0]":             Set("edge.allow[0]", "anywhere"),
		"edge.limits.api.perSecond": Set("edge.limits.api.perSecond", 0),
		"network.base":              Set("network.base", "8.8.8.0/24"),
		"workers[0].limit":          Set("workers[0].limit", "many"),
		"databasePasswordA":         Set("databasePasswordA", "not encrypted"),
		"images.override.redis":     Set("images.override", map[string]any{"redis": "redis:latest"}),
		"databse":                   Set("databse", map[string]any{"memoryMiB": 1024}),
	}
	var edits []Edit
	for _, edit := range wrong {
		edits = append(edits, edit)
	}
	before := containerIDs(t)
	stack.Configure(t, edits...)
	for name, run := range map[string]func() (string, error){
		"platform up": func() (string, error) { return stack.platform("up", "--yes") },
		"pulumi up":   func() (string, error) { return stack.pulumi("up", "--yes", "--skip-preview", "--stack", stack.Name) },
	} {
		start := time.Now()
		out, err := run()
		if err == nil {
			t.Errorf("%s succeeded with %d mistakes in the configuration", name, len(wrong))
		}
		for key := range wrong {
			if !strings.Contains(out, key+": found ") {
				t.Errorf("%s says nothing of %s:\n%s", name, key, out)
			}
		}
		if strings.Contains(out, "not encrypted\"") {
			t.Errorf("%s shows the password that should have been secret:\n%s", name, out)
		}
		t.Logf("%s refused %d mistakes in %s", name, len(wrong), time.Since(start).Round(100*time.Millisecond))
	}
	if after := containerIDs(t); !slices.Equal(before, after) {
		t.Errorf("containers before %v, after %v", before, after)
	}
}

func containerIDs(t *testing.T) []string {
	t.Helper()
	list, err := stack.Docker.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", labelStack+"="+stack.Name)})
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 0, len(list.Items))
	for _, summary := range list.Items {
		ids = append(ids, summary.ID)
	}
	slices.Sort(ids)
	return ids
}
