package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"prefect-platform/internal/mend"
)

// repair brings state and engine together again before an operation, see package mend.
func (s *session) repair(ctx context.Context, x *examination) error {
	plan := *x.Mend
	announce(plan)
	if len(plan.Gone)+len(plan.Stopped)+len(plan.Orphans)+len(plan.OrphanNetworks)+len(plan.Pending) == 0 {
		return nil
	}
	if err := s.unchanged(ctx, x); err != nil {
		return err
	}
	plan.Edit(x.state)
	text, err := x.state.JSON()
	if err != nil {
		return err
	}
	// Importing takes the stack's lock, and so fails before anything is removed while another operation runs.
	err = s.unlocking(ctx, func() error {
		_, err := s.run(ctx, string(text), "stack", "import")
		return err
	})
	if err != nil {
		return err
	}
	return plan.Remove(ctx, x.engine)
}

// unchanged refuses to write a state from before another operation, which ran while a person was asked: it would forget what that one made.
func (s *session) unchanged(ctx context.Context, x *examination) error {
	before, err := x.state.JSON()
	if err != nil {
		return err
	}
	now, err := s.export(ctx)
	if err != nil {
		return err
	}
	after, err := now.JSON()
	if err != nil {
		return err
	}
	if !bytes.Equal(before, after) {
		return errors.New("the stack was changed by somebody else meanwhile; nothing was done, run it again")
	}
	return nil
}

// sweep removes the volumes with files that nothing uses any more; Pulumi only forgets them, see workload.
func (s *session) sweep(ctx context.Context, x *examination) error {
	unused, err := x.engine.UnusedFiles(ctx, s.options.stack)
	if err != nil {
		return err
	}
	return x.engine.RemoveVolumes(ctx, unused)
}

func announce(plan mend.Plan) {
	for _, item := range plan.Items() {
		fmt.Printf("mend   %s: %s\n", item.Found, item.Action)
	}
}
