package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// throughput compares the API itself with the API behind the edge, from a container of the same network.
func throughput(ctx context.Context, s *stack, figures *table) error {
	direct, edge, err := s.measure(ctx)
	if err != nil {
		return err
	}
	for what, r := range map[string]result{"direct": direct, "through the edge": edge} {
		figures.add(fmt.Sprintf("POST /flow_runs/filter %s, %d connections", what, connections),
			"%.1f requests/s, p50 %.0f ms, p99 %.0f ms, %d of %d failed", r.PerSecond, r.P50.Seconds()*1000, r.P99.Seconds()*1000, r.Failed, r.Requests)
	}
	figures.add("edge / direct", "%.3f", edge.PerSecond/direct.PerSecond)
	return nil
}

// watching compares a stack that is watched with the same one while nobody does, twice each in turn, so that a machine that gets faster or slower favours neither.
func watching(ctx context.Context, s *stack, figures *table) error {
	perSecond := map[string]float64{}
	for _, enabled := range []string{"true", "false", "true", "false"} {
		if _, err := s.run(ctx, "pulumi", "--non-interactive", "config", "set", "--stack", name, "--path", "prefect-platform:monitoring.enabled", enabled); err != nil {
			return err
		}
		if _, err := s.platform(ctx, "up", "--yes"); err != nil {
			return err
		}
		_, edge, err := s.measure(ctx)
		if err != nil {
			return err
		}
		perSecond[enabled] += edge.PerSecond / 2
	}
	figures.add("through the edge, watched / not watched", "%.1f / %.1f requests/s, ratio %.3f", perSecond["true"], perSecond["false"], perSecond["true"]/perSecond["false"])
	return nil
}

// measure takes the rates of both ways.
func (s *stack) measure(ctx context.Context) (direct, edge result, err error) {
	j, err := s.job(ctx)
	if err != nil {
		return direct, edge, err
	}
	fmt.Printf("+ %d connections, %d turns of %s each way\n", connections, turns, turn)
	output, err := s.client(ctx, j)
	if err != nil {
		return direct, edge, err
	}
	var results map[string]result
	if err := json.Unmarshal(output, &results); err != nil {
		return direct, edge, fmt.Errorf("%w in %q", err, output)
	}
	return results["direct"], results["edge"], nil
}

// shown is what `platform credentials --show` prints: a name and a value a line.
var shown = regexp.MustCompile(`(?m)^(\w+) +(.*)$`)

func (s *stack) job(ctx context.Context) (job, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(s.clone, "bin/platform"), "credentials", "--show", "--stack", name)
	cmd.Dir, cmd.Env = s.clone, s.environment()
	text, err := cmd.Output()
	if err != nil {
		return job{}, fmt.Errorf("credentials: %w", err)
	}
	values := map[string]string{}
	for _, match := range shown.FindAllStringSubmatch(string(text), -1) {
		values[match[1]] = match[2]
	}
	ca, err := os.ReadFile(values["trust"])
	if err != nil {
		return job{}, err
	}
	return job{
		Direct: "http://prefect-api:4200", Edge: "https://nginx:8443", ServerName: "localhost", CA: string(ca),
		Auth: values["user"] + ":" + values["password"],
	}, nil
}

// client runs this program in a container on the application network, where both the API and the edge are reached by name, and returns what it prints.
func (s *stack) client(ctx context.Context, j job) ([]byte, error) {
	folder := filepath.Dir(s.clone)
	binary := filepath.Join(folder, "bench")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // runs in any image
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	running, err := s.running(ctx)
	if err != nil {
		return nil, err
	}
	created, err := s.docker.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config: &container.Config{
			Image: running[0].Image, User: "1001:0", Entrypoint: []string{"/bench", "load"}, Env: []string{jobVariable + "=" + string(text)},
		},
		HostConfig: &container.HostConfig{NetworkMode: "prefect-" + name + "-app"},
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		_, _ = s.docker.ContainerRemove(context.WithoutCancel(ctx), created.ID, client.ContainerRemoveOptions{Force: true}) // the network's removal would tell
	}()
	archive, err := tarOf(binary)
	if err != nil {
		return nil, err
	}
	if _, err := s.docker.CopyToContainer(ctx, created.ID, client.CopyToContainerOptions{DestinationPath: "/", Content: archive}); err != nil {
		return nil, err
	}
	if _, err := s.docker.ContainerStart(ctx, created.ID, client.ContainerStartOptions{}); err != nil {
		return nil, err
	}
	return s.wait(ctx, created.ID)
}

func (s *stack) wait(ctx context.Context, id string) ([]byte, error) {
	waiting := s.docker.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	var code int64
	select {
	case ended := <-waiting.Result:
		code = ended.StatusCode
	case err := <-waiting.Error:
		return nil, err
	}
	logs, err := s.docker.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = logs.Close() }()
	var stdout, stderr bytes.Buffer
	if _, err := stdcopy.StdCopy(&stdout, &stderr, logs); err != nil {
		return nil, err
	}
	if code != 0 {
		return nil, fmt.Errorf("the client ended with %d: %s", code, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

func tarOf(binary string) (io.Reader, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	if err := writer.WriteHeader(&tar.Header{Name: "bench", Mode: 0o755, Size: int64(len(content))}); err != nil {
		return nil, err
	}
	if _, err := writer.Write(content); err != nil {
		return nil, err
	}
	return &archive, writer.Close()
}
