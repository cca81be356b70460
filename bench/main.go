// Command bench makes a stack of its own from a fresh clone, prints a table of figures about it and takes it away again. It judges none of them: they depend on the
// machine, and on what else it does.
//
// The same program, put into a container of the stack's network with the argument "load", is the client that measures requests per second.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := smoke
	if len(os.Args) > 1 && os.Args[1] == "load" {
		run = generate
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// smoke takes every figure once.
func smoke(ctx context.Context) (err error) {
	s, err := newStack(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if gone := s.remove(context.WithoutCancel(ctx)); gone != nil && err == nil {
			err = gone
		}
	}()

	figures := &table{}
	for _, take := range []func(context.Context, *stack, *table) error{bringUp, preview, change, memory, throughput, watching} {
		if err := take(ctx, s, figures); err != nil {
			return err
		}
	}
	fmt.Println()
	fmt.Print(figures)
	return nil
}
