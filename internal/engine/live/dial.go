// Package live talks to a running Docker Engine. It is apart from package engine so that the Pulumi program, which only needs to know where the engine is,
// links no Docker client.
package live

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/moby/moby/client"

	"prefect-platform/internal/engine"
)

// MinAPI is the oldest Docker API that will do: Docker 28, the first that keeps the host off a network (gateway mode "isolated").
const MinAPI = "1.48"

// Engine is a Docker Engine that answers.
type Engine struct {
	api *client.Client
	// At is the address as people write it.
	At string
	// Local says that the engine's addresses are those of this machine.
	Local bool
}

// Dial connects to an engine and checks that it answers.
func Dial(ctx context.Context, to engine.Endpoint) (*Engine, error) {
	at := describe(to)
	options, err := clientOptions(to)
	if err != nil {
		return nil, fmt.Errorf("engine %s: %w", at, err)
	}
	api, err := client.New(options...)
	if err != nil {
		return nil, fmt.Errorf("engine %s: %w", at, err)
	}
	if _, err := api.Ping(ctx, client.PingOptions{}); err != nil {
		return nil, fmt.Errorf("engine %s does not answer: %w", at, err)
	}
	return &Engine{api: api, At: at, Local: strings.HasPrefix(api.DaemonHost(), "unix://") || strings.HasPrefix(api.DaemonHost(), "npipe://")}, nil
}

// Close ends the connections.
func (e *Engine) Close() error { return e.api.Close() }

func describe(to engine.Endpoint) string {
	if to.Context != "" {
		return "of Docker context " + to.Context
	}
	return to.Host
}

func clientOptions(to engine.Endpoint) ([]client.Opt, error) {
	if to.Context != "" {
		return contextOptions(to.Context)
	}
	if strings.HasPrefix(to.Host, "ssh://") {
		helper, err := connhelper.GetConnectionHelperWithSSHOpts(to.Host, to.SSHOptions)
		if err != nil {
			return nil, err
		}
		return []client.Opt{
			client.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: helper.Dialer}}),
			client.WithHost(helper.Host),
			client.WithDialContext(helper.Dialer),
		}, nil
	}
	options := []client.Opt{client.WithHost(to.Host)}
	if to.CertPath != "" {
		options = append(options, client.WithTLSClientConfig(
			filepath.Join(to.CertPath, "ca.pem"), filepath.Join(to.CertPath, "cert.pem"), filepath.Join(to.CertPath, "key.pem")))
	}
	return options, nil
}

// contextOptions reads a context as the Docker CLI stores it.
func contextOptions(name string) ([]client.Opt, error) {
	if name == "default" {
		return []client.Opt{client.FromEnv}, nil
	}
	folder, err := configFolder()
	if err != nil {
		return nil, err
	}
	contexts := store.New(filepath.Join(folder, "contexts"), store.NewConfig(
		func() any { return &map[string]any{} },
		store.EndpointTypeGetter(docker.DockerEndpoint, func() any { return &docker.EndpointMeta{} })))
	metadata, err := contexts.GetMetadata(name)
	if err != nil {
		return nil, err
	}
	address, err := docker.EndpointFromContext(metadata)
	if err != nil {
		return nil, err
	}
	endpoint, err := docker.WithTLSData(contexts, name, address)
	if err != nil {
		return nil, err
	}
	return endpoint.ClientOpts()
}

// configFolder is that of the Docker CLI.
func configFolder() (string, error) {
	if folder := os.Getenv("DOCKER_CONFIG"); folder != "" {
		return folder, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".docker"), err
}
