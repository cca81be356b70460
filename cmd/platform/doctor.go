package main

import (
	"os"

	"github.com/spf13/cobra"

	"prefect-platform/internal/doctor"
)

func newDoctor(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong, and say what to do about it",
		Long: `Check tools, configuration, engine, ports, disk, memory, clocks, images, state and containers. Nothing is changed. The exit code is 1 when something does
not work.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			x, err := s.examine(c.Context())
			if err != nil {
				return err
			}
			defer x.close()
			findings := doctor.All(x.Seen)
			doctor.Print(os.Stdout, findings, doctor.Fine)
			if doctor.Worst(findings) == doctor.Problem {
				return errSaid
			}
			return nil
		},
	}
}
