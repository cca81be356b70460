package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"

	"prefect-platform/config"
	"prefect-platform/internal/doctor"
	"prefect-platform/internal/engine"
	"prefect-platform/internal/recovery"
	"prefect-platform/internal/snapshot"
	"prefect-platform/internal/state"
)

func newRecover(o *options) *cobra.Command {
	var want restoreOptions
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Rebuild a stack of which host and state are lost",
		Long: `Rebuild a stack from the clone, the repository of its backups and the recovery key (see platform backup), when host, Pulumi state and passphrase are gone.
Log in to a backend, set a new passphrase (PULUMI_CONFIG_PASSPHRASE_FILE), and name the new engine by docker:host in the stack file, or by DOCKER_HOST, first. It says what
it will do and asks before; stack file and state are not touched before the database is restored. See docs/backup.md.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := locate(o)
			if err != nil {
				return err
			}
			return s.recoverStack(c.Context(), want)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&want.keyFile, "key-file", "", "file with the recovery key")
	flags.StringVar(&want.to, "to", "", "moment to go back to, as 2026-11-27T21:30:00Z (default: all that was stored)")
	flags.StringVar(&want.id, "snapshot", "", "ID of the snapshot to take (default: the earliest that has the moment)")
	flags.BoolVar(&want.list, "list", false, "show which moments can be restored, and change nothing")
	_ = cmd.MarkFlagRequired("key-file")
	return cmd
}

// lost is a stack of which nothing is left here but its file.
type lost struct {
	x     *examination // of the engine that will run it
	begun bool         // whether the stack is there, without resources
	file  []byte       // the stack file as it is
	rest  []byte       // and without what can no longer be read
	from  *source
}

// recoverStack changes nothing of stack file and state before the database is there and whole.
func (s *session) recoverStack(ctx context.Context, want restoreOptions) error {
	at, err := want.moment()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(want.keyFile)
	if err != nil {
		return err
	}
	key, err := recovery.ParseKey(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", want.keyFile, err)
	}
	file, err := os.ReadFile(s.stackFile())
	if err != nil {
		return err
	}
	rest, values, err := recovery.Strip(file)
	if err != nil {
		return err
	}
	begun, err := s.expectNoState(ctx)
	if err != nil {
		return err
	}
	c, _ := config.Parse(values, nil) // without what is encrypted it is not whole, and may be refused; where the engine is can be read
	x := s.lookAround(ctx, c)
	defer x.close()
	if x.EngineErr != nil {
		return x.EngineErr
	}
	l := &lost{x: x, begun: begun, file: file, rest: rest, from: newSource(c, key)}
	return s.bringBack(ctx, l, values, want, at)
}

// lookAround examines the engine for a stack that has no state.
func (s *session) lookAround(ctx context.Context, c config.Config) *examination {
	x := &examination{Seen: doctor.Seen{Stack: s.options.stack, Command: s.command, Config: c, FreeDisk: -1, PortTaken: portTaken}, state: &state.Deployment{}}
	x.Tools = []doctor.Tool{pulumiTool(s.clone), goTool()}
	x.look(ctx, engine.Resolve(c.Engine))
	return x
}

// bringBack restores the database, and only then begins the stack anew and deploys around it.
func (s *session) bringBack(ctx context.Context, l *lost, values map[string]string, want restoreOptions, at time.Time) error {
	all, err := l.from.snapshots(ctx, l.x)
	if err != nil {
		return err
	}
	if want.list {
		list(all)
		return nil
	}
	chosen, err := snapshot.Choose(all, want.id, at)
	if err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	kept, err := l.keptValues(ctx, all)
	if err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	if err := s.judgeLost(l.x, values, kept); err != nil {
		return err
	}
	if err := s.agreeToRecover(l.x, chosen, at, len(kept)); err != nil {
		return err
	}
	generation := nextVolume(s.options.stack, l.x)
	if err := s.fill(ctx, l.x, l.from, chosen, at, generation); err != nil {
		return fmt.Errorf("%w\nnothing was changed", err)
	}
	if err := s.begin(ctx, l.rest, kept); err != nil {
		return errors.Join(err, s.unbegin(context.WithoutCancel(ctx), l), l.x.engine.RemoveVolumes(context.WithoutCancel(ctx), []string{l.x.dataVolume(generation)}))
	}
	if err := s.use(ctx, l.x, generation); err != nil {
		fmt.Printf("\nThe database is restored, to volume %s, and Pulumi.%s.yaml has what belongs to it. Mend the cause, then run %s: it goes on from there.\n", l.x.dataVolume(generation), s.options.stack, s.command("up"))
		return err
	}
	fmt.Printf("\nCommit Pulumi.%s.yaml. The API has the password that it had; the passwords inside the stack are new, and so is a self-signed authority.\n", s.options.stack)
	return nil
}

// keptValues are those of the newest snapshot, whatever moment the database is restored of: they belong to the stack file, which is the newest too.
func (l *lost) keptValues(ctx context.Context, all []snapshot.Snapshot) (map[string]string, error) {
	kept, err := l.from.kept(ctx, l.x, all[len(all)-1])
	if err != nil {
		return nil, err
	}
	kept[recovery.SlotKey("backupPassword", l.x.Config.Rotation.Backup.Active)] = l.from.key
	return kept, nil
}

// judgeLost refuses what the deployment would refuse after the restore, when there is a volume with the data.
func (s *session) judgeLost(x *examination, values, kept map[string]string) error {
	whole := maps.Clone(values)
	maps.Copy(whole, kept)
	x.Config, x.ConfigErr = config.Parse(whole, slices.Collect(maps.Keys(kept)))
	then, has := x.Seen, *x.Has
	then.Config.Database.Volume = nextVolume(s.options.stack, x)
	has.Volumes = maps.Clone(has.Volumes)
	has.Volumes[x.dataVolume(then.Config.Database.Volume)] = true
	then.Has = &has
	findings := doctor.Prerequisites(then)
	doctor.Print(os.Stdout, findings, doctor.Warning)
	if doctor.Worst(findings) == doctor.Problem {
		fmt.Println("Nothing was changed. Mend this, then run it again.")
		return errSaid
	}
	return nil
}

func (s *session) stackFile() string {
	return filepath.Join(string(s.clone), "Pulumi."+s.options.stack+".yaml")
}

func (s *session) writeStackFile(text []byte) error {
	return os.WriteFile(s.stackFile(), text, 0o644)
}

// expectNoState refuses a stack that is not lost. One that was begun and has nothing yet may be gone on with.
func (s *session) expectNoState(ctx context.Context) (begun bool, err error) {
	existing, err := openStack(ctx, &s.options, false)
	if errors.Is(err, errNoStack) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	deployed, err := existing.export(ctx)
	if err != nil {
		return true, err
	}
	if n := len(deployed.Resources()); n > 0 {
		return true, fmt.Errorf("stack %s has a state with %d resources, so it is not lost: %s brings it up, %s restores its database", s.options.stack, n, s.command("up"), s.command("restore"))
	}
	return true, nil
}

func (s *session) agreeToRecover(x *examination, chosen snapshot.Snapshot, at time.Time, values int) error {
	fmt.Printf("Rebuilds stack %s on Docker at %s:\n  from       snapshot %s\n  what       %s\n  sets       %d encrypted values of the configuration, under the passphrase that is set now\n",
		s.options.stack, x.EngineAt, chosen.ID, until(chosen, at), values)
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

// unbegin takes back what begin did.
func (s *session) unbegin(ctx context.Context, l *lost) error {
	var err error
	if made := s.stack.Workspace(); made != nil && !l.begun {
		err = explain(made.RemoveStack(ctx, s.options.stack)) // with its file
	}
	return errors.Join(err, s.writeStackFile(l.file))
}
