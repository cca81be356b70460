package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"prefect-platform/config"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/tokens"
)

// writers are the containers that write to the database.
func (x *examination) writers() []live.Container {
	var found []live.Container
	for _, c := range x.Has.Of(x.Stack) {
		if c.Role == tokens.RoleService && (c.Workload == "api" || c.Workload == "services") {
			found = append(found, c)
		}
	}
	return found
}

// held are writers that were stopped: clients are told to wait, and nothing is acknowledged that would be in the database of before only.
type held struct {
	engine  *live.Engine
	stack   string
	writers []live.Container
}

// hold stops the writers that run now; somebody may have been asked since the stack was examined. When it fails, they run as before.
func (x *examination) hold(ctx context.Context) (*held, error) {
	has, err := x.engine.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	x.Has = has
	h := &held{engine: x.engine, stack: x.Stack}
	for _, c := range x.writers() {
		if c.State == "running" || c.State == "restarting" || c.State == "paused" {
			h.writers = append(h.writers, c)
		}
	}
	if err := h.stop(ctx); err != nil {
		return nil, errors.Join(err, h.resume(ctx))
	}
	return h, nil
}

// stop comes to its end also when the command is interrupted: the engine would go on to stop what was started again.
func (h *held) stop(ctx context.Context) error {
	var stopping sync.WaitGroup
	problems := make([]error, len(h.writers))
	for i, c := range h.writers {
		stopping.Go(func() { problems[i] = h.engine.Stop(context.WithoutCancel(ctx), c.ID) })
	}
	stopping.Wait()
	return errors.Join(errors.Join(problems...), ctx.Err())
}

// resume starts what was stopped.
func (h *held) resume(ctx context.Context) error {
	var problems []error
	for _, c := range h.writers {
		problems = append(problems, h.engine.Start(context.WithoutCancel(ctx), c.ID))
	}
	return errors.Join(problems...)
}

// there tells whether all that was stopped is still on the engine: `up` takes it away before it changes anything else.
func (h *held) there(ctx context.Context) (bool, error) {
	has, err := h.engine.Inventory(ctx)
	if err != nil {
		return false, err
	}
	for _, c := range h.writers {
		if !slices.ContainsFunc(has.Of(h.stack), func(now live.Container) bool { return now.ID == c.ID }) {
			return false, nil
		}
	}
	return len(h.writers) > 0, nil
}

// replaceDatabase fills a new volume while clients wait, and deploys the stack with it. When that fails, the stack goes on as it was.
func (s *session) replaceDatabase(ctx context.Context, x *examination, generation int, fill func() error) error {
	file, err := os.ReadFile(s.stackFile())
	if err != nil {
		return err
	}
	h, err := x.hold(ctx)
	if err != nil {
		return fmt.Errorf("%w\nnothing of the stack was changed", err)
	}
	if len(h.writers) > 0 {
		fmt.Println("API and services are stopped: clients wait until the stack has the other database")
	}
	if err := fill(); err != nil {
		return errors.Join(fmt.Errorf("%w\nnothing of the stack was changed", err), h.resume(ctx))
	}
	if err := s.use(ctx, x, generation); err != nil {
		goOn := fmt.Sprintf("Mend the cause, then run %s.\n", s.command("up"))
		if before := x.Config.Database.Volume; generation != before {
			goOn += fmt.Sprintf("The way back, to the database from before: pulumi config set --stack %s --path %s:database.volume %d, and %s.\n", s.options.stack, config.Namespace, before, s.command("up"))
		}
		return s.afterFailure(context.WithoutCancel(ctx), x, h, unmade{file, x.dataVolume(generation), goOn}, err)
	}
	return nil
}

// unmade is what is to be put back after a deployment with another volume has failed.
type unmade struct {
	file   []byte // the stack file from before
	volume string // the new one
	goOn   string // what to do where it cannot be put back
}

// afterFailure puts everything back if `up` was refused before it touched anything. Else it says how to go on: what `up` has begun, only `up` can end.
func (s *session) afterFailure(ctx context.Context, x *examination, h *held, u unmade, why error) error {
	untouched, err := h.there(ctx)
	if err != nil {
		return errors.Join(inWords(why), err)
	}
	if untouched {
		err := errors.Join(s.writeStackFile(u.file), h.resume(ctx), x.engine.RemoveVolumes(ctx, []string{u.volume}))
		if err == nil {
			fmt.Println("\nThe stack goes on with the database from before: the configuration is as it was, and the new volume is removed.")
		}
		return errors.Join(inWords(why), err)
	}
	fmt.Printf("\nVolume %s is whole, and the configuration names it; clients wait. %s", u.volume, u.goOn)
	return why
}

// inWords is an error that another can follow: of one whose cause was printed, nothing would be.
func inWords(why error) error {
	if !errors.Is(why, errSaid) {
		return why
	}
	return errors.New("the stack could not be deployed with the other database")
}
