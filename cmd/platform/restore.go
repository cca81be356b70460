package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"

	"prefect-platform/components/database"
	"prefect-platform/config"
	"prefect-platform/internal/clone"
	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/images"
	"prefect-platform/internal/postgresconf"
	"prefect-platform/internal/snapshot"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// restoreOptions say what is restored, and from where.
type restoreOptions struct {
	to, id     string
	list       bool
	fromStack  string
	repository string
	keyFile    string
}

func newRestore(o *options) *cobra.Command {
	var want restoreOptions
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Restore the database from a backup, as it was last or at any moment that is kept",
		Long: `Make a volume with the database as a backup has it, and deploy the stack with that volume. The one that is in use now is kept, and nothing of the
stack is changed before the new one is whole. Clients wait meanwhile. It says what it will do and asks before. See docs/backup.md.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			return s.restore(c.Context(), want)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&want.to, "to", "", "moment to go back to, as 2026-11-27T21:30:00Z (default: all that was stored)")
	flags.StringVar(&want.id, "snapshot", "", "ID of the snapshot to take (default: the earliest that has the moment)")
	flags.BoolVar(&want.list, "list", false, "show which moments can be restored, and change nothing")
	flags.StringVar(&want.fromStack, "from-stack", "", "take the backup of another stack; with --key-file from its volume on the same engine")
	flags.StringVar(&want.repository, "repository", "", "take the backup from another repository, such as s3:https://host/bucket/path; user and secret are those of a recovery key, else of this stack's configuration")
	flags.StringVar(&want.keyFile, "key-file", "", "file with the recovery key, which has repository, user and secret too, or with the key of the repository alone (default: the key in the stack's state)")
	cmd.MarkFlagsMutuallyExclusive("from-stack", "repository")
	return cmd
}

func (s *session) restore(ctx context.Context, want restoreOptions) error {
	at, err := want.moment()
	if err != nil {
		return err
	}
	x, err := s.removable(ctx)
	if err != nil {
		return err
	}
	defer x.close()
	if x.ConfigErr != nil {
		return x.ConfigErr
	}
	from, err := s.source(ctx, x, want)
	if err != nil {
		return err
	}
	stored := from.owner != "" && !want.list && storeNow(ctx, x, from.owner)
	if from.owner != "" && !want.list && !stored {
		fmt.Println("warn   what was received from the database since the newest snapshot could not be stored: it is missing below")
	}
	all, err := from.snapshots(ctx, x)
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
	generation := nextVolume(s.options.stack, x)
	if err := s.agreeToRestore(x, chosen, at, generation); err != nil {
		return err
	}
	before := x.dataVolume(x.Config.Database.Volume)
	kept := x.Has.Volumes[before] && generation != x.Config.Database.Volume
	err = s.replaceDatabase(ctx, x, generation, func() error {
		if at.IsZero() && want.id == "" && stored && from.owner == s.options.stack {
			if _, chosen, err = from.storedUntil(ctx, x); err != nil {
				return fmt.Errorf("%w. %s says why; what was stored before is restored by its moment (--to) or snapshot (--snapshot)", err, s.command("doctor"))
			}
		}
		return s.fill(ctx, x, from, chosen, at, generation)
	})
	switch {
	case err != nil:
		return err
	case kept:
		fmt.Printf("\nThe database from before the restore is in volume %s. Once nobody needs it: docker volume rm %s\n", before, before)
	case generation != x.Config.Database.Volume:
		fmt.Printf("\nVolume %s, which is gone, is not needed any more: the restored one has taken its place.\n", before)
	}
	return nil
}

func (o restoreOptions) moment() (time.Time, error) {
	if o.to == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, o.to)
	if err != nil {
		return at, fmt.Errorf("--to %q is no moment: write it as 2026-11-27T21:30:00Z", o.to)
	}
	return at.UTC(), nil
}

// storeNow has everything stored that was received from the database of a stack on this engine, and tells whether it was.
func storeNow(ctx context.Context, x *examination, stack string) bool {
	const within, failing = 120, 20 // seconds; after the second it must not have said that it failed
	c, found := x.store(stack)
	if !found {
		return false
	}
	if err := x.engine.Start(ctx, c.ID); err != nil {
		fmt.Println("warn  ", err)
		return false
	}
	script := fmt.Sprintf(`date +%%s.restore >"$STAGE/store-now"; n=0; while [ -e "$STAGE/store-now" ] && [ $n -lt %d ] && { [ $n -lt %d ] || [ -e /tmp/ready ]; }; do sleep 1; n=$((n + 1)); done; [ -e "$STAGE/store-now" ] || echo stored`, within, failing)
	said, err := x.engine.Exec(ctx, c.ID, "sh", "-c", script)
	return err == nil && said == "stored\n"
}

// store is the container that stores what was received.
func (x *examination) store(stack string) (live.Container, bool) {
	for _, c := range x.Has.Of(stack) {
		if c.Workload == tokens.BackupStore && c.Role == tokens.RoleService {
			return c, true
		}
	}
	return live.Container{}, false
}

// Answers of awaitReceived.
const (
	receivedAll  = "received"
	receivedLess = "not received"
)

// awaitReceived waits until the backup has all that the server has committed. A server that cannot be asked says nothing.
var awaitReceived = fmt.Sprintf(`
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --host=%s --username=postgres --dbname=%s --command="$1"; }
end=$(ask 'SELECT pg_current_wal_flush_lsn()') && [ -n "$end" ] || exit 0
n=0
until [ "$(ask "SELECT restart_lsn >= '$end' FROM pg_replication_slots WHERE slot_name = '%s'")" = t ]; do
	[ $((n += 1)) -lt 150 ] || { echo %s && exit; }
	sleep 0.2
