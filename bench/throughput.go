package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// throughput compares the API itself with the API behind the edge, from a container of the same network.
func throughput(ctx context.Context, s *stack, figures *table) error {
	const turns, turn = 3, 8 * time.Second
	j, err := s.job(ctx)
	if err != nil {
		return err
	}
	j.Turns, j.Turn, j.Fill, j.Ways = turns, turn, directly, map[string]string{"direct": directly, "through the edge": edge}
	fmt.Printf("+ %d connections, %d turns of %s each way\n", connections, turns, turn)
	results, err := s.client(ctx, j)
	if err != nil {
		return err
	}
	for _, what := range slices.Sorted(maps.Keys(results)) {
		r := results[what]
		figures.add(fmt.Sprintf("POST /flow_runs/filter %s, %d connections", what, connections),
			"%.1f requests/s, p50 %.0f ms, p99 %.0f ms, %d of %d failed", r.PerSecond, r.P50.Seconds()*1000, r.P99.Seconds()*1000, r.Failed, r.Requests)
	}
	figures.add("edge / direct", "%.3f", results["through the edge"].PerSecond/results["direct"].PerSecond)
	return nil
}

// Base URLs of the API on the application network.
const (
	directly = "http://prefect-api:4200"
	edge     = "https://nginx:8443"
)

// watching compares a stack that is watched with the same one while its monitoring is paused, in turns of half a minute, so that whatever else the machine does falls on
// both. What cannot be paused counts for neither: the line that the edge sends for each request.
func watching(ctx context.Context, s *stack, figures *table) error {
	// Shorter turns would be unfair: with each of them everything that was due while monitoring was paused is asked for at once.
	const pairs, turn = 10, 30 * time.Second
	watchers, err := s.watchers(ctx)
	if err != nil {
		return err
	}
	j, err := s.job(ctx)
	if err != nil {
		return err
	}
	j.Turns, j.Turn, j.Ways = 1, turn, map[string]string{"edge": edge}
	fmt.Printf("+ %d connections, %d turns of %s with %d containers of monitoring and with these paused\n", connections, pairs, turn, len(watchers))
	requests, spent := map[bool]uint64{}, map[string]float64{}
	for i := range 2 * pairs {
		paused := i%4 == 1 || i%4 == 2 // neither is always the second
		if err := s.pause(ctx, watchers, paused); err != nil {
			return err
		}
		before, err := s.spent(ctx, watchers)
		if err != nil {
			return err
		}
		results, err := s.client(ctx, j)
		if err != nil {
			return errors.Join(err, s.pause(ctx, watchers, false))
		}
		requests[paused] += results["edge"].Requests
		after, err := s.spent(ctx, watchers)
		if err != nil {
			return err
		}
		for workload, cpu := range after {
			spent[workload] += cpu - before[workload]
		}
	}
	watched, alone := float64(requests[false])/(pairs*turn).Seconds(), float64(requests[true])/(pairs*turn).Seconds()
	figures.add("through the edge, watched / monitoring paused", "%.1f / %.1f requests/s, ratio %.3f", watched, alone, watched/alone)
	for _, workload := range slices.Sorted(maps.Keys(spent)) {
		figures.add("processor that "+workload+" takes meanwhile", "%.2f %% of one", 100*spent[workload]/(pairs*turn).Seconds())
	}
	return s.pause(ctx, watchers, false)
}

// spent is for how many seconds containers have had a processor since they were started, by workload.
func (s *stack) spent(ctx context.Context, containers []container.Summary) (map[string]float64, error) {
	spent := map[string]float64{}
	for _, c := range containers {
		answer, err := s.docker.ContainerStats(ctx, c.ID, client.ContainerStatsOptions{})
		if err != nil {
			return nil, err
		}
		var stats container.StatsResponse
		err = json.NewDecoder(answer.Body).Decode(&stats)
		_ = answer.Body.Close()
		if err != nil {
			return nil, err
		}
		spent[c.Labels["prefect-platform.workload"]] += float64(stats.CPUStats.CPUUsage.TotalUsage) / 1e9
	}
	return spent, nil
}

// watchers are the containers of monitoring.
func (s *stack) watchers(ctx context.Context) ([]container.Summary, error) {
	running, err := s.running(ctx)
	if err != nil {
		return nil, err
	}
	served := []string{"api", "services", "postgres", "redis", "nginx", "worker-default"}
	watchers := slices.DeleteFunc(running, func(c container.Summary) bool { return slices.Contains(served, c.Labels["prefect-platform.workload"]) })
	if len(watchers) == 0 {
		return nil, errors.New("nobody watches the stack")
	}
	return watchers, nil
}

// pause brings containers into a state, whichever they are in.
func (s *stack) pause(ctx context.Context, containers []container.Summary, paused bool) error {
	for _, c := range containers {
		is, err := s.docker.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
		if err != nil {
			return err
		}
		switch {
		case is.Container.State.Paused == paused:
		case paused:
			_, err = s.docker.ContainerPause(ctx, c.ID, client.ContainerPauseOptions{})
		default:
			_, err = s.docker.ContainerUnpause(ctx, c.ID, client.ContainerUnpauseOptions{})
		}
		if err != nil {
			return err
		}
	}
	return nil
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
	return job{ServerName: "localhost", CA: string(ca), Auth: values["user"] + ":" + values["password"]}, nil
}

// client runs this program in a container on the application network, where both the API and the edge are reached by name, and returns the results of each way.
func (s *stack) client(ctx context.Context, j job) (map[string]result, error) {
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
	output, err := s.wait(ctx, created.ID)
	if err != nil {
		return nil, err
	}
	var results map[string]result
	if err := json.Unmarshal(output, &results); err != nil {
		return nil, fmt.Errorf("%w in %q", err, output)
	}
	return results, nil
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
