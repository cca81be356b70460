// Package step runs the lab's pieces of work: each prints a line when it starts and one with its seconds when it ends,
// keeps its whole output in a log file, and is skipped when there is nothing to do.
package step

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Step is one piece of work.
type Step struct {
	Name string // short, also names the log file
	What string // what Run does, as the line printed at the start says it
	Done func(ctx context.Context) (bool, error)
	Run  func(ctx context.Context, log io.Writer) error
}

// Runner runs steps, several at once if called so.
type Runner struct {
	Logs string    // folder for the log files
	Out  io.Writer // where the start and end lines go
	mu   sync.Mutex
}

// Do runs one step, unless its Done says that nothing is left to do. The error of a failed step carries the end of its log.
func (r *Runner) Do(ctx context.Context, s Step) error {
	done, err := s.Done(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if done {
		r.say("%-12s up to date", s.Name)
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.MkdirAll(r.Logs, 0o755); err != nil {
		return err
	}
	path := filepath.Join(r.Logs, s.Name+".log")
	log, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()

	start := time.Now()
	r.say("%-12s %s ...", s.Name, s.What)
	err = s.Run(ctx, log)
	seconds := time.Since(start).Seconds()
	switch {
	case ctx.Err() != nil:
		r.say("%-12s interrupted after %.1f s", s.Name, seconds)
		return ctx.Err()
	case err != nil:
		r.say("%-12s failed after %.1f s", s.Name, seconds)
		return fmt.Errorf("%s: %w\n%s(whole log: %s)", s.Name, err, tail(path, 15), path)
	}
	r.say("%-12s done in %.1f s", s.Name, seconds)
	return nil
}

// InTurn runs steps one after another and stops at the first that fails.
func (r *Runner) InTurn(ctx context.Context, steps ...Step) error {
	for _, s := range steps {
		if err := r.Do(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// say prints one line, never mixed with that of another step.
func (r *Runner) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprintf(r.Out, "lab: "+format+"\n", args...)
}

// Note prints a line that belongs to no step.
func (r *Runner) Note(format string, args ...any) { r.say(format, args...) }

// Command prepares a program whose output goes to the step's log and which is asked to end when ctx does.
func Command(ctx context.Context, log io.Writer, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

func tail(path string, lines int) string {
	content, err := os.ReadFile(path)
	if err != nil || len(content) == 0 {
		return ""
	}
	all := strings.Split(string(bytes.TrimRight(content, "\n")), "\n")
	all = all[max(0, len(all)-lines):]
	return "  | " + strings.Join(all, "\n  | ") + "\n"
}
