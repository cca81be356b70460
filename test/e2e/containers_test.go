//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Labels of everything that belongs to a stack.
const (
	labelStack    = "prefect-platform.stack"
	labelWorkload = "prefect-platform.workload"
	labelRole     = "prefect-platform.role"
	labelHelper   = "prefect-platform.e2e" // on the containers that tests start
)

// Containers returns the stack's containers, stopped and never started ones too, filtered by labels such as "prefect-platform.workload=api".
func (s *Stack) Containers(t *testing.T, labels ...string) []container.InspectResponse {
	t.Helper()
	filters := client.Filters{}.Add("label", labelStack+"="+s.Name)
	filters.Add("label", labels...)
	list, err := s.Docker.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	var found []container.InspectResponse
	for _, summary := range list.Items {
		inspected, err := s.Docker.ContainerInspect(t.Context(), summary.ID, client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, inspected.Container)
	}
	return found
}

// Running returns the running containers of a workload: postgres, redis, api, services, worker-default, nginx.
func (s *Stack) Running(t *testing.T, workload string) []container.InspectResponse {
	t.Helper()
	var running []container.InspectResponse
	for _, c := range s.Containers(t, labelWorkload+"="+workload, labelRole+"=service") {
		if c.State.Running {
			running = append(running, c)
		}
	}
	return running
}

// Container returns the one running container of a workload.
func (s *Stack) Container(t *testing.T, workload string) container.InspectResponse {
	t.Helper()
	running := s.Running(t, workload)
	if len(running) != 1 {
		t.Fatalf("%d running containers of %s, want 1", len(running), workload)
	}
	return running[0]
}

// Healthy returns nil when all containers of the stack that should run are healthy; use it with Await.
func (s *Stack) Healthy(t *testing.T) error {
	t.Helper()
	for _, c := range s.Containers(t, labelRole+"=service") {
		if c.State.Health == nil || c.State.Health.Status != container.Healthy {
			return fmt.Errorf("%s is %s, health %+v", c.Name, c.State.Status, c.State.Health)
		}
	}
	return nil
}

// ExecResult is what a command in a container did.
type ExecResult struct {
	Stdout, Stderr string
	Code           int
}

// Exec runs a command in a container, as its user and in its own root.
func (s *Stack) Exec(t *testing.T, id string, command ...string) ExecResult {
	t.Helper()
	result, err := s.exec(t.Context(), id, command...)
	if err != nil {
		t.Fatalf("exec %v: %v", command, err)
	}
	return result
}

func (s *Stack) exec(ctx context.Context, id string, command ...string) (ExecResult, error) {
	created, err := s.Docker.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return ExecResult{}, err
	}
	attached, err := s.Docker.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return ExecResult{}, err
	}
	defer attached.Close()
	var stdout, stderr bytes.Buffer
	if _, err := stdcopy.StdCopy(&stdout, &stderr, attached.Reader); err != nil {
		return ExecResult{}, err
	}
	inspected, err := s.Docker.ExecInspect(ctx, created.ID, client.ExecInspectOptions{})
	if err != nil {
		return ExecResult{}, err
	}
	return ExecResult{Stdout: stdout.String(), Stderr: stderr.String(), Code: inspected.ExitCode}, nil
}

// PG runs SQL as the superuser over the server's own socket and returns the rows, columns separated by |.
func (s *Stack) PG(t *testing.T, sql string) []string {
	t.Helper()
	result := s.Exec(t, s.Container(t, "postgres").ID, "psql", "-X", "-v", "ON_ERROR_STOP=1", "-h", "/run/postgresql", "-U", "postgres", "-d", "prefect", "-At", "-c", sql)
	if result.Code != 0 {
		t.Fatalf("%s: %s", sql, result.Stderr)
	}
	text := strings.TrimRight(result.Stdout, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// Logs returns what a container has printed so far.
func (s *Stack) Logs(t *testing.T, id string) (stdout, stderr string) {
	t.Helper()
	stdout, stderr, err := s.logs(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return stdout, stderr
}

func (s *Stack) logs(ctx context.Context, id string) (string, string, error) {
	stream, err := s.Docker.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return "", "", err
	}
	defer func() { _ = stream.Close() }()
	var out, log bytes.Buffer
	_, err = stdcopy.StdCopy(&out, &log, stream)
	return out.String(), log.String(), err
}

// CopyIn writes files into a container by their absolute paths; into one with a read-only root only on its volumes. They belong to Prefect's user.
func (s *Stack) CopyIn(t *testing.T, id string, files map[string]string) {
	t.Helper()
	inspected, err := s.Docker.ContainerInspect(t.Context(), id, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range files {
		root := "/"
		for _, mount := range inspected.Container.Mounts {
			if strings.HasPrefix(file, mount.Destination+"/") {
				root = mount.Destination
			}
		}
		_, err := s.Docker.CopyToContainer(t.Context(), id, client.CopyToContainerOptions{
			DestinationPath: root, Content: tarOf(t, strings.TrimPrefix(file, root), content), CopyUIDGID: true,
		})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

// prefectUser is the user id of every container of Prefect.
const prefectUser = 1001

func tarOf(t *testing.T, name, content string) io.Reader {
	t.Helper()
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	header := &tar.Header{Name: strings.TrimPrefix(name, "/"), Mode: 0o644, Size: int64(len(content)), Uid: prefectUser, ModTime: time.Now()}
	if err := writer.WriteHeader(header); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return &archive
}

// removeFromEngine deletes what belongs to the stack on the engine, by label and by name, and returns what that was: none is left after a clean.
func (s *Stack) removeFromEngine(ctx context.Context) (removed []string, err error) {
	for _, label := range []string{labelStack, labelHelper} {
		list, err := s.Docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", label+"="+s.Name)})
		if err != nil {
			return removed, err
		}
		for _, c := range list.Items {
			removed = append(removed, "container "+strings.Join(c.Names, " "))
			if _, err := s.Docker.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
				return removed, err
			}
		}
	}
	prefix := "prefect-" + s.Name + "-"
	networks, err := s.Docker.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return removed, err
	}
	for _, network := range networks.Items {
		if strings.HasPrefix(network.Name, prefix) {
			removed = append(removed, "network "+network.Name)
			if _, err := s.Docker.NetworkRemove(ctx, network.ID, client.NetworkRemoveOptions{}); err != nil {
				return removed, err
			}
		}
	}
	volumes, err := s.Docker.VolumeList(ctx, client.VolumeListOptions{})
	if err != nil {
		return removed, err
	}
	for _, volume := range volumes.Items {
		if strings.HasPrefix(volume.Name, prefix) {
			removed = append(removed, "volume "+volume.Name)
			if _, err := s.Docker.VolumeRemove(ctx, volume.Name, client.VolumeRemoveOptions{}); err != nil {
				return removed, err
			}
		}
	}
	return removed, nil
}
