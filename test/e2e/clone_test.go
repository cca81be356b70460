//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// freshClone is the committed tree in a folder of its own, and an environment in which nobody is logged in to anything and no engine is named.
type freshClone struct {
	dir  string
	temp string // its TMPDIR
	env  []string
}

func newClone(t *testing.T) *freshClone {
	t.Helper()
	base, err := os.MkdirTemp("", "e2e-") // short: the address of ssh's control socket has 107 characters at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	c := &freshClone{dir: filepath.Join(base, "clone"), temp: filepath.Join(base, "tmp")}
	if out, err := exec.Command("git", "clone", "--quiet", "file://"+stack.clone, c.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, dir := range []string{c.temp, filepath.Join(base, "home"), filepath.Join(c.dir, ".lab")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// What `make lab-tools` would provide is at hand: the command line is on the PATH, and these say where its plugins are.
	tools := "# " + "what the lab provides\n"
	for _, name := range []string{"PULUMI_HOME", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"} {
		if value := os.Getenv(name); value != "" {
			tools += fmt.Sprintf("export %s='%s'\n", name, value)
		}
	}
	c.write(t, ".lab/env", tools)

	c.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(base, "home"), "TMPDIR=" + c.temp}
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOFLAGS").Output()
	if err != nil {
		t.Fatal(err)
	}
	var build map[string]string
	if err := json.Unmarshal(out, &build); err != nil {
		t.Fatal(err)
	}
	for name, value := range build {
		c.env = append(c.env, name+"="+value)
	}
	return c
}

// make runs targets of the Makefile but for providing the toolchain, and returns all that was printed. Variables are those of make (STACK=prod) or of the environment.
func (c *freshClone) make(targets []string, environment ...string) (string, error) {
	return c.run(environment, "make", append([]string{"--no-print-directory", "-o", "lab-tools"}, targets...)...)
}

func (c *freshClone) run(environment []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = c.dir
	cmd.Env = append(append([]string{}, c.env...), environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(out), err
}

func (c *freshClone) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c *freshClone) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// replace changes a file of the clone.
func (c *freshClone) replace(t *testing.T, name, old, with string) {
	t.Helper()
	text := c.read(t, name)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not say %q", name, old)
	}
	c.write(t, name, strings.Replace(text, old, with, 1))
}

// restore puts the files of the clone back, and takes away what git does not know.
func (c *freshClone) restore(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{{"checkout", "--quiet", "."}, {"clean", "--quiet", "--force", "-d"}} {
		if out, err := exec.Command("git", append([]string{"-C", c.dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// status is what git says of the clone, empty when nothing was left in it.
func (c *freshClone) status(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("git", "-C", c.dir, "status", "--porcelain").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}
