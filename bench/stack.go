package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// name of the stack. Its containers are called prefect-bench-….
const name = "bench"

// base is the address plan of its networks, beside those of dev and of the tests.
const base = "10.216.0.0/16"

// configuration lets the load in without a rate limit; everything else is a default.
const configuration = `config:
  prefect-platform:network:
    base: %[1]s
  prefect-platform:edge:
    httpsPort: %[2]d
    httpPort: %[3]d
    allow: [127.0.0.0/8, %[1]s]
    exempt: [%[1]s]
`

// stack is a deployment from a clone of its own.
type stack struct {
	clone  string // removed in the end
	docker *client.Client
	took   time.Duration // from the clone to a healthy stack
}

// newStack clones the repository as it is committed.
func newStack(ctx context.Context) (*stack, error) {
	docker, err := client.New(client.FromEnv)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "prefect-platform-bench-")
	if err != nil {
		return nil, err
	}
	s := &stack{clone: filepath.Join(folder, "clone"), docker: docker}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}

	start := time.Now()
	if err := command(ctx, "..", os.Environ(), "git", "clone", "--quiet", ".", s.clone); err != nil {
		return nil, err
	}
	file := filepath.Join(s.clone, "Pulumi."+name+".yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, configuration, base, ports[0], ports[1]), 0o600); err != nil {
		return nil, err
	}
	s.took = time.Since(start)
	return s, os.Mkdir(filepath.Join(s.clone, ".state"), 0o700)
}

// run is one command in the clone. Its output is only shown when it fails.
func (s *stack) run(ctx context.Context, name string, args ...string) (time.Duration, error) {
	start := time.Now()
	err := command(ctx, s.clone, s.environment(), name, args...)
	return time.Since(start), err
}

func (s *stack) environment() []string {
	return append(os.Environ(),
		"PULUMI_BACKEND_URL=file://"+filepath.Join(s.clone, ".state"),
		"PULUMI_CONFIG_PASSPHRASE=bench", // protects what is thrown away
		"PULUMI_SKIP_UPDATE_CHECK=true",
	)
}

func (s *stack) platform(ctx context.Context, args ...string) (time.Duration, error) {
	return s.run(ctx, "bin/platform", append(args, "--stack", name)...)
}

func command(ctx context.Context, folder string, environment []string, name string, args ...string) error {
	if filepath.Base(name) != name {
		name = filepath.Join(folder, name)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = folder, environment
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	fmt.Println("+", filepath.Base(name), strings.Join(args, " "))
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, output.String())
	}
	return nil
}

// remove takes everything of the stack away: containers, networks, volumes and the clone.
func (s *stack) remove(ctx context.Context) error {
	_, err := s.platform(ctx, "clean", "--yes")
	return errors.Join(err, os.RemoveAll(filepath.Dir(s.clone)))
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }() // held until all are chosen, so that they differ
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
