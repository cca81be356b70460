package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/spf13/cobra"

	"prefect-platform/internal/progress"
)

func newPreview(o *options) *cobra.Command {
	none := false
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Show what up would do, and change nothing",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			x, err := s.checked(c.Context())
			if err != nil {
				return err
			}
			defer x.close()
			reporter, err := s.foresee(c.Context(), x)
			if err != nil {
				return err
			}
			if none && (reporter.Changes() > 0 || !x.Mend.Empty()) {
				return errors.New("there are changes, and none were expected")
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&none, "expect-no-changes", false, "fail when up would change or mend anything")
	return cmd
}

// foresee prints what `up` would mend and change. The preview itself knows nothing of what is to be mended.
func (s *session) foresee(ctx context.Context, x *examination) (*progress.Reporter, error) {
	announce(*x.Mend)
	reporter, err := s.operate(ctx, func(ctx context.Context, to chan<- events.EngineEvent) error {
		_, err := s.stack.Preview(ctx, optpreview.Replace(x.Mend.Rerun), optpreview.EventStreams(to))
		return err
	})
	if err != nil {
		say(reporter, err)
		return nil, errSaid
	}
	fmt.Println(reporter.Summary())
	return reporter, nil
}