done
echo %s`, postgresconf.SocketDir, postgresconf.Database, postgresconf.BackupSlot, receivedLess, receivedAll)

// awaitNoted waits until what receives has noted that it has all of a moment, in seconds since 1970: a snapshot promises no more. It looks every few seconds; that it
// says nothing for longer is for the snapshot to show.
const awaitNoted = `n=0; until [ "$(cut -d ' ' -f 1 "$STAGE/received" 2>/dev/null || echo 0)" -ge %d ] || [ $((n += 1)) -gt 30 ]; do sleep 1; done`

// received waits until the backup has all that the database of a stack has acknowledged. A database that cannot be asked is no error.
func (x *examination) received(ctx context.Context, stack string) (answers bool, err error) {
	for _, c := range x.Has.Of(stack) {
		if c.Workload != database.Host || c.Role != tokens.RoleService || c.State != "running" {
			continue
		}
		said, err := x.engine.Exec(ctx, c.ID, "sh", "-c", awaitReceived)
		switch {
		case ctx.Err() != nil:
			return true, ctx.Err()
		case strings.TrimSpace(said) == receivedLess:
			return true, errors.New("the backup does not receive what the database has acknowledged")
		case err == nil && strings.TrimSpace(said) == receivedAll:
			return true, nil
		}
	}
	return false, nil
}

// clock is the time of the engine, by which snapshots are named, in whole seconds.
func (x *examination) clock(ctx context.Context, container string) (time.Time, error) {
	said, err := x.engine.Exec(ctx, container, "date", "-u", "+%Y-%m-%dT%H:%M:%SZ")
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339, strings.TrimSpace(said))
}

// storedUntil has everything stored that the database has acknowledged, and returns a moment until which that is so, with the snapshot that has it. Of a database that
// does not answer, it is what was received.
func (f *source) storedUntil(ctx context.Context, x *examination) (at time.Time, newest snapshot.Snapshot, err error) {
	store, found := x.store(f.owner)
	if !found {
		return at, newest, errors.New("nothing stores what is received from the database")
	}
	if err := x.engine.Start(ctx, store.ID); err != nil {
		return at, newest, err
	}
	if at, err = x.clock(ctx, store.ID); err != nil {
		return at, newest, err
	}
	answers, err := x.received(ctx, f.owner)
	if err != nil {
		return at, newest, err
	}
	if answers {
		if _, err := x.engine.Exec(ctx, store.ID, "sh", "-c", fmt.Sprintf(awaitNoted, at.Unix())); err != nil {
			return at, newest, err
		}
	}
	if !storeNow(ctx, x, f.owner) {
		return at, newest, errors.New("what was received from the database last could not be stored")
	}
	all, err := f.snapshots(ctx, x)
	if err != nil {
		return at, newest, err
	}
	if newest, err = snapshot.Choose(all, "", time.Time{}); err != nil {
		return at, newest, err
	}
	switch {
	case !answers:
		fmt.Println("warn   the database does not answer: what the backup has received from it is all there is")
	case newest.To.Before(at): // after a restore, until there is a copy of what was restored
		return at, newest, fmt.Errorf("no copy of the database as it is now is stored yet: the newest moment is %s", newest.To.Format(time.RFC3339))
	}
	return at, newest, nil
}

// nextVolume is the first generation of the database's volume that nothing knows yet, of whatever version.
func nextVolume(stack string, x *examination) int {
	taken := map[int]bool{}
	for _, name := range slices.Concat(x.state.DataVolumes(), slices.Collect(maps.Keys(x.Has.Volumes))) {
		if generation, _, ok := datavolume.Of(stack, name); ok {
			taken[generation] = true
		}
	}
	generation := x.Config.Database.Volume
	for ; taken[generation]; generation++ {
	}
	return generation
}

// dataVolume is a generation of the database's volume, of the version that the configuration names.
func (x *examination) dataVolume(generation int) string {
	return workload.Prefix(x.Stack) + "-" + datavolume.Name(generation, images.PostgresMajor(x.Config.Images))
}

func list(all []snapshot.Snapshot) {
	fmt.Println("snapshot  from                  to")
	for _, each := range snapshot.Span(all) {
		fmt.Println(each.Row())
	}
}

// until says what of a snapshot is restored.
func until(chosen snapshot.Snapshot, at time.Time) string {
	if at.IsZero() {
		return "all that was stored, until " + chosen.To.Format(time.RFC3339)
	}
	return "as it was at " + at.Format(time.RFC3339Nano)
}

// agreeToRestore says what will happen and asks.
func (s *session) agreeToRestore(x *examination, chosen snapshot.Snapshot, at time.Time, generation int) error {
	fmt.Printf("Restores the database of stack %s on Docker at %s:\n  from    snapshot %s\n  what    %s\n  into    volume %s\n",
		s.options.stack, x.EngineAt, chosen.ID, until(chosen, at), x.dataVolume(generation))
	if now := x.dataVolume(x.Config.Database.Volume); x.Has.Volumes[now] {
		fmt.Printf("  kept    volume %s, which is no longer used then; what was written to it after that moment is in it only\n", now)
	}
	if s.yes {
		return nil
	}
	return typed(s.options.stack, "Flow runs that changed since will be as they were.")
}

// fill makes the volume. When anything fails, it takes away what it made.
func (s *session) fill(ctx context.Context, x *examination, from *source, chosen snapshot.Snapshot, at time.Time, generation int) (err error) {
	data, wal := x.dataVolume(generation), workload.Prefix(s.options.stack)+"-restore-wal"
	if err := x.engine.RemoveVolumes(ctx, []string{wal}); err != nil { // of a restore that was killed
		return err
	}
	made := []string{}
	defer func() {
		remove := []string{wal}
		if err != nil {
			remove = made
		}
		err = errors.Join(err, x.engine.RemoveVolumes(context.WithoutCancel(ctx), remove))
	}()
	for _, name := range []string{data, wal} {
		if err := x.engine.CreateVolume(ctx, name); err != nil {
			return err
		}
		made = append(made, name)
	}
	began := time.Now()
	if err := from.fetch(ctx, x, chosen, data, wal); err != nil {
		return err
	}
	fmt.Printf("fetched %s in %s\n", chosen.ID, time.Since(began).Round(time.Second))
	if err := recoverDatabase(ctx, x, data, wal, at, at.IsZero() || chosen.Surely(at)); err != nil {
		return err
	}
	fmt.Printf("replayed in %s\n", time.Since(began).Round(time.Second))
	return nil
}

// use deploys the stack with a generation of the volume that is there and whole.
func (s *session) use(ctx context.Context, x *examination, generation int) error {
	if generation != x.Config.Database.Volume {
		if err := s.set(ctx, "database.volume", fmt.Sprint(generation)); err != nil {
			return err
		}
	}
	again := *s
	again.yes = true // it was agreed to before
	return again.up(ctx)
}

// set changes one value of the stack's configuration, and says so: the file is to be kept.
func (s *session) set(ctx context.Context, name, value string) error {
	key := config.Namespace + ":" + name
	if err := s.stack.SetConfigWithOptions(ctx, key, auto.ConfigValue{Value: value}, &auto.ConfigOptions{Path: true}); err != nil {
		return explain(err)
	}
	fmt.Printf("set %s to %s: keep this change of Pulumi.%s.yaml\n", key, value, s.options.stack)
	return nil
}

// release lets go of the database's volume in the state when the configuration names another one that is there: Pulumi would refuse to. The engine keeps both.
func (s *session) release(ctx context.Context, x *examination) (released bool, err error) {
	wanted := x.dataVolume(x.Config.Database.Volume)
	if !x.Has.Volumes[wanted] {
		return false, nil
	}
	for _, r := range x.state.Resources() {
		if _, _, ok := datavolume.Of(x.Stack, r.ID()); !ok || !r.Data() || r.ID() == wanted || !r.Protected() {
			continue
		}
		if _, err := s.run(ctx, "", "state", "unprotect", r.URN(), "--yes"); err != nil {
			return false, err
		}
		fmt.Printf("turn   volume %s takes the place of %s, which is kept: what was written to that is in it only\n", wanted, r.ID())
		released = true
	}
	return released, nil
}

// ownKey is that of the stack's backups.
func (s *session) ownKey(ctx context.Context, c config.Config) (string, error) {
	if supplied := map[string]string{"a": c.Secrets.BackupPasswordA, "b": c.Secrets.BackupPasswordB}[c.Rotation.Backup.Active]; supplied != "" {
		return supplied, nil
	}
	deployed, err := s.export(ctx, "--show-secrets")
	if err != nil {
		return "", err
	}
	key, err := deployed.Password("backup-" + c.Rotation.Backup.Active)
	if err != nil {
		return "", fmt.Errorf("the state of stack %s has no key of a backup: name the file with it, --key-file", s.options.stack)
	}
	return key, nil
}

// other opens another stack for its key.
func (s *session) other(ctx context.Context, name string) (*session, error) {
	options := s.options
	options.stack = name
	return openStack(ctx, &options, name == clone.DevStack)
}
