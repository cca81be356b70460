//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Script is a Python program that uses Prefect's SDK from outside the stack: in a container of the Prefect image on the host's network.
type Script struct {
	Code string
	// Files are put at absolute paths beside it.
	Files map[string]string
	// Env comes after, and so over, what points the SDK at the stack: URL, credential and CA.
	Env []string
}

// Process is a Script that runs.
type Process struct {
	stack *Stack
	id    string
}

// Python runs a script to its end and returns its standard output; the test fails with its standard error when it does not exit with 0.
func (s *Stack) Python(t *testing.T, code string, env ...string) string {
	t.Helper()
	return s.StartPython(t, Script{Code: code, Env: env}).Wait(t)
}

// StartPython starts a script and returns while it runs. It is removed when the test ends.
func (s *Stack) StartPython(t *testing.T, script Script) *Process {
	t.Helper()
	ctx := t.Context()
	created, err := s.Docker.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config: &container.Config{
			Image:      s.Container(t, "api").Config.Image,
			User:       fmt.Sprint(prefectUser),
			Entrypoint: []string{"python", "-u", "/e2e/script.py"},
			WorkingDir: "/tmp",
			Env: append([]string{
				"PREFECT_API_URL=" + s.URL + "/api",
				"PREFECT_API_AUTH_STRING=" + s.AuthString(),
				"PREFECT_API_SSL_CERT_FILE=/e2e/ca.pem",
				"PREFECT_HOME=/tmp/prefect",
				"PREFECT_SERVER_EPHEMERAL_ENABLED=false",
				"PREFECT_SERVER_ANALYTICS_ENABLED=false",
				"PREFECT_LOGGING_COLORS=false",
				"DO_NOT_TRACK=1",
			}, script.Env...),
			Labels: map[string]string{labelHelper: s.Name},
		},
		HostConfig: &container.HostConfig{NetworkMode: "host", Init: new(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	process := &Process{stack: s, id: created.ID}
	t.Cleanup(func() {
		// t.Context is over by now.
		if _, err := s.Docker.ContainerRemove(context.Background(), created.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Error(err)
		}
	})
	files := map[string]string{"/e2e/script.py": script.Code, "/e2e/ca.pem": s.CA}
	maps.Copy(files, script.Files)
	s.CopyIn(t, created.ID, files)
	if _, err := s.Docker.ContainerStart(ctx, created.ID, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
	return process
}

// pythonLimit bounds a script; none of them takes a minute on a healthy stack.
const pythonLimit = 5 * time.Minute

// Wait returns the standard output when the script has ended, and fails the test when it did not end with 0.
func (p *Process) Wait(t *testing.T) string {
	t.Helper()
	code := p.wait(t)
	stdout, stderr := p.Output(t)
	if code != 0 {
		t.Fatalf("Python ended with %d\n%s\n%s", code, stdout, stderr)
	}
	return stdout
}

// Output returns what the script has printed so far.
func (p *Process) Output(t *testing.T) (stdout, stderr string) {
	t.Helper()
	return p.stack.Logs(t, p.id)
}

// Ended tells whether the script has ended, without waiting.
func (p *Process) Ended(t *testing.T) bool {
	t.Helper()
	inspected, err := p.stack.Docker.ContainerInspect(t.Context(), p.id, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return !inspected.Container.State.Running
}

func (p *Process) wait(t *testing.T) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pythonLimit)
	defer cancel()
	waiting := p.stack.Docker.ContainerWait(ctx, p.id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case result := <-waiting.Result:
		return result.StatusCode
	case err := <-waiting.Error:
		stdout, stderr := p.Output(t)
		t.Fatalf("waiting for Python: %v\n%s\n%s", err, stdout, stderr)
		return -1
	}
}
