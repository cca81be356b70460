package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"golang.org/x/term"

	"prefect-platform/internal/lock"
	"prefect-platform/internal/progress"
)

// operation is a Pulumi operation that sends its events to a channel.
type operation func(ctx context.Context, to chan<- events.EngineEvent) error

// operate runs an operation and reports its progress. What went wrong is in the reporter; the error only says that something did.
func (s *session) operate(ctx context.Context, run operation) (*progress.Reporter, error) {
	reporter := progress.New(os.Stdout, s.verbose)
	return reporter, s.operateFor(ctx, reporter, run)
}

func (s *session) operateFor(ctx context.Context, reporter *progress.Reporter, run operation) error {
	inner, release := s.interruptible(ctx)
	defer release()

	stream := make(chan events.EngineEvent)
	done := make(chan error, 1)
	go func() { done <- run(inner, stream) }()

	start := time.Now()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case event, open := <-stream:
			if !open {
				stream = nil // the CLI has said all; the operation is about to end
			} else if event.Error == nil {
				reporter.Event(time.Since(start), event.EngineEvent)
				if s.witness != nil {
					s.witness(event.EngineEvent)
				}
			}
		case <-ticker.C:
			reporter.Tick(time.Since(start))
		case err := <-done:
			return err
		}
	}
}

// interruptible shields a Pulumi operation from the first Ctrl-C: the terminal sends it to Pulumi as well, which then ends what is under way and records it.
// A second signal to Pulumi, or the end of the context ten seconds later, would leave the state half-written. Any other way to be stopped is passed on.
func (s *session) interruptible(ctx context.Context) (context.Context, func()) {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-ended:
				return
			case received := <-signals:
				if received == os.Interrupt && term.IsTerminal(int(os.Stdin.Fd())) {
					fmt.Println("Stopping when what is under way has ended; press Ctrl-C again to stop at once.")
					continue
				}
				cancel()
			}
		}
	}()
	return inner, func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	}
}

// unlocking runs something that needs the stack's lock, and takes away a lock whose process is gone.
func (s *session) unlocking(ctx context.Context, run func() error) error {
	err := run()
	if err == nil {
		return nil
	}
	holders := lock.FromError(err.Error())
	if len(holders) == 0 {
		return err
	}
	if !lock.Stale(holders) {
		return fmt.Errorf("the stack is locked by %s: wait for it. If it is gone: pulumi cancel --stack %s", holders[0], s.options.stack)
	}
	fmt.Printf("mend   the state was locked by a process that is gone (%s): unlocked\n", holders[0])
	if err := s.stack.Cancel(ctx); err != nil {
		return err
	}
	return run()
}

// say prints what went wrong.
func say(reporter *progress.Reporter, err error) {
	problems := reporter.Problems()
	if len(problems) == 0 {
		problems = []string{err.Error()}
	}
	fmt.Println()
	for _, problem := range problems {
		fmt.Println("ERROR ", problem)
	}
}

// locked tells that another operation holds the stack.
func locked(err error) bool { return len(lock.FromError(err.Error())) > 0 }
