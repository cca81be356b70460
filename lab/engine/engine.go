// Package engine runs a Docker Engine of the lab's own: dockerd from Debian, in a root file system and a mount
// namespace of its own, beside whatever the host has. It needs root.
package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"

	"prefect-platform/lab/internal/state"
)

// Label marks the daemon (docker info shows it) with the lab folder that it belongs to. Only in an engine with this label
// does the lab build images that carry the names of official ones.
const Label = "prefect-platform.lab"

// startLimit bounds the wait for a started daemon's first answer: restarting many containers delays it.
const startLimit = 2 * time.Minute

// stopLimit bounds the wait for a graceful stop, in which the daemon stops every container in turn.
const stopLimit = 3 * time.Minute

// maxSocketPath is what sun_path in unix(7) holds, less the closing zero byte.
const maxSocketPath = 107

// Engine is the private engine below one lab folder.
type Engine struct {
	dir string
}

// New names the private engine of a lab folder; it starts nothing.
func New(dir state.Dir) Engine { return Engine{dir: dir.Engine()} }

// Root is the root file system that the daemon runs in.
func (e Engine) Root() string { return filepath.Join(e.dir, "root") }

// Log is the daemon's log since its last start.
func (e Engine) Log() string { return filepath.Join(e.dir, "dockerd.log") }

func (e Engine) data() string    { return filepath.Join(e.dir, "data") }
func (e Engine) pidFile() string { return filepath.Join(e.dir, "pid") }
func (e Engine) label() string   { return Label + "=" + e.dir }
func (e Engine) socket() string  { return filepath.Join(e.Root(), "run", "lab.sock") }

// Host is the value for DOCKER_HOST.
func (e Engine) Host() string { return "unix://" + e.reachableSocket() }

// reachableSocket is the socket itself, or a short link to it when the clone's path is too long for a socket's address.
func (e Engine) reachableSocket() string {
	if len(e.socket()) <= maxSocketPath {
		return e.socket()
	}
	sum := sha256.Sum256([]byte(e.socket()))
	return "/run/prefect-platform-lab-" + hex.EncodeToString(sum[:4]) + ".sock"
}

func (e Engine) linkSocket() error {
	link := e.reachableSocket()
	if link == e.socket() {
		return nil
	}
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(e.socket(), link)
}

// Remove deletes the engine's files, images and volumes. The daemon must be stopped.
func (e Engine) Remove() error {
	if link := e.reachableSocket(); link != e.socket() {
		if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return removeTree(e.dir)
}
