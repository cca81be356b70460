package main

import (
	"context"
	"fmt"
	"os"

	"prefect-platform/lab/engine"
)

func (l lab) down(ctx context.Context) error {
	unlock, err := l.dir.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	return l.stop(ctx)
}

func (l lab) stop(ctx context.Context) error {
	own := engine.New(l.dir)
	pid := own.Running()
	if pid == 0 {
		fmt.Println("lab: its engine does not run")
		return nil
	}
	fmt.Printf("lab: stopping the engine (process %d) and its containers ...\n", pid)
	if err := own.Stop(ctx); err != nil {
		return fmt.Errorf("stop the engine: %w", err)
	}
	fmt.Println("lab: stopped; data, images and caches are kept in", l.dir)
	return nil
}

func (l lab) clean(ctx context.Context) error {
	unlock, err := l.dir.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := l.stop(ctx); err != nil {
		return err
	}
	if err := engine.New(l.dir).Remove(); err != nil {
		return err
	}
	fmt.Println("lab: deleting", l.dir)
	return os.RemoveAll(string(l.dir))
}
