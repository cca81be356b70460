package monitoring

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Prometheus' discovery of clouds, which no test needs, is most of what there is to compile.
const tags = "remove_all_sd,enable_dns_sd"

// toolPath builds promtool into the user's cache, where the next build finds it done.
var toolPath = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "prefect-platform", "promtool")
	if output, err := exec.Command("go", "build", "-C", "../../tools/promtool", "-tags", tags, "-o", path, "github.com/prometheus/prometheus/cmd/promtool").CombinedOutput(); err != nil {
		return "", fmt.Errorf("promtool cannot be built: %w\n%s", err, output)
	}
	return path, nil
})

func promtool(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := toolPath()
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command(path, args...).CombinedOutput()
	return string(output), err
}

func save(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
