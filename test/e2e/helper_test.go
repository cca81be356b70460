//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Helper is a container that a test runs beside the stack, on a network of its choice.
type Helper struct {
	Image   string
	Command []string // instead of the image's entry point
	User    string   // empty means Prefect's user
	Network string
	Alias   string
	Env     []string
	Files   map[string]string // absolute paths
}

// StartHelper starts a helper, which is removed when the test ends.
func (s *Stack) StartHelper(t *testing.T, h Helper) *Process {
	t.Helper()
	if h.User == "" {
		h.User = fmt.Sprint(prefectUser)
	}
	endpoint := &network.EndpointSettings{}
	if h.Alias != "" {
		endpoint.Aliases = []string{h.Alias}
	}
	created, err := s.Docker.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Config:           &container.Config{Image: h.Image, User: h.User, Entrypoint: h.Command, Env: h.Env, WorkingDir: "/tmp", Labels: map[string]string{labelHelper: s.Name}},
		HostConfig:       &container.HostConfig{NetworkMode: container.NetworkMode(h.Network), Init: new(true)},
		NetworkingConfig: &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{h.Network: endpoint}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.Docker.ContainerRemove(context.Background(), created.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Error(err)
		}
	})
	if len(h.Files) > 0 {
		s.CopyIn(t, created.ID, h.Files)
	}
	if _, err := s.Docker.ContainerStart(t.Context(), created.ID, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
	return &Process{stack: s, id: created.ID}
}

// CreateNetwork makes an internal network, which is removed when the test ends.
func (s *Stack) CreateNetwork(t *testing.T, name string) {
	t.Helper()
	created, err := s.Docker.NetworkCreate(t.Context(), name, client.NetworkCreateOptions{Driver: "bridge", Internal: true, Labels: map[string]string{labelHelper: s.Name}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.Docker.NetworkRemove(context.Background(), created.ID, client.NetworkRemoveOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// withScript adds the Python program that a helper runs as /e2e/script.py.
func withScript(files map[string]string, code string) map[string]string {
	all := map[string]string{"/e2e/script.py": code}
	maps.Copy(all, files)
	return all
}
