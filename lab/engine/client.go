package engine

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"prefect-platform/lab/internal/state"
)

// Client runs the docker command line against one engine.
type Client struct {
	path string
	args []string
	root string // when set, the program runs inside this root file system
}

// Client uses the engine's own docker command, whose version and plugins are known, from inside the engine's root.
// That suffices for a client (only the daemon needs a mount namespace); files go in and out by the standard streams.
func (e Engine) Client() Client {
	return Client{path: "/usr/bin/docker", args: []string{"--host", "unix:///run/lab.sock"}, root: e.Root()}
}

// HostClient uses the docker command on PATH, with the engine, context and credentials it is set up for.
func HostClient() (Client, error) {
	path, err := exec.LookPath("docker")
	return Client{path: path}, err
}

// Command prepares one docker command without running it.
func (c Client) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.path, append(append([]string{}, c.args...), args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	if c.root != "" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root}
		cmd.Dir = "/"
		cmd.Env = append(os.Environ(), "HOME=/root", "PATH=/usr/bin:/bin", "DOCKER_CONFIG=/root/.docker")
	}
	return cmd
}

// Run runs one docker command with its output in log.
func (c Client) Run(ctx context.Context, log io.Writer, args ...string) error {
	cmd := c.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = log, log
	return cmd.Run()
}

// ProvideCommand puts the engine's docker command into bin when the host has none on PATH, and says whether it did. It is
// linked against a glibc of 2.34 or newer, which every supported Debian and Ubuntu has.
func (e Engine) ProvideCommand(bin string) (bool, error) {
	target := filepath.Join(bin, "docker")
	if found, err := exec.LookPath("docker"); err == nil && found != target {
		return false, nil
	}
	content, err := os.ReadFile(filepath.Join(e.Root(), "usr/bin/docker"))
	if err != nil {
		return false, err
	}
	return true, state.WriteFile(target, content, 0o755)
}
