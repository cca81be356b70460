package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"

	"prefect-platform/config"
	"prefect-platform/internal/engine"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/images"
	"prefect-platform/internal/recovery"
	"prefect-platform/internal/snapshot"
)

func newRecover(o *options) *cobra.Command {
	var keyFile string
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Rebuild a stack of which host and state are lost",
		Long: `Rebuild a stack from the clone, the repository of its backups and the recovery key (see platform backup), when host, Pulumi state and passphrase are gone.
Log in to a backend, set a new passphrase (PULUMI_CONFIG_PASSPHRASE_FILE), and name the new engine by docker:host in the stack file, or by DOCKER_HOST, first. It says what
it will do and asks before. See docs/backup.md.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := locate(o)
			if err != nil {
				return err
			}
			return s.recoverStack(c.Context(), keyFile)
		},
	}
	cmd.Flags().StringVar(&keyFile, "key-file", "", "file with the recovery key")
	_ = cmd.MarkFlagRequired("key-file")
	return cmd
}

// recoverStack changes nothing before it has read the backup and somebody has agreed.
func (s *session) recoverStack(ctx context.Context, keyFile string) error {
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	key, err := recovery.ParseKey(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", keyFile, err)
	}
	before, err := os.ReadFile(s.stackFile())
	if err != nil {
		return err
	}
	stripped, values, err := recovery.Strip(before)
	if err != nil {
		return err
	}
	if err := s.expectNoState(ctx); err != nil {
		return err
	}

	c, _ := config.Parse(values, nil) // without what is encrypted it is not whole, and may be refused; where the engine is can be read
	chosen, from, kept, err := fromBackup(ctx, c, key)
	if err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	kept[recovery.SlotKey("backupPassword", c.Rotation.Backup.Active)] = key.Key
	if err := s.agreeToRecover(c, chosen, len(kept)); err != nil {
		return err
	}
	if err := s.begin(ctx, stripped, kept); err != nil {
		return errors.Join(err, s.writeStackFile(before))
	}
	return s.rebuild(ctx, from, chosen)
}

func (s *session) stackFile() string {
	return filepath.Join(string(s.clone), "Pulumi."+s.options.stack+".yaml")
}

func (s *session) writeStackFile(text []byte) error {
	return os.WriteFile(s.stackFile(), text, 0o644) //nolint:gosec // the name of the stack is the user's own to choose
}

// expectNoState refuses a stack that is not lost. One that was begun and has nothing yet may be gone on with.
func (s *session) expectNoState(ctx context.Context) error {
	existing, err := openStack(ctx, &s.options, false)
	if errors.Is(err, errNoStack) {
		return nil
	}
	if err != nil {
		return err
	}
	deployed, err := existing.export(ctx)
	if err != nil {
		return err
	}
	if n := len(deployed.Resources()); n > 0 {
		return fmt.Errorf("stack %s has a state with %d resources, so it is not lost: %s brings it up, %s restores its database", s.options.stack, n, s.command("up"), s.command("restore"))
	}
	return nil
}

// fromBackup reads the newest snapshot, with the engine that will run the stack.
func fromBackup(ctx context.Context, c config.Config, key recovery.Key) (snapshot.Snapshot, *source, map[string]string, error) {
	to, err := live.Dial(ctx, engine.Resolve(c.Engine))
	if err != nil {
		return snapshot.Snapshot{}, nil, nil, err
	}
	x := &examination{engine: to}
	defer x.close()
	from := &source{
		image: images.Resolve(c.Images, images.Restic), repository: key.Repository, key: key.Key, user: key.User, secret: key.Secret, knownHosts: key.KnownHosts,
	}
	all, err := from.snapshots(ctx, x)
	if err != nil {
		return snapshot.Snapshot{}, nil, nil, err
	}
	newest, err := snapshot.Choose(all, "", time.Time{})
	if err != nil {
		return snapshot.Snapshot{}, nil, nil, err
	}
	kept, err := from.kept(ctx, x, newest)
	return newest, from, kept, err
}

func (s *session) agreeToRecover(c config.Config, chosen snapshot.Snapshot, values int) error {
	fmt.Printf("Rebuilds stack %s on Docker at %s:\n  from       snapshot %s of %s\n  sets       %d encrypted values of the configuration, under the passphrase that is set now\n",
		s.options.stack, engine.Resolve(c.Engine).Host, chosen.ID, chosen.To.Format(time.RFC3339), values)
	if s.yes {
		return nil
	}
	return typed(s.options.stack, "If the old host still runs, stop it first: workers of both would run the same flows.")
}

// begin makes the stack with its configuration.
func (s *session) begin(ctx context.Context, stackFile []byte, kept map[string]string) error {
	if err := s.writeStackFile(stackFile); err != nil {
		return err
	}
	made, err := openStack(ctx, &s.options, true)
	if err != nil {
		return err
	}
	s.stack = made.stack
	all := auto.ConfigMap{}
	for key, value := range kept {
		all[key] = auto.ConfigValue{Value: value, Secret: true}
	}
	return explain(s.stack.SetAllConfig(ctx, all))
}

// rebuild restores the database and deploys around it.
func (s *session) rebuild(ctx context.Context, from *source, chosen snapshot.Snapshot) error {
	x, err := s.checked(ctx)
	if err != nil {
		return err
	}
	defer x.close()
	generation := nextVolume(s.options.stack, x)
	if err := s.fill(ctx, x, from, chosen, time.Time{}, generation); err != nil {
		return err
	}
	if err := s.use(ctx, x, generation); err != nil {
		return err
	}
	fmt.Printf("\nCommit Pulumi.%s.yaml. The API has the password that it had; the passwords inside the stack are new, and so is a self-signed authority.\n", s.options.stack)
	return nil
}
