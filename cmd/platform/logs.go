package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"prefect-platform/internal/engine"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/logline"
	"prefect-platform/internal/tokens"
)

// logOptions choose what of the logs is shown, and how.
type logOptions struct {
	read live.LogOptions
	run  string // id of the flow run whose lines are shown; all lines when empty
	raw  bool   // as the containers wrote them
}

func newLogs(o *options) *cobra.Command {
	var show logOptions
	cmd := &cobra.Command{
		Use:   "logs [workload ...]",
		Short: "Show what the containers wrote",
		Long: `Show the logs of all workloads, or of some: postgres, redis, migrate, roles, api, services, worker-<pool>, nginx, ... Lines of several containers are
merged by time. With --follow, containers that start later are shown too.`,
		RunE: func(c *cobra.Command, workloads []string) (err error) {
			if c.Flags().Changed("flow-run") {
				if show.run, err = logline.RunID(show.run); err != nil {
					return err
				}
			}
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			return s.logs(c.Context(), workloads, show)
		},
	}
	cmd.Flags().BoolVarP(&show.read.Follow, "follow", "f", false, "go on until Ctrl-C")
	cmd.Flags().StringVar(&show.read.Since, "since", "", "only lines from a time (RFC 3339) or a duration ago (10m)")
	cmd.Flags().IntVarP(&show.read.Tail, "tail", "n", 0, "only this many last lines of each container (0: all)")
	cmd.Flags().StringVar(&show.run, "flow-run", "", "only lines of the flow run with this id, and those that name it")
	cmd.Flags().BoolVar(&show.raw, "raw", false, "lines as the containers wrote them, most of them JSON, without names and times")
	return cmd
}

func (s *session) logs(ctx context.Context, workloads []string, show logOptions) error {
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
	if len(wanted) == 0 && !show.read.Follow {
		return fmt.Errorf("no such container; there are: %s", strings.Join(workloadsOf(has.Of(s.options.stack)), ", "))
	}
	r := newLogReader(e, show, wanted)
	shown, err := r.history(ctx, wanted)
	if err != nil {
		return err
	}
	if show.read.Follow {
		return r.follow(ctx, s.options.stack, wanted, workloads)
	}
	if shown == 0 && show.run != "" {
		fmt.Fprintf(os.Stderr, "No line names the flow run %s: it ran in another stack, or so long ago that the engine has dropped its lines (docs/operations.md, Logs).\n", show.run)
	}
	return nil
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
