// Package gobuild compiles programs from Go modules, once for each change of what they are made from.
package gobuild

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"prefect-platform/lab/internal/state"
	"prefect-platform/lab/internal/step"
)

// Build is one run of the go command: all its programs are compiled together, so that they share the work.
type Build struct {
	Module  string            // folder with the go.mod
	Flags   []string          // further arguments of go build
	Env     []string          // added to the environment of this process
	Targets map[string]string // package -> file
}

// Step builds what is missing or was made from something else.
func (b Build) Step(dir state.Dir, name, what string) step.Step {
	return step.Step{
		Name: name, What: what,
		Done: func(context.Context) (bool, error) {
			for _, target := range b.Targets {
				if _, err := os.Stat(target); err != nil {
					return false, nil
				}
			}
			want, err := b.fingerprint()
			return err == nil && dir.Stamped(name, want), err
		},
		Run: func(ctx context.Context, log io.Writer) error {
			want, err := b.fingerprint()
			if err != nil {
				return err
			}
			if err := b.run(ctx, log); err != nil {
				return err
			}
			return dir.Stamp(name, want)
		},
	}
}

func (b Build) fingerprint() (string, error) {
	return state.Fingerprint(b.Module, runtime.Version(), fmt.Sprint(b.Flags, b.Env, b.Targets))
}

// run lets `go build` write all binaries to a folder under their import path's last name, then puts each in its place.
func (b Build) run(ctx context.Context, log io.Writer) error {
	out, err := os.MkdirTemp("", "prefect-platform-lab-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(out) }()

	args := append([]string{"build", "-buildvcs=false", "-o", out + "/"}, b.Flags...)
	args = append(args, slices.Sorted(maps.Keys(b.Targets))...)
	cmd := step.Command(ctx, log, "go", args...)
	cmd.Dir = b.Module
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), b.Env...)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build in %s: %w", b.Module, err)
	}
	for pkg, target := range b.Targets {
		name := filepath.Base(pkg)
		if pkg == "." {
			name = filepath.Base(b.Module)
		}
		if err := install(filepath.Join(out, name), target); err != nil {
			return err
		}
	}
	return nil
}

// install copies rather than renames: the temporary folder is often on another file system.
func install(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return state.WriteFile(to, content, 0o755)
}
