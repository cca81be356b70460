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
	if err := newRoot().ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errSaid) {
			fmt.Fprintln(os.Stderr, "platform:", err)
		}
		os.Exit(1)
	}
}

// errSaid ends the command without another word: what is wrong was printed already.
var errSaid = errors.New("failed")
