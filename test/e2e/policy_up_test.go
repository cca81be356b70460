//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The rule forbids the edge, which an `up` makes last; without a preview first, everything before it would be changed by then.
func TestUp_APolicyStopsItBeforeAnythingIsChanged(t *testing.T) {
	packWith(t, forbidden)
	stack.Configure(t, Set("edge.limits.api.burst", 201), Set("services.memoryMiB", 600))
	before := containerIDs(t)
	start := time.Now()
	out, err := stack.platform("up", "--yes")
	t.Logf("refused in %s", time.Since(start).Round(100*time.Millisecond))
	if err == nil {
		t.Error("up succeeded against a mandatory policy")
	}
	for _, says := range []string{"ERROR  proxy-nginx: policy containers-e2e: ", "it is made of nginx; make it of something else", "Nothing was changed."} {
		if !strings.Contains(out, says) {
			t.Errorf("it does not say %q:\n%s", says, out)
		}
	}
	if after := containerIDs(t); !slices.Equal(before, after) {
		t.Errorf("containers before %v, after %v", before, after)
	}
}

// packWith gives the stack a policy pack with further rules until the test ends.
func packWith(t *testing.T, rules string) {
	t.Helper()
	const registry = "policy/rules/registry.go"
	text, err := os.ReadFile(filepath.Join(stack.clone, registry))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(stack.clone, registry):                    file("registry.go", strings.Replace(string(text), "containersRules,", "containersRules, forbidden,", 1)),
		filepath.Join(stack.clone, "policy/rules/forbidden.go"): file("forbidden.go", rules),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { buildPack(t) })
	buildPack(t, "-overlay", file("overlay.json", string(overlay)))
}

func buildPack(t *testing.T, flags ...string) {
	t.Helper()
	compile := exec.Command("go", append(append([]string{"build", "-o", filepath.Join(stack.project(), "bin", "policy")}, flags...), "./policy")...)
	compile.Dir = stack.clone
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}
