// Package state names the files and folders that the lab keeps in the clone.
package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Dir is the absolute path of the lab's state folder, by default .lab in the clone.
type Dir string

// Bin holds the built command line tools and comes first in the PATH that `lab env` prints.
func (d Dir) Bin() string { return d.join("bin") }

// PulumiHome holds the built provider plugins, where the CLI looks for installed ones.
func (d Dir) PulumiHome() string { return d.join("pulumi") }

// Programs holds what is built for the images only.
func (d Dir) Programs() string { return d.join("programs") }

// Engine holds the private Docker Engine: its root file system, data and log.
func (d Dir) Engine() string { return d.join("engine") }

// Logs holds the full output of every step.
func (d Dir) Logs() string { return d.join("logs") }

// Stamps holds, for each finished step, the fingerprint of what it was made from.
func (d Dir) Stamps() string { return d.join("stamps") }

// EnvFile is the shell file to source.
func (d Dir) EnvFile() string { return d.join("env") }

func (d Dir) join(name string) string { return filepath.Join(string(d), name) }

// Lock keeps a second `lab` from working in the same folder. The returned function gives the lock back.
func (d Dir) Lock() (func(), error) {
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.join("lock"), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another lab command is working in %s: wait for it to end (%w)", d, err)
	}
	return func() { _ = f.Close() }, nil
}

// FindClone walks up from dir to the folder that holds lab/go.mod.
func FindClone(dir string) (string, error) {
	for {
		if _, err := os.Stat(filepath.Join(dir, "lab", "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside a clone of prefect-platform: change into it, or name it with --clone")
		}
		dir = parent
	}
}

// WriteFile replaces path in one step, so that an interrupted run leaves the old file or the new one.
func WriteFile(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	partial := path + ".partial"
	if err := os.WriteFile(partial, content, mode); err != nil {
		return err
	}
	return os.Rename(partial, path)
}
