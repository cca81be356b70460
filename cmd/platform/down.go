package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/spf13/cobra"

	"prefect-platform/internal/clone"
)

func newDown(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Remove containers and networks; keep data, certificates and credentials",
		Long: `Remove the containers and networks of the stack, and the volumes with their files (secrets among them). Data volumes, the certificate authority and
all credentials stay: the next up continues where this one ended. (Plain ` + "`pulumi destroy`" + ` keeps the data and the volumes with files, but neither authority nor credentials.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			x, err := s.removable(c.Context())
			if err != nil {
				return err
			}
			defer x.close()
			if s.options.stack != clone.DevStack && !s.yes {
				if err := typed(s.options.stack, fmt.Sprintf("This ends the service of stack %s.", s.options.stack)); err != nil {
					return err
				}
			}
			if err := s.down(c.Context(), x); err != nil {
				return err
			}
			fmt.Printf("Data, certificates and credentials are kept: %s continues, %s deletes them.\n", s.command("up"), s.command("clean"))
			return nil
		},
	}
}

// removable examines a stack of which something is to be removed: a wrong configuration or a full disk does not matter then, another's containers do.
func (s *session) removable(ctx context.Context) (*examination, error) {
	x, err := s.examine(ctx)
	if err != nil {
		return nil, err
	}
	if x.EngineErr != nil {
		return nil, x.EngineErr
	}
	if n := len(x.Mend.Foreign); n > 0 {
		x.close()
		return nil, fmt.Errorf("the engine runs %d containers of a stack %s that this state does not know; %s says more", n, s.options.stack, s.command("doctor"))
	}
	return x, nil
}

// down takes everything off the engine but data.
func (s *session) down(ctx context.Context, x *examination) error {
	if err := s.repair(ctx, x); err != nil {
		return err
	}
	targets := x.state.Disposable()
	if len(targets) == 0 {
		fmt.Println("Nothing runs.")
		return s.sweep(ctx, x)
	}
	return s.unlocking(ctx, func() error {
		reporter, err := s.operate(ctx, func(ctx context.Context, to chan<- events.EngineEvent) error {
			_, err := s.stack.Destroy(ctx, optdestroy.Target(targets), optdestroy.EventStreams(to))
			return err
		})
		if err == nil {
			fmt.Println(reporter.Summary())
			return s.sweep(ctx, x)
		}
		if locked(err) {
			return err
		}
		say(reporter, err)
		return errSaid
	})
}

// typed asks for the name of the stack, so that nobody agrees by habit.
func typed(name, warning string) error {
	fmt.Printf("%s\nType the name of the stack to go on: ", warning)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != name {
		fmt.Println()
		return errors.New("nothing was changed")
	}
	return nil
}
