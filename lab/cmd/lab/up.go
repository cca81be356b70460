package main

import (
	"context"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"prefect-platform/lab/engine"
	"prefect-platform/lab/images"
	"prefect-platform/lab/internal/state"
	"prefect-platform/lab/internal/step"
	"prefect-platform/lab/toolchain"
)

// up provides everything, compilers beside downloads, and writes the file that `lab env` prints.
func (l lab) up(ctx context.Context) error {
	unlock, err := l.dir.Lock()
	if err != nil {
		return err
	}
	defer unlock()

	runner := &step.Runner{Logs: l.dir.Logs(), Out: os.Stdout}
	work, ctx := errgroup.WithContext(ctx)
	var tools toolchainParts
	var daemon engineParts
	work.Go(func() (err error) { tools, err = l.provideToolchain(ctx, runner); return err })
	work.Go(func() (err error) { daemon, err = l.provideEngine(ctx, runner); return err })
	if err := work.Wait(); err != nil {
		return err
	}
	if err := state.WriteFile(l.dir.EnvFile(), []byte(environment(l.dir, tools, daemon)), 0o644); err != nil {
		return err
	}
	runner.Note("ready; to use it in this shell:  . %s", l.dir.EnvFile())
	return nil
}

// toolchainParts says what of the toolchain is the lab's.
type toolchainParts struct{ cli, providers bool }

func (l lab) provideToolchain(ctx context.Context, runner *step.Runner) (parts toolchainParts, err error) {
	build := toolchain.Build{Source: filepath.Join(l.clone, "lab", "toolchain"), Dir: l.dir}
	var steps []step.Step
	if cli := toolchain.OfficialCLI(ctx, l.dir); cli != "" {
		runner.Note("cli          uses %s", cli)
	} else {
		parts.cli = true
		steps = append(steps, build.LanguageHost(), build.CLI())
	}
	providers := build.Providers()
	built, err := providers.Done(ctx)
	if err != nil {
		return parts, err
	}
	if !built && toolchain.DownloadSiteAnswers(ctx) {
		runner.Note("providers    left to pulumi, which can download them")
	} else {
		parts.providers = true
		steps = append(steps, providers)
	}
	return parts, runner.InTurn(ctx, steps...)
}

// engineParts says what of the engine is the lab's.
type engineParts struct {
	host   string // DOCKER_HOST of the lab's own engine, empty for another one
	client bool   // the docker command comes from the lab
}

func (l lab) provideEngine(ctx context.Context, runner *step.Runner) (parts engineParts, err error) {
	own := engine.New(l.dir)
	official, err := engine.Official(ctx, own)
	if err != nil {
		return parts, err
	}
	if official != nil {
		runner.Note("engine       uses the one that the docker command reaches")
		return parts, pullImages(ctx, runner, *official, images.All)
	}
	if err := engine.CheckHost(own); err != nil {
		return parts, err
	}
	if err := runner.InTurn(ctx, own.HostStep(), own.BuildStep(l.dir), own.StartStep()); err != nil {
		return parts, err
	}
	parts.host = own.Host()
	if parts.client, err = own.ProvideCommand(l.dir.Bin()); err != nil {
		return parts, err
	}
	return parts, l.pullOrBuildImages(ctx, runner, own.Client(), images.All)
}
