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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
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
