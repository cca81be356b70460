package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// bringUp is what a stranger does after cloning, with a lab that is there and Go's caches warm.
func bringUp(ctx context.Context, s *stack, figures *table) error {
	for _, step := range [][]string{
		{"go", "build", "-o", "bin/platform", "./cmd/platform"},
		{"go", "build", "-o", "bin/policy", "./policy"},
		{"pulumi", "--non-interactive", "stack", "init", name},
		{"bin/platform", "up", "--yes", "--stack", name},
	} {
		took, err := s.run(ctx, step[0], step[1:]...)
		if err != nil {
			return err
		}
		s.took += took
	}
	figures.took("fresh clone to healthy, lab and caches warm", s.took)
	return nil
}

// preview takes the ways to preview in turns, so that what else the machine does meets all of them alike.
func preview(ctx context.Context, s *stack, figures *table) error {
	if _, err := s.run(ctx, "go", "build", "-o", "bin/policy", "./policy"); err != nil {
		return err
	}
	plain := []string{"--non-interactive", "preview", "--expect-no-changes", "--stack", name}
	ways := []struct {
		what string
		run  func() (time.Duration, error)
	}{
		{"pulumi", func() (time.Duration, error) { return s.run(ctx, "pulumi", plain...) }},
		{"pulumi with the policy pack", func() (time.Duration, error) {
			return s.run(ctx, "pulumi", append(slices.Clone(plain), "--policy-pack", "bin/policy", "--policy-pack-config", "policy/dev.json")...)
		}},
		{"platform, which loads the pack", func() (time.Duration, error) { return s.platform(ctx, "preview") }},
	}
	const rounds = 5
	times := make([][]time.Duration, len(ways))
	for range rounds {
		for i, way := range ways {
			took, err := way.run()
			if err != nil {
				return err
			}
			times[i] = append(times[i], took)
		}
	}
	first := median(times[0])
	for i, way := range ways {
		took := median(times[i])
		figures.add("preview without a change, "+way.what, "%.1f s (median of %d; %+.1f s, ratio %.2f)", took.Seconds(), rounds, (took - first).Seconds(), took.Seconds()/first.Seconds())
	}
	return nil
}

// change is an `up` of one value: one that only reloads the edge, and one that replaces the API under way.
func change(ctx context.Context, s *stack, figures *table) error {
	for _, each := range []struct{ what, path, value string }{
		{"up of one value, edge reloads (edge.limits.api.burst)", "edge.limits.api.burst", "201"},
		{"up of one value, API is replaced (api.memoryMiB)", "api.memoryMiB", "800"},
	} {
		if _, err := s.run(ctx, "pulumi", "--non-interactive", "config", "set", "--stack", name, "--path", "prefect-platform:"+each.path, each.value); err != nil {
			return err
		}
		took, err := s.platform(ctx, "up", "--yes")
		if err != nil {
			return err
		}
		figures.took(each.what, took)
	}
	return nil
}

// memory is what each container has in use, without the page cache that the kernel takes back.
func memory(ctx context.Context, s *stack, figures *table) error {
	running, err := s.running(ctx)
	if err != nil {
		return err
	}
	total := 0.0
	for _, c := range running {
		stats, err := s.docker.ContainerStats(ctx, c.ID, client.ContainerStatsOptions{})
		if err != nil {
			return err
		}
		var read container.StatsResponse
		err = errors.Join(json.NewDecoder(stats.Body).Decode(&read), stats.Body.Close())
		if err != nil {
			return err
		}
		used := inUse(read.MemoryStats)
		total += used
		figures.add("idle memory of "+c.Labels["prefect-platform.workload"], "%.0f MiB", used)
	}
	figures.add("idle memory of all", "%.0f MiB", total)
	return nil
}

// inUse is counted in MiB as `docker stats` counts it; the name of the cache differs between versions of cgroups.
func inUse(stats container.MemoryStats) float64 {
	cache := stats.Stats["inactive_file"]
	if v1, found := stats.Stats["total_inactive_file"]; found {
		cache = v1
	}
	return float64(stats.Usage-min(cache, stats.Usage)) / (1 << 20)
}

// running returns the stack's services, by the name of their workload.
func (s *stack) running(ctx context.Context) ([]container.Summary, error) {
	list, err := s.docker.ContainerList(ctx, client.ContainerListOptions{Filters: client.Filters{}.
		Add("label", "prefect-platform.stack="+name, "prefect-platform.role=service").Add("status", "running")})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list.Items, func(a, b container.Summary) int {
		return strings.Compare(a.Labels["prefect-platform.workload"], b.Labels["prefect-platform.workload"])
	})
	if len(list.Items) == 0 {
		return nil, fmt.Errorf("stack %s has no running container", name)
	}
	return list.Items, nil
}
