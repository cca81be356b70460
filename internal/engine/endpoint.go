// Package engine resolves which Docker Engine a stack runs on: one answer for the program, doctor, logs and drift.
package engine

import (
	"os"
	"strings"

	"prefect-platform/config"
)

// Endpoint is a Docker Engine and how to reach it.
type Endpoint struct {
	Host       string // unix://, tcp:// or ssh://; empty with Context
	Context    string
	CertPath   string
	SSHOptions []string
}

// Resolve follows the Docker CLI: what the stack says, then DOCKER_CONTEXT, then DOCKER_HOST, then the local socket.
// Unlike the Docker CLI it does not read the current context of ~/.docker, which differs between the people who run the stack.
func Resolve(c config.Engine) Endpoint {
	at := Endpoint{Host: c.Host, Context: c.Context, CertPath: c.CertPath}
	if at.Host == "" && at.Context == "" {
		at.Context = os.Getenv("DOCKER_CONTEXT")
	}
	if at.Host == "" && at.Context == "" {
		at.Host = os.Getenv("DOCKER_HOST")
	}
	if at.Host == "" && at.Context == "" {
		at.Host = "unix:///var/run/docker.sock"
	}
	if at.CertPath == "" && strings.HasPrefix(at.Host, "tcp://") {
		at.CertPath = os.Getenv("DOCKER_CERT_PATH")
	}
	if strings.HasPrefix(at.Host, "ssh://") {
		at.SSHOptions = append(shareConnection(), c.SSHOptions...)
	}
	return at
}

// shareConnection lets all requests use one SSH connection: the provider opens one for each resource at once, more than sshd's MaxStartups of 10 accepts.
func shareConnection() []string {
	return []string{"-o", "ControlMaster=auto", "-o", "ControlPath=" + os.TempDir() + "/prefect-platform-%C", "-o", "ControlPersist=60s"}
}
