//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// commandLimit bounds one call of the command line; a failing `up` waits for its containers' own limits first.
const commandLimit = 8 * time.Minute

// Up changes the configuration and deploys it; the test fails with its output when it fails. When the test ends, the stack is as it was before.
func (s *Stack) Up(t *testing.T, edits ...Edit) string {
	t.Helper()
	out, err := s.TryUp(t, edits...)
	if err != nil {
		t.Fatalf("up: %v\n%s", err, out)
	}
	return out
}

// TryUp is Up for a deployment that may fail: it returns what the command printed, and an error when it did not exit with 0.
func (s *Stack) TryUp(t *testing.T, edits ...Edit) (string, error) {
	t.Helper()
	if len(edits) > 0 {
		t.Cleanup(func() {
			if out, err := s.upWith(); err != nil {
				t.Errorf("up, to put the stack back: %v\n%s", err, out)
			}
		})
	}
	start := time.Now()
	out, err := s.upWith(edits...)
	t.Logf("up took %s", time.Since(start).Round(100*time.Millisecond))
	return out, err
}

// upWith deploys the stack's own configuration, changed by the edits, and learns the credential anew.
func (s *Stack) upWith(edits ...Edit) (string, error) {
	if err := s.configure(edits...); err != nil {
		return "", err
	}
	out, err := s.platform("up", "--yes")
	if err != nil {
		return out, err
	}
	return out, s.readAccess()
}

// StartUp begins an `up` of the configuration as it is and returns at once; kill its process group to end it in the middle.
func (s *Stack) StartUp(t *testing.T, out *bytes.Buffer) *exec.Cmd {
	t.Helper()
	cmd := s.command(t.Context(), s.operator(), "up", "--yes", "--stack", s.Name)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// Preview returns what Pulumi's own preview prints. With "--expect-no-changes" the error says that there are some.
func (s *Stack) Preview(t *testing.T, flags ...string) (string, error) {
	t.Helper()
	return s.pulumi(append([]string{"preview", "--stack", s.Name}, flags...)...)
}

// Down takes the containers away and keeps data, CA and credentials.
func (s *Stack) Down(t *testing.T) {
	t.Helper()
	start := time.Now()
	if out, err := s.platform("down", "--yes"); err != nil {
		t.Fatalf("down: %v\n%s", err, out)
	}
	t.Logf("down took %s", time.Since(start).Round(100*time.Millisecond))
}

// platform runs one command of the operator's program and returns all that it printed.
func (s *Stack) platform(args ...string) (string, error) {
	return s.run("", s.operator(), append(args, "--stack", s.Name)...)
}

// pulumi runs one command of the Pulumi CLI in the stack's project and returns all that it printed.
func (s *Stack) pulumi(args ...string) (string, error) { return s.pulumiIn("", args...) }

// pulumiIn is pulumi with standard input.
func (s *Stack) pulumiIn(input string, args ...string) (string, error) {
	return s.run(input, "pulumi", append([]string{"--non-interactive", "--color=never"}, args...)...)
}

// run returns the standard output of a command, and after a failure what else it printed too.
func (s *Stack) run(input, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	cmd := s.command(ctx, name, args...)
	cmd.Stdin = strings.NewReader(input)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		return out.String() + log.String(), fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return out.String(), nil
}

// command is one call of the command line in the stack's project. It leads a process group of its own, which ends with ctx.
func (s *Stack) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = s.project()
	cmd.Env = append(os.Environ(),
		"PULUMI_BACKEND_URL=file://"+s.state(),
		"PULUMI_CONFIG_PASSPHRASE="+passphrase,
		"PULUMI_SKIP_UPDATE_CHECK=true",
	)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

// build compiles the clone's programs, takes the levels of the policies along, and writes a project file that names the result, so that `up` does not compile each time.
func (s *Stack) build() error {
	for target, source := range map[string]string{s.program(): ".", s.operator(): "./cmd/platform", filepath.Join(s.project(), "bin", "policy"): "./policy"} {
		compile := exec.Command("go", "build", "-o", target, source)
		compile.Dir = s.clone
		if out, err := compile.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	for _, levels := range []string{"dev.json", "prod.json"} {
		text, err := os.ReadFile(filepath.Join(s.clone, "policy", levels))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.project(), "policy", levels), text, 0o600); err != nil {
			return err
		}
	}
	project, err := os.ReadFile(filepath.Join(s.clone, "Pulumi.yaml"))
	if err != nil {
		return err
	}
	const target = "    buildTarget: bin/prefect-platform\n"
	text, before := string(project), "    binary: "+s.program()+"\nmain: "+s.clone+"\n"
	if !strings.Contains(text, target) {
		return fmt.Errorf("Pulumi.yaml has no line %q to put another program in its place", target)
	}
	text = strings.Replace(text, target, before, 1)
	return os.WriteFile(filepath.Join(s.project(), "Pulumi.yaml"), []byte(text), 0o600)
}

// loadLabEnvironment takes PATH and DOCKER_HOST from the lab when the caller has not.
func loadLabEnvironment(file string) error {
	if _, err := os.Stat(file); err != nil || os.Getenv("DOCKER_HOST") != "" {
		return nil
	}
	out, err := exec.Command("sh", "-c", `set -a; . "$1"; exec env -0`, "sh", file).Output()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, line := range strings.Split(string(out), "\x00") {
		if name, value, found := strings.Cut(line, "="); found {
			if err := os.Setenv(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}
