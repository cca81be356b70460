package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"prefect-platform/lab/engine"
	"prefect-platform/lab/images"
	"prefect-platform/lab/internal/step"
)

// image provides images by their names, those too that `up` leaves out, in the engine that runs.
func (l lab) image(ctx context.Context) error {
	wanted, err := images.Find(l.names)
	if err != nil {
		return err
	}
	unlock, err := l.dir.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	runner := &step.Runner{Logs: l.dir.Logs(), Out: os.Stdout}
	own := engine.New(l.dir)
	official, err := engine.Official(ctx, own)
	switch {
	case err != nil:
		return err
	case official != nil:
		return pullImages(ctx, runner, *official, wanted)
	case own.Running() == 0:
		return errors.New("the lab's engine does not run: `lab up` starts it")
	default:
		return l.pullOrBuildImages(ctx, runner, own.Client(), wanted)
	}
}

// pullImages fetches the official images into an engine that is not the lab's: there nothing is built under their names.
func pullImages(ctx context.Context, runner *step.Runner, client engine.Client, wanted []images.Image) error {
	var steps []step.Step
	for _, image := range wanted {
		steps = append(steps, images.Pull(client, image))
	}
	return runner.InTurn(ctx, steps...)
}

// pullOrBuildImages provides images in the lab's own engine, all at once. A registry is asked only when one is missing.
func (l lab) pullOrBuildImages(ctx context.Context, runner *step.Runner, client engine.Client, wanted []images.Image) error {
	builder := images.Builder{Client: client, Source: filepath.Join(l.clone, "lab", "images"), Dir: l.dir}
	registry := sync.OnceValue(func() bool { return images.RegistryAnswers(ctx, client) })
	bases := map[string]func() error{}
	for _, base := range images.Bases {
		bases[base.Name] = sync.OnceValue(func() error {
			if base.From != "" {
				if err := bases[base.From](); err != nil {
					return err
				}
			}
			return runner.Do(ctx, builder.Base(base))
		})
	}
	programs := map[string]func() error{}
	for _, module := range images.Modules {
		programs[module.Dir] = sync.OnceValue(func() error { return runner.Do(ctx, builder.Programs(module)) })
	}
	work, ctx := errgroup.WithContext(ctx)
	for _, image := range wanted {
		work.Go(func() error {
			build := builder.Image(image)
			if done, err := build.Done(ctx); err != nil || done {
				return runner.Do(ctx, build)
			}
			if registry() {
				err := runner.Do(ctx, images.Pull(client, image))
				if err == nil || ctx.Err() != nil {
					return err
				}
				runner.Note("%v", err)
			}
			if err := bases[image.Base](); err != nil {
				return err
			}
			if len(image.Programs) > 0 {
				if err := programs[image.Module](); err != nil {
					return err
				}
			}
			return runner.Do(ctx, build)
		})
	}
	return work.Wait()
}
