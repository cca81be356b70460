// Command platform runs a private Prefect Server: what `pulumi up` does, with checks before, repairs where plain Pulumi is stuck, and plain words after.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as with nohup; else it is the terminal that went away, and what was begun is to be put back
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	err := newRoot().ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errSaid) && !errors.Is(err, errDrift) {
		fmt.Fprintln(os.Stderr, "platform:", masked(err.Error(), os.Environ()))
	}
	os.Exit(exitCode(err))
}

// exitCode is 2 for drift, so that a pipeline can tell it from a look that failed, and 1 for every other error.
func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDrift):
		return 2
	default:
		return 1
	}
}

// errSaid ends the command without another word: what is wrong was printed already.
var errSaid = errors.New("failed")
