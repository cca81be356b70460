// Package workload turns a description of what should run into Docker resources. It is the only package that knows the Docker provider, and every rule that the
// provider, Docker or a hardening guide demands of a container is kept here once, so that no component can forget one.
package workload

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/tokens"
)

// FilesDir is where a workload finds its files, read-only.
const FilesDir = tokens.FilesDir

// Order says which comes first when a workload is replaced.
type Order int

const (
	// StopFirst is for what owns a volume or a port: the name is fixed, the old container is gone before the new one is made.
	StopFirst Order = iota
	// StartFirst is for what may run twice: the new container is healthy before the old one is asked to stop. Others reach it by a network alias.
	StartFirst
)

// Spec describes a workload. Image, User, Health (unless it is a job) and MemoryMiB are required.
type Spec struct {
	Role     string // what it is, part of the container's name and a label
	Replicas int    // equal containers, 0 means 1

	Image      string
	User       string // uid:gid, never root
	Entrypoint []string
	Command    []string
	WorkingDir string
	Env        map[string]string // never a secret: it is readable with `docker inspect`
	Files      map[string]File   // by name below FilesDir
	Mounts     []Mount
	Tmpfs      map[string]string // path to mount options, beside /tmp, which every container has
	Networks   []Network         // none: no network at all
	Ports      []Port

	Health    Health
	MemoryMiB int
	CPUs      float64 // cores; 0 means 1
	// Interactive says that somebody waits for its answers: when cores are short, as while the next version of everything starts, it gets four times the
	// share of others.
	Interactive bool
	ShmMiB      int // size of /dev/shm, 0 means Docker's 64
	OpenFiles   int // limit of open files, 0 means the engine's default

	// LogStays keeps the log on the engine only: what takes part in collecting logs would collect its own for ever.
	LogStays bool

	// StopSignal asks the main process to end, where the image's own signal is not the right one.
	StopSignal string
	// Grace is how long a container may take to stop before it is killed.
	Grace time.Duration
	Order Order
}

// File is one file of a workload.
type File struct {
	Content pulumi.StringInput
	Mode    Mode
}

// Mode is the octal permission of a file. Files belong to root:root, and every container has group 0 among its groups.
type Mode string

// The permissions in use.
const (
	Public     Mode = "0444"
	Executable Mode = "0555"
	Secret     Mode = "0440"
)

// Text is a readable file.
func Text(content string) File { return File{Content: pulumi.String(content), Mode: Public} }

// Script is an executable file.
func Script(content string) File { return File{Content: pulumi.String(content), Mode: Executable} }

// SecretText is a file that only root's group can read.
func SecretText(content pulumi.StringInput) File { return File{Content: content, Mode: Secret} }

// Mount puts a named volume into the container.
type Mount struct {
	Volume   string
	Path     string
	ReadOnly bool
}

// Network joins a network, under further names.
type Network struct {
	Name    pulumi.StringInput
	Aliases []string
	// Address is a fixed one, for whoever cannot ask for a name. It is one that Docker gives to nobody (config.Given); zero: any.
	Address netip.Addr
}

// Port is published on one address of the Docker host.
type Port struct {
	Address   string
	Published int
	Internal  int
}

// Health is how a container is watched. The command's exit code 0 means healthy and 1 alive but not ready; anything else, or no end within Timeout, means no answer.
// After Limit times without an answer in a row the container's processes are killed, so that the restart policy acts: Docker itself only reports.
type Health struct {
	Command []string
	// NoShell says that the image has none, and so cannot run the script that ends hung processes: Docker reports, and nothing more.
	NoShell  bool
	Interval time.Duration // 0 means 10 s
	Timeout  time.Duration // 0 means 5 s
	Limit    int           // 0 means 3
	// StartWithin is how long a new container may take to become healthy before `up` gives up; 0 means 120 s.
	StartWithin time.Duration
}

func (h Health) withDefaults() Health {
	if h.Interval == 0 {
		h.Interval = 10 * time.Second
	}
	if h.Timeout == 0 {
		h.Timeout = 5 * time.Second
	}
	if h.Limit == 0 {
		h.Limit = 3
	}
	if h.StartWithin == 0 {
		h.StartWithin = 2 * time.Minute
	}
	return h
}

func (s Spec) withDefaults() Spec {
	if s.Replicas == 0 {
		s.Replicas = 1
	}
	if s.CPUs == 0 {
		s.CPUs = 1
	}
	if s.Grace == 0 {
		s.Grace = 10 * time.Second
	}
	s.Health = s.Health.withDefaults()
	return s
}

// validate reports what is missing or contradictory, before anything is registered.
func (s Spec) validate() error {
	var problems []error
	refuse := func(when bool, format string, args ...any) {
		if when {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	refuse(s.Role == "", "no role")
	refuse(s.Image == "", "no image")
	refuse(s.User == "" || s.User[0] == '0', "user %q, needs a uid:gid other than root", s.User)
	refuse(s.MemoryMiB < 16, "memory of %d MiB, needs 16 or more", s.MemoryMiB)
	refuse(s.Replicas > 1 && s.Order == StopFirst, "%d replicas that own a volume or a port", s.Replicas)
	for _, p := range s.Ports {
		_, err := netip.ParseAddr(p.Address)
		refuse(err != nil, "port %d is published on %q, needs an IP address", p.Internal, p.Address)
	}
	for _, n := range s.Networks {
		refuse(n.Address.IsValid() && !n.Address.Is4(), "fixed address %s, needs one of IPv4", n.Address)
		refuse(n.Address.IsValid() && (s.Replicas > 1 || s.Order == StartFirst), "fixed address %s of containers that run at the same time", n.Address)
	}
	for name, f := range s.Files {
		refuse(f.Content == nil, "file %s has no content", name)
		refuse(f.Mode == "", "file %s has no mode", name)
	}
	return errors.Join(problems...)
}
