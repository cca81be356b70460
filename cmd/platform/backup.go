package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"prefect-platform/config"
	"prefect-platform/internal/recovery"
)

func newBackup(o *options) *cobra.Command {
	show := false
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Show where backups are kept, and the key that opens them",
		Long: `Print where the backups of the stack are kept and the recovery key that opens them. Keep it elsewhere: with it and the clone's git repository,
platform recover rebuilds the stack when host and state are lost, and nothing else does. It is printed on a terminal only, unless --show says otherwise.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			return s.recoveryKey(c.Context(), show || term.IsTerminal(int(os.Stdout.Fd())))
		},
	}
	cmd.AddCommand(newBackupDrill(o))
	cmd.Flags().BoolVar(&show, "show", false, "print the key wherever the output goes")
	return cmd
}

func (s *session) recoveryKey(ctx context.Context, show bool) error {
	c, err := s.config(ctx)
	if err != nil {
		return err
	}
	if !c.Backup.Enabled {
		return errors.New("this stack has no backup: pulumi config set --path backup.enabled true")
	}
	key, err := s.ownKey(ctx, c)
	if err != nil {
		return err
	}
	whole := recovery.Key{Repository: c.Backup.Repository, Key: key, User: c.Backup.User, Secret: c.Secrets.BackupSecret, KnownHosts: c.Backup.KnownHosts}.String()
	if !show {
		key, whole = "(not printed where it may be kept; add --show)", "(the same)"
	}
	fmt.Printf("repository    %s\nkey           %s\n", c.Backup.Repository, key)
	if c.Backup.Repository == config.Local {
		fmt.Println("recovery key  none: this repository is lost with the host")
		return nil
	}
	fmt.Printf("recovery key  %s\n", whole)
	return nil
}
