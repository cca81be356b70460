package step

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func runner(t *testing.T) (*Runner, *bytes.Buffer) {
	out := &bytes.Buffer{}
	return &Runner{Logs: t.TempDir(), Out: out}, out
}

func work(done bool, run func(context.Context, io.Writer) error) Step {
	return Step{Name: "x", What: "does x", Done: func(context.Context) (bool, error) { return done, nil }, Run: run}
}

func TestDo_SaysWhatItDoesAndHowLongItTook(t *testing.T) {
	r, out := runner(t)
	if err := r.Do(context.Background(), work(false, func(context.Context, io.Writer) error { return nil })); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "does x ...") || !strings.Contains(lines[1], "done in 0.0 s") {
		t.Errorf("printed %q", lines)
	}
}

func TestDo_SkipsWhatIsDone(t *testing.T) {
	r, out := runner(t)
	err := r.Do(context.Background(), work(true, func(context.Context, io.Writer) error { return errors.New("ran") }))
	if err != nil || !strings.Contains(out.String(), "up to date") {
		t.Errorf("got %v, printed %q", err, out)
	}
}

func TestDo_ShowsTheEndOfTheLogOfAFailure(t *testing.T) {
	r, _ := runner(t)
	cause := errors.New("cause")
	err := r.Do(context.Background(), work(false, func(_ context.Context, log io.Writer) error {
		for i := range 40 {
			_, _ = fmt.Fprintf(log, "line %d\n", i)
		}
		return cause
	}))
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), "| line 39\n") || strings.Contains(err.Error(), "line 1\n") {
		t.Errorf("error is %v", err)
	}
}

func TestDo_TellsAnInterruptionFromAFailure(t *testing.T) {
	r, out := runner(t)
	ctx, cancel := context.WithCancel(context.Background())
	err := r.Do(ctx, work(false, func(context.Context, io.Writer) error { cancel(); return errors.New("signal: interrupt") }))
	if !errors.Is(err, context.Canceled) || !strings.Contains(out.String(), "interrupted") {
		t.Errorf("got %v, printed %q", err, out)
	}
}

func TestInTurn_StopsAtTheFirstFailure(t *testing.T) {
	r, _ := runner(t)
	later := false
	err := r.InTurn(context.Background(),
		work(false, func(context.Context, io.Writer) error { return errors.New("no") }),
		work(false, func(context.Context, io.Writer) error { later = true; return nil }))
	if err == nil || later {
		t.Errorf("got %v, later step ran: %v", err, later)
	}
}
