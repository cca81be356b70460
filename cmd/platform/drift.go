package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"prefect-platform/config"
	"prefect-platform/internal/clone"
	"prefect-platform/internal/drift"
	"prefect-platform/internal/engine"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/lock"
	"prefect-platform/internal/tokens"
)

// errDrift ends the command with the exit code for drift, without another word.
var errDrift = errors.New("drift")

func newDrift(o *options) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Compare what is recorded with what runs, and change nothing",
		Long: fmt.Sprintf(`Compare the recorded stack (state and configuration) with its engine: what is missing, stopped, paused, unhealthy or restarted more than %d times,
other images, published ports or networks than recorded, containers that nobody recorded, certificates in their renewal window, credentials older than %d days, and
values that are kept valid for more than %d days after their rotation. Each finding comes with the command that mends it.

Nothing is changed, on the engine or in the state, and no lock is taken. Do not use pulumi refresh for this, nor pulumi preview --refresh: this Docker provider deletes
every container that does not run while it reads it, the never-started holders of files among them.

With --json the findings are an array under a versioned object: docs/operations.md, Drift.

Exit code, of the built binary (go run turns each into 1):
  0  no drift
  1  it could not look (no engine, no state, a configuration that is refused, an operation under way); standard output is empty
  2  drift`, drift.RestartLimit, config.RotationDueDays, config.KeepDueDays),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := openStack(c.Context(), o, false)
			if err != nil {
				return err
			}
			report, err := s.drift(c.Context(), time.Now())
			if err != nil {
				return fmt.Errorf("could not look for drift: %w", err)
			}
			write := report.WriteText
			if asJSON {
				write = report.WriteJSON
			}
			if err := write(os.Stdout); err != nil {
				return err
			}
			if report.Drift {
				return errDrift
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write a JSON document for machines")
	return cmd
}

// drift looks at both sides. It does not go through examine, which runs a command in a container.
func (s *session) drift(ctx context.Context, now time.Time) (*drift.Report, error) {
	if err := s.quiet(); err != nil {
		return nil, err
	}
	x := &examination{}
	var exporting sync.WaitGroup
	var exportErr error
	exporting.Go(func() { x.state, exportErr = s.export(ctx) })
	c, err := s.config(ctx)
	exporting.Wait()
	if err := errors.Join(exportErr, exceptEnd(c, err, now)); err != nil {
		return nil, err
	}

	to, err := live.Dial(ctx, engine.Resolve(c.Engine))
	if err != nil {
		return nil, err
	}
	defer func() { _ = to.Close() }()
	seen, err := look(ctx, to, s.options.stack)
	if err != nil {
		return nil, err
	}
	if err := s.unchanged(ctx, x); err != nil {
		return nil, err
	}
	recorded := drift.Recorded{Stack: s.options.stack, State: x.state, Config: c, Command: s.command}
	report := drift.NewReport(recorded, *seen, to.At, now)
	return &report, nil
}

func look(ctx context.Context, at *live.Engine, stack string) (*drift.Seen, error) {
	has, err := at.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	services := slices.DeleteFunc(has.Of(stack), func(c live.Container) bool { return c.Role != tokens.RoleService })
	restarts, err := at.Restarts(ctx, services)
	if err != nil {
		return nil, err
	}
	return &drift.Seen{Has: has, Restarts: restarts}, nil
}

// quiet refuses while an operation is under way, whose half is no drift. Of other backends than a folder, the state's pending operations must do.
func (s *session) quiet() error {
	local := clone.LocalBackend(s.env, os.LookupEnv)
	if local == "" {
		return nil
	}
	holders, err := lock.FromFolder(local, config.Namespace, s.options.stack)
	if err != nil || len(holders) == 0 || lock.Stale(holders) {
		return err
	}
	return fmt.Errorf("the stack is being changed by %s: run it again when that has ended", holders[0])
}

// exceptEnd lets a configuration pass whose only fault is that its certificate has ended since the last `up`: this is to be told as drift.
func exceptEnd(c config.Config, err error, now time.Time) error {
	var problems config.Problems
	if !errors.As(err, &problems) || slices.ContainsFunc(problems, func(p config.Problem) bool { return p.Key != "tls.certificate" }) {
		return err
	}
	if leaf, unreadable := c.TLS.Leaf(); unreadable == nil && ended(leaf, now) {
		return nil
	}
	return err
}

func ended(leaf *x509.Certificate, now time.Time) bool { return !now.Before(leaf.NotAfter) }
