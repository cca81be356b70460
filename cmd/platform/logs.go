package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"prefect-platform/internal/engine"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/tokens"
)

func newLogs(o *options) *cobra.Command {
	var read live.LogOptions
	cmd := &cobra.Command{
		Use:   "logs [workload ...]",
		Short: "Show what the containers wrote",
		Long: `Show the logs of all workloads, or of some: postgres, redis, migrate, roles, api, services, worker-<pool>, nginx, ... Lines of several containers are
merged by time. With --follow, containers that start later are shown too.`,
		RunE: func(c *cobra.Command, workloads []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			return s.logs(c.Context(), workloads, read)
		},
	}
	cmd.Flags().BoolVarP(&read.Follow, "follow", "f", false, "go on until Ctrl-C")
	cmd.Flags().StringVar(&read.Since, "since", "", "only lines from a time (RFC 3339) or a duration ago (10m)")
	cmd.Flags().IntVarP(&read.Tail, "tail", "n", 0, "only this many last lines of each container (0: all)")
	return cmd
}

func (s *session) logs(ctx context.Context, workloads []string, read live.LogOptions) error {
	c, err := s.config(ctx)
	if err != nil {
		return err
	}
	e, err := live.Dial(ctx, engine.Resolve(c.Engine))
	if err != nil {
		return err
	}
	defer func() { _ = e.Close() }()
	has, err := e.Inventory(ctx)
	if err != nil {
		return err
	}
	wanted := choose(has.Of(s.options.stack), workloads)
	if len(wanted) == 0 && !read.Follow {
		return fmt.Errorf("no such container; there are: %s", strings.Join(workloadsOf(has.Of(s.options.stack)), ", "))
	}
	if read.Follow {
		return follow(ctx, e, s.options.stack, wanted, workloads, read)
	}
	return merge(ctx, e, wanted, read)
}

// choose leaves out holders of files, which never write, and what was not asked for.
func choose(all []live.Container, workloads []string) []live.Container {
	var wanted []live.Container
	for _, c := range all {
		if c.Role != tokens.RoleFiles && (len(workloads) == 0 || slices.Contains(workloads, c.Workload)) {
			wanted = append(wanted, c)
		}
	}
	return wanted
}

func workloadsOf(all []live.Container) []string {
	var names []string
	for _, c := range choose(all, nil) {
		names = append(names, c.Workload)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

type namedLine struct {
	name string
	live.LogLine
}

// merge prints the lines of all containers in the order of their time.
func merge(ctx context.Context, e *live.Engine, containers []live.Container, read live.LogOptions) error {
	var lines []namedLine
	for _, c := range containers {
		if err := e.Logs(ctx, c.ID, read, func(l live.LogLine) { lines = append(lines, namedLine{c.Name, l}) }); err != nil {
			return err
		}
	}
	slices.SortStableFunc(lines, func(a, b namedLine) int { return a.At.Compare(b.At) })
	width := widest(containers)
	for _, l := range lines {
		fmt.Printf("%-*s  %s\n", width, l.name, l.Text)
	}
	return nil
}

// follow prints lines as they come, also those of containers that start meanwhile.
func follow(ctx context.Context, e *live.Engine, stack string, containers []live.Container, workloads []string, read live.LogOptions) error {
	started, failed := e.Started(ctx, stack)
	width := widest(containers)
	var printing sync.Mutex
	show := func(c live.Container, read live.LogOptions) {
		err := e.Logs(ctx, c.ID, read, func(l live.LogLine) {
			printing.Lock()
			defer printing.Unlock()
			fmt.Printf("%-*s  %s\n", width, c.Name, l.Text)
		})
		if err != nil && ctx.Err() == nil {
			fmt.Printf("%-*s  (%v)\n", width, c.Name, err)
		}
	}
	for _, c := range containers {
		go show(c, read)
	}
	for {
		select {
		case id, more := <-started:
			if !more {
				return nil
			}
			c, err := e.Container(ctx, id)
			if err == nil && len(choose([]live.Container{*c}, workloads)) == 1 {
				go show(*c, live.LogOptions{Follow: true})
			}
		case err := <-failed:
			if ctx.Err() != nil {
				return nil
			}
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

func widest(containers []live.Container) int {
	width := 0
	for _, c := range containers {
		width = max(width, len(c.Name))
	}
	return width
}
