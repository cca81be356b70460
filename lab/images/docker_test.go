//go:build lab

package images

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// readyLimit bounds the wait for a container's service; a cold start of Prefect on a busy machine is the slowest.
const readyLimit = 3 * time.Minute

// docker runs the docker command against whatever engine it is set up for, and gives its output without the last newline.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	output, err := tryDocker(args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

func tryDocker(args ...string) (string, error) {
	output, err := exec.Command("docker", args...).CombinedOutput()
	return strings.TrimSuffix(string(output), "\n"), err
}

// container is a running or finished container that the test removes with its anonymous volumes.
type container struct {
	t  *testing.T
	id string
}

// start creates a container from docker run's arguments, puts the files in place, and starts it.
func start(t *testing.T, files map[string]file, args ...string) container {
	t.Helper()
	id := docker(t, append([]string{"create"}, args...)...)
	id = id[strings.LastIndexByte(id, '\n')+1:] // a pull may come before it
	c := container{t, id}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", strings.Join(args, " "), c.logs())
		}
		docker(t, "rm", "--force", "--volumes", id)
	})
	for target, f := range files {
		source := filepath.Join(t.TempDir(), filepath.Base(target))
		if err := os.WriteFile(source, []byte(f.content), f.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(source, f.mode); err != nil { // the umask does not count
			t.Fatal(err)
		}
		docker(t, "cp", source, id+":"+target)
	}
	docker(t, "start", id)
	return c
}

type file struct {
	content string
	mode    os.FileMode
}

func (c container) exec(command ...string) (string, error) {
	return tryDocker(append([]string{"exec", c.id}, command...)...)
}

func (c container) mustExec(command ...string) string {
	c.t.Helper()
	output, err := c.exec(command...)
	if err != nil {
		c.t.Fatalf("%v: %v\n%s", command, err, output)
	}
	return output
}

func (c container) logs() string {
	output, _ := tryDocker("logs", c.id)
	return output
}

// await repeats a command inside until it succeeds.
func (c container) await(command ...string) {
	c.t.Helper()
	deadline := time.Now().Add(readyLimit)
	for {
		output, err := c.exec(command...)
		if err == nil {
			return
		}
		if c.inspect("{{.State.Running}}") != "true" || time.Now().After(deadline) {
			c.t.Fatalf("%v does not succeed: %s", command, output)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// exitCode waits until the container ends by itself.
func (c container) exitCode() int {
	c.t.Helper()
	return c.number(docker(c.t, "wait", c.id))
}

// stop sends the image's stop signal and gives the exit code and how long it took.
func (c container) stop(grace time.Duration) (int, time.Duration) {
	c.t.Helper()
	begin := time.Now()
	docker(c.t, "stop", "--timeout", strconv.Itoa(int(grace.Seconds())), c.id)
	took := time.Since(begin)
	return c.number(c.inspect("{{.State.ExitCode}}")), took
}

func (c container) inspect(format string) string {
	c.t.Helper()
	return docker(c.t, "inspect", "--format", format, c.id)
}

func (c container) number(text string) int {
	c.t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// oneShot runs a command to its end in a container of its own, and gives its output.
func oneShot(t *testing.T, args ...string) string {
	t.Helper()
	return docker(t, append([]string{"run", "--rm", "--network", "none"}, args...)...)
}

// imageConfig is the part of an image's configuration that a program can tell images apart by.
type imageConfig struct {
	Entrypoint []string
	Cmd        []string
	User       string
	WorkingDir string
	StopSignal string
	Volumes    map[string]struct{}
	// ExposedPorts has keys like 8080/tcp.
	ExposedPorts map[string]struct{}
	Env          []string
}

func configOf(t *testing.T, image string) imageConfig {
	t.Helper()
	if _, err := tryDocker("image", "inspect", image); err != nil {
		docker(t, "pull", "--quiet", image)
	}
	var config imageConfig
	if err := json.Unmarshal([]byte(docker(t, "image", "inspect", "--format", "{{json .Config}}", image)), &config); err != nil {
		t.Fatal(err)
	}
	return config
}
