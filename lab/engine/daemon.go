package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"prefect-platform/lab/internal/state"
)

// enterRoot makes $1 the root of the (already private) mount namespace, with the data folder $2 inside, and becomes the daemon.
// pivot_root and not chroot: inside a chroot runc cannot make the container's root the root of its namespace, so that
// `docker exec` and every health check would silently run in the host's file system.
const enterRoot = `
root=$1 data=$2; shift 2
mount --bind "$root" "$root"
mount --bind "$data" "$root/var/lib/docker"
for tree in proc sys dev; do mount --rbind "/$tree" "$root/$tree"; done
cd "$root"
mkdir -p .host
pivot_root . .host
umount -l /.host
exec "$@"
`

// daemonArgs are dockerd's arguments. The address pools stay clear of 10.213.0.0/16, where the program puts its own networks.
func (e Engine) daemonArgs() []string {
	return []string{
		"dockerd",
		"--host", "unix:///run/lab.sock",
		"--label", e.label(),
		"--bip", "10.212.255.1/24",
		"--default-address-pool", "base=10.212.0.0/17,size=24",
		"--shutdown-timeout", "60",
	}
}

// Running gives the daemon's process id, or 0 when it is not running.
func (e Engine) Running() int {
	content, err := os.ReadFile(e.pidFile())
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || pid <= 1 {
		return 0
	}
	// The number may belong to another process by now: only the label tells.
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || !bytes.Contains(command, []byte(e.label()+"\x00")) {
		return 0
	}
	return pid
}

// Start starts the daemon, unless it runs, and waits until it answers. It outlives the calling process.
func (e Engine) Start(ctx context.Context, log io.Writer) error {
	if pid := e.Running(); pid != 0 {
		_, _ = fmt.Fprintln(log, "dockerd runs as process", pid)
		return e.await(ctx, pid)
	}
	if err := e.prepare(); err != nil {
		return err
	}
	output, err := os.Create(e.Log())
	if err != nil {
		return err
	}
	defer func() { _ = output.Close() }()

	args := append([]string{"-ec", enterRoot, "sh", e.Root(), e.data()}, e.daemonArgs()...)
	cmd := exec.Command("sh", args...)
	cmd.Stdout, cmd.Stderr = output, output
	// A session of its own, so that no terminal's end reaches it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Unshareflags: syscall.CLONE_NEWNS}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start dockerd: %w", err)
	}
	pid := cmd.Process.Pid
	if err := state.WriteFile(e.pidFile(), []byte(strconv.Itoa(pid)), 0o644); err != nil {
		return errors.Join(err, cmd.Process.Kill())
	}
	go func() { _ = cmd.Wait() }() // else a daemon that dies at once stays a zombie and looks alive
	_, _ = fmt.Fprintln(log, "dockerd started as process", pid)
	return e.await(ctx, pid)
}

// prepare brings what the daemon needs of the host's settings into its root: names and certificates.
func (e Engine) prepare() error {
	for _, dir := range []string{e.data(), filepath.Join(e.Root(), "var/lib/docker")} {
		if err := os.MkdirAll(dir, 0o710); err != nil {
			return err
		}
	}
	// /run is a plain folder here, so that what a killed daemon left in it must go.
	if err := os.RemoveAll(filepath.Join(e.Root(), "run")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(e.Root(), "run", "lock"), 0o755); err != nil {
		return err
	}
	resolv := "/etc/resolv.conf"
	if _, err := os.Stat("/run/systemd/resolve/resolv.conf"); err == nil {
		resolv = "/run/systemd/resolve/resolv.conf" // the stub address in /etc is not reachable from containers
	}
	for from, to := range map[string]string{resolv: "etc/resolv.conf", CABundle: CABundle} {
		content, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := state.WriteFile(filepath.Join(e.Root(), to), content, 0o644); err != nil {
			return err
		}
	}
	return e.linkSocket()
}

// CABundle is where Debian keeps the trusted certificates, on the host and in the engine's root.
const CABundle = "/etc/ssl/certs/ca-certificates.crt"

func (e Engine) await(ctx context.Context, pid int) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		if e.Client().Command(ctx, "version").Run() == nil {
			return nil
		}
		if syscall.Kill(pid, 0) != nil {
			return fmt.Errorf("dockerd ended; its last words:\n%s", e.lastWords())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("dockerd (process %d) does not answer on %s: %w; its last words:\n%s", pid, e.Host(), ctx.Err(), e.lastWords())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (e Engine) lastWords() string {
	content, err := os.ReadFile(e.Log())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// Stop ends the daemon and every container gracefully, and waits for it. Data and images stay.
func (e Engine) Stop(ctx context.Context) error {
	pid := e.Running()
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	deadline := time.Now().Add(stopLimit)
	for e.Running() == pid {
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}
