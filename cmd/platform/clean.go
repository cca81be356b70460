package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"prefect-platform/internal/workload"
)

func newClean(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "Remove the stack with all its data",
		Long:  `Remove everything that down removes, and the data volumes, certificates, credentials and the state as well. It says what that is and asks before.`,
		Args:  cobra.NoArgs,
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
			return s.clean(c.Context(), x)
		},
	}
}

func (s *session) clean(ctx context.Context, x *examination) error {
	var data []string
	for _, name := range x.state.DataVolumes() {
		if x.Has.Volumes[name] {
			data = append(data, name)
		}
	}
	sizes, err := x.engine.VolumeSizes(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("This deletes for good, of stack %s at %s:\n", s.options.stack, x.EngineAt)
	for _, name := range data {
		fmt.Printf("  volume %s (%s)\n", name, units.BytesSize(float64(sizes[name])))
	}
	fmt.Printf("  %d containers, their networks and files\n", len(x.Has.Of(s.options.stack)))
	fmt.Println("  the certificate authority, every generated credential, and the state with its history")
	if !s.yes {
		if err := typed(s.options.stack, "There is no way back but a backup."); err != nil {
			return err
		}
	}

	if err := s.down(ctx, x); err != nil {
		return err
	}
	if err := x.engine.RemoveVolumes(ctx, data); err != nil {
		return err
	}
	// The stack's file holds the configuration; it is the user's, and in git.
	if _, err := s.run(ctx, "", "stack", "rm", "--force", "--yes", "--preserve-config"); err != nil {
		return err
	}
	if err := os.Remove(s.clone.CertificateFile(s.options.stack)); err != nil && !os.IsNotExist(err) {
		return err
	}
	fmt.Println("Deleted.")
	return s.mentionLeft(ctx, x)
}

// mentionLeft names volumes that look like the stack's but are not in its state, as those of a worker pool that it no longer has. Another stack may own them.
func (s *session) mentionLeft(ctx context.Context, x *examination) error {
	has, err := x.engine.Inventory(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(has.Volumes)) {
		if strings.HasPrefix(name, workload.Prefix(s.options.stack)+"-") {
			fmt.Printf("Not in the state, and left: volume %s. If no other stack owns it: docker volume rm %s\n", name, name)
		}
	}
	return nil
}
