//go:build e2e

package e2e

import (
	_ "embed"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed pint.hcl
var pintConfig string

// testPint has another linter judge the rules against what the running Prometheus knows.
func testPint(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(cache, "prefect-platform", "pint")
	build := exec.Command("go", "build", "-C", filepath.Join(stack.clone, "tools", "pint"), "-ldflags", "-s -w", "-o", binary, "github.com/cloudflare/pint/cmd/pint")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // runs in any image
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}

	prometheus := stack.Container(t, "prometheus").ID
	files := map[string]string{"/tmp/pint": string(program), "/tmp/pint.hcl": pintConfig}
	for _, name := range strings.Fields(stack.Exec(t, prometheus, "ls", "/etc/platform").Stdout) {
		if strings.HasSuffix(name, ".rules.yml") {
			files["/tmp/rules/"+name] = stack.Exec(t, prometheus, "cat", path.Join("/etc/platform", name)).Stdout
		}
	}
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	start := "cp /tmp/pint /tmp/run && chmod 755 /tmp/run && exec /tmp/run --no-color --config /tmp/pint.hcl lint --fail-on bug /tmp/rules"
	t.Log(stack.StartHelper(t, Helper{
		Image: stack.Container(t, "api").Config.Image, Command: []string{"sh", "-c", start}, Network: "prefect-" + stack.Name + "-mon", Files: files,
	}).Wait(t))
}
