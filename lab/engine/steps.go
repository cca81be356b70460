package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"

	"prefect-platform/lab/internal/debian"
	"prefect-platform/lab/internal/state"
	"prefect-platform/lab/internal/step"
)

// debianKeys signs Debian's packages; a Debian host has it, an Ubuntu one may not.
const debianKeys = "/usr/share/keyrings/debian-archive-keyring.gpg"

// HostStep installs, with apt-get, the host packages that make root file systems.
func (e Engine) HostStep() step.Step {
	return step.Step{
		Name: "host", What: fmt.Sprintf("installs %v with apt-get", missingPackages()),
		Done: func(context.Context) (bool, error) { return len(missingPackages()) == 0, nil },
		Run: func(ctx context.Context, log io.Writer) error {
			if _, err := exec.LookPath("apt-get"); err != nil {
				return fmt.Errorf("%v are missing and this host has no apt-get: install them, or start Docker 28 or newer and set DOCKER_HOST", missingPackages())
			}
			if err := step.Command(ctx, log, "apt-get", "update").Run(); err != nil {
				return fmt.Errorf("apt-get update: %w", err)
			}
			install := step.Command(ctx, log, "apt-get", append([]string{"install", "-y", "--no-install-recommends"}, missingPackages()...)...)
			install.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if err := install.Run(); err != nil {
				return fmt.Errorf("apt-get install: %w", err)
			}
			return nil
		},
	}
}

func missingPackages() []string {
	var missing []string
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		missing = append(missing, "mmdebstrap")
	}
	if _, err := os.Stat(debianKeys); err != nil {
		missing = append(missing, "debian-archive-keyring")
	}
	if _, err := os.Stat(CABundle); err != nil {
		missing = append(missing, "ca-certificates")
	}
	return missing
}

// BuildStep makes the root file system, again when the list of packages has changed.
func (e Engine) BuildStep(dir state.Dir) step.Step {
	fingerprint := fmt.Sprint(debian.Version, suite, packages)
	return step.Step{
		Name: "engine-root", What: "makes a root file system with Docker from Debian " + suite,
		Done: func(context.Context) (bool, error) {
			_, err := os.Stat(e.Root() + "/usr/sbin/dockerd")
			return err == nil && dir.Stamped("engine-root", fingerprint), nil
		},
		Run: func(ctx context.Context, log io.Writer) error {
			if err := e.build(ctx, log); err != nil {
				return err
			}
			return dir.Stamp("engine-root", fingerprint)
		},
	}
}

// build replaces the root file system, and stops the daemon that runs in the old one. An interrupted run leaves only a
// partial folder, which the next one replaces.
func (e Engine) build(ctx context.Context, log io.Writer) error {
	partial := e.Root() + ".partial"
	if err := os.MkdirAll(e.dir, 0o755); err != nil {
		return err
	}
	if err := removeTree(partial); err != nil {
		return err
	}
	if err := debian.Bootstrap(ctx, log, suite, packages, partial).Run(); err != nil {
		return fmt.Errorf("mmdebstrap: %w", err)
	}
	if err := e.Stop(ctx); err != nil {
		return err
	}
	if err := removeTree(e.Root()); err != nil {
		return err
	}
	return os.Rename(partial, e.Root())
}

// StartStep starts the daemon if it does not run.
func (e Engine) StartStep() step.Step {
	return step.Step{
		Name: "engine", What: "starts the lab's own Docker Engine",
		Done: func(ctx context.Context) (bool, error) {
			return e.Running() != 0 && e.Client().Run(ctx, io.Discard, "version") == nil, ctx.Err()
		},
		Run: e.Start,
	}
}

// suite is the first Debian release with Docker 28.
const suite = "forky"

// packages make up the engine: daemon, client, what builds images, and what the daemon calls.
var packages = []string{"docker.io", "docker-cli", "docker-buildx", "iptables", "iproute2", "procps", "ca-certificates"}
