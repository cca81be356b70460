//go:build lab

package proxy

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/workload"
)

// upstream is the image of testdata/upstream, which is gone when the tests end.
const upstream = "prefect-platform-test/upstream"

func TestMain(m *testing.M) {
	code := m.Run()
	_, _ = tryDocker(nil, "rmi", "--force", upstream)
	os.Exit(code)
}

// docker runs the Docker CLI on the engine of DOCKER_HOST.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := tryDocker(nil, args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

// tryDocker returns both streams of the command.
func tryDocker(stdin io.Reader, args ...string) (string, error) {
	command := exec.Command("docker", args...)
	command.Stdin = stdin
	out, err := command.CombinedOutput()
	return string(out), err
}

// await calls done until it returns nil.
func await(t *testing.T, within time.Duration, what string, done func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := done()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s: %v", within, what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// upstreamImage makes it once.
var upstreamImage = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "upstream")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "upstream"), "./testdata/upstream")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	binary, err := os.ReadFile(filepath.Join(folder, "upstream"))
	if err != nil {
		return "", err
	}
	out, err := tryDocker(archive(map[string]entry{"upstream": {string(binary), 0o555}}), "import", "-c", `ENTRYPOINT ["/upstream"]`, "-", upstream)
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return upstream, nil
})

type entry struct {
	content string
	mode    int64
}

// archive is a tar of files of root:root.
func archive(files map[string]entry) io.Reader {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := files[name]
		_ = writer.WriteHeader(&tar.Header{Name: name, Mode: file.mode, Size: int64(len(file.content))})
		_, _ = io.WriteString(writer, file.content)
	}
	_ = writer.Close()
	return &buffer
}

// bench is the place of one test on the engine: two networks, the volume of the releases, and what runs there.
type bench struct {
	t        *testing.T
	name     string
	releases *workload.Volume
	count    *int // of what has a number in its name
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, name: "edge-lab-" + strings.ToLower(rand.Text()[:8]), count: new(int)}
	b.releases = &workload.Volume{Name: b.name + "-releases"}
	t.Cleanup(b.clear)
	docker(t, "network", "create", "--label", b.name, b.name+"-edge")
	docker(t, "network", "create", "--label", b.name, "--internal", b.name+"-app")
	docker(t, "volume", "create", "--label", b.name, b.releases.Name)
	// As workload.NewOpenScratchVolume does: an empty volume gets the mode of the folder that it is first mounted on.
	docker(t, "create", "--label", b.name, "-v", b.releases.Name+":/var/tmp", testImage)
	return b
}

func (b *bench) clear() {
	for _, each := range []struct{ list, remove []string }{
		{[]string{"ps", "-aq"}, []string{"rm", "-f", "-v"}},
		{[]string{"volume", "ls", "-q"}, []string{"volume", "rm"}},
		{[]string{"network", "ls", "-q"}, []string{"network", "rm"}},
	} {
		found := strings.Fields(docker(b.t, append(each.list, "--filter", "label="+b.name)...))
		if len(found) > 0 {
			docker(b.t, append(each.remove, found...)...)
		}
	}
}

// upstream starts an API container and returns its name.
func (b *bench) upstream() string {
	b.t.Helper()
	image, err := upstreamImage()
	if err != nil {
		b.t.Fatal(err)
	}
	*b.count++
	name := fmt.Sprintf("%s-api-%d", b.name, *b.count)
	docker(b.t, "run", "-d", "--name", name, "--label", b.name, "--network", b.name+"-app", "--network-alias", "prefect-api", image)
	return name
}

// arguments are those of `docker run` that make what internal/workload makes of a spec.
func (b *bench) arguments(spec workload.Spec) []string {
	b.t.Helper()
	*b.count++
	files := fmt.Sprintf("%s-files-%d", b.name, *b.count)
	docker(b.t, "volume", "create", "--label", b.name, files)
	holder := docker(b.t, "create", "--label", b.name, "-v", files+":"+workload.FilesDir, testImage)
	contents := map[string]entry{}
	for name, file := range spec.Files {
		mode, err := strconv.ParseInt(string(file.Mode), 8, 64)
		if err != nil {
			b.t.Fatal(err)
		}
		contents[name] = entry{value(b.t, file.Content), mode}
	}
	if out, err := tryDocker(archive(contents), "cp", "-", holder+":"+workload.FilesDir); err != nil {
		b.t.Fatalf("%v: %s", err, out)
	}

	args := []string{
		"--label", b.name, "--init", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", spec.User, "--group-add", "0",
		"--memory", fmt.Sprintf("%dm", spec.MemoryMiB), "--memory-swap", fmt.Sprintf("%dm", spec.MemoryMiB), "-v", files + ":" + workload.FilesDir + ":ro",
	}
	if len(spec.Tmpfs) == 0 {
		args = append(args, "--tmpfs", "/tmp:mode=1777")
	}
	for path, options := range spec.Tmpfs {
		args = append(args, "--tmpfs", path+":"+options)
	}
	for _, mount := range spec.Mounts {
		volume := mount.Volume + ":" + mount.Path
		if mount.ReadOnly {
			volume += ":ro"
		}
		args = append(args, "-v", volume)
	}
	for _, port := range spec.Ports {
		args = append(args, "-p", fmt.Sprintf("127.0.0.1::%d", port.Internal))
	}
	for _, network := range spec.Networks {
		joined := "name=" + value(b.t, network.Name)
		for _, alias := range network.Aliases {
			joined += ",alias=" + alias
		}
		if network.Address.IsValid() {
			joined += ",ip=" + network.Address.String()
		}
		args = append(args, "--network", joined)
	}
	for name, value := range spec.Env {
		args = append(args, "--env", name+"="+value)
	}
	if spec.WorkingDir != "" {
		args = append(args, "--workdir", spec.WorkingDir)
	}
	if spec.OpenFiles > 0 {
		args = append(args, "--ulimit", fmt.Sprintf("nofile=%d", spec.OpenFiles))
	}
	args = append(args, "--entrypoint", spec.Entrypoint[0], spec.Image)
	return append(args, append(spec.Entrypoint[1:], spec.Command...)...)
}

// value waits for an output that depends on no resource.
func value(t *testing.T, of pulumi.StringInput) string {
	t.Helper()
	known := make(chan string, 1)
	of.ToStringOutput().ApplyT(func(text string) string {
		known <- text
		return text
	})
	select {
	case text := <-known:
		return text
	case <-time.After(10 * time.Second):
		t.Fatal("the output is never known")
		return ""
	}
}
