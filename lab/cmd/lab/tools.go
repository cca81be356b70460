package main

import (
	"context"
	"os"
	"path/filepath"

	"prefect-platform/lab/engine"
	"prefect-platform/lab/internal/state"
	"prefect-platform/lab/internal/step"
)

// tools provides the toolchain alone: a preview against nothing needs no engine. What an earlier `up` has provided stays in the file that `lab env` prints.
func (l lab) tools(ctx context.Context) error {
	unlock, err := l.dir.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	runner := &step.Runner{Logs: l.dir.Logs(), Out: os.Stdout}
	parts, err := l.provideToolchain(ctx, runner)
	if err != nil {
		return err
	}
	return state.WriteFile(l.dir.EnvFile(), []byte(environment(l.dir, parts, l.providedEngine())), 0o644)
}

// providedEngine says which parts of an engine are there already.
func (l lab) providedEngine() (parts engineParts) {
	own := engine.New(l.dir)
	if own.Running() != 0 {
		parts.host = own.Host()
	}
	if _, err := os.Stat(filepath.Join(l.dir.Bin(), "docker")); err == nil {
		parts.client = true
	}
	return parts
}
