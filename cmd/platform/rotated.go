package main

import (
	"context"
	"errors"
	"fmt"

	"prefect-platform/internal/reach"
	"prefect-platform/internal/rotation"
)

// rotated is a stack whose credentials are rotated.
type rotated struct {
	*session
	unreachable bool // nothing can be asked of Prefect from here
}

func (r *rotated) deploy(ctx context.Context) error {
	x, err := r.session.deploy(ctx)
	if err != nil {
		return err
	}
	r.unreachable = x.tunnelled(x.Config.PublicURL())
	return nil
}

// expect has the edge asked after a step: by every rotation whether Prefect answers to the active value, and by one of the API about the other value too.
func (r *rotated) expect(ctx context.Context, step rotation.Step) (func(ctx context.Context) error, error) {
	move, found := step.Find(rotation.API)
	if !found {
		return r.prefectAnswers, nil
	}
	var retired *reach.Edge // a supplied value is known until the step takes it out of the configuration
	if move.Action == rotation.Retire {
		var err error
		if retired, err = r.slot(ctx, move.After.Idle()); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context) error {
		if err := r.prefectAnswers(ctx); err != nil || r.unreachable {
			return err
		}
		if retired != nil {
			return refused(ctx, move.After, retired)
		}
		other, err := r.slot(ctx, move.After.Idle())
		if err != nil {
			return err
		}
		return accepted(ctx, move.After, other)
	}, nil
}

// slot is the way in with the value of a slot of the API.
func (r *rotated) slot(ctx context.Context, slot string) (*reach.Edge, error) {
	c, err := r.config(ctx)
	if err != nil {
		return nil, err
	}
	return r.accessBy(ctx, c, slot)
}

// prefectAnswers asks with the active value. Where nothing can be asked from here, the health of the containers must do.
func (r *rotated) prefectAnswers(ctx context.Context) error {
	if r.unreachable {
		fmt.Println("Every container is healthy. Nothing was asked of the edge: it is reached through a tunnel only.")
		return nil
	}
	active, err := r.access(ctx)
	if err != nil {
		return err
	}
	switch err := within(ctx, active.Wait); {
	case errors.Is(err, reach.ErrNotAllowed):
		r.unreachable = true
		fmt.Printf("Every container is healthy. Nothing was asked of Prefect: %v.\n", err)
	case err != nil:
		return fmt.Errorf("the active value is not accepted: %w", err)
	default:
		fmt.Println("Prefect answers to the active value.")
	}
	return nil
}

func accepted(ctx context.Context, c rotation.Credential, other *reach.Edge) error {
	if err := within(ctx, other.Wait); err != nil {
		return fmt.Errorf("the value in slot %s of %s is to be valid, and is not: %w", c.Idle(), c.Name, err)
	}
	fmt.Printf("Prefect answers to the value in slot %s of %s as well.\n", c.Idle(), c.Name)
	return nil
}

func refused(ctx context.Context, c rotation.Credential, other *reach.Edge) error {
	if err := within(ctx, other.WaitRefused); err != nil {
		return fmt.Errorf("the value in slot %s of %s is retired, and is not refused: %w", c.Idle(), c.Name, err)
	}
	fmt.Printf("The value in slot %s of %s is refused.\n", c.Idle(), c.Name)
	return nil
}

func within(ctx context.Context, wait func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return wait(ctx)
}
