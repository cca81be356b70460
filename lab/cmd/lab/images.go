package main

import (
	"context"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"prefect-platform/lab/engine"
	"prefect-platform/lab/images"
	"prefect-platform/lab/internal/step"
)

// pullImages fetches the official images into an engine that is not the lab's: there nothing is built under their names.
func pullImages(ctx context.Context, runner *step.Runner, client engine.Client) error {
	var steps []step.Step
	for _, image := range images.All {
		steps = append(steps, images.Pull(client, image))
	}
	return runner.InTurn(ctx, steps...)
}

// pullOrBuildImages provides every image in the lab's own engine, all at once. A registry is asked only when one is missing.
func (l lab) pullOrBuildImages(ctx context.Context, runner *step.Runner, client engine.Client) error {
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
	programs := sync.OnceValue(func() error { return runner.InTurn(ctx, builder.Programs()...) })
	work, ctx := errgroup.WithContext(ctx)
	for _, image := range images.All {
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
				if err := programs(); err != nil {
					return err
				}
			}
			return runner.Do(ctx, build)
		})
	}
	return work.Wait()
}
