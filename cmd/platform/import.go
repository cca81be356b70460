package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"prefect-platform/components/database"
	"prefect-platform/components/prefect"
	"prefect-platform/config"
	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/images"
	"prefect-platform/internal/postgresconf"
	"prefect-platform/internal/workload"
)

func newImport(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Take over the database of another Prefect server, from a dump of PostgreSQL or a file of SQLite",
		Long: `Make a volume with the database of another Prefect server, of version 2.20 or 3, bring it to this version, and deploy the stack with that volume. FILE is what
pg_dump --format=custom has written, or prefect.db of a server without PostgreSQL. The volume that is in use now is kept, and nothing of the stack is changed before
the new one is whole. Clients wait meanwhile. It says what cannot be kept and asks before. See docs/upgrades.md.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			return s.takeOver(c.Context(), args[0])
		},
	}
}

// origin is what a file comes from.
type origin int

const (
	unknown origin = iota
	dump           // of pg_dump, in its own format
	sqlite
)

// walOf ends the name of the file beside one of SQLite that has what is not in it yet, also after its server has stopped.
const walOf = "-wal"

func originOf(file string) (origin, error) {
	opened, err := os.Open(file)
	if err != nil {
		return unknown, err
	}
	defer func() { _ = opened.Close() }()
	head := make([]byte, 16)
	if _, err := io.ReadFull(opened, head); err != nil {
		return unknown, fmt.Errorf("%s: %w", file, err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("PGDMP")):
		return dump, nil
	case bytes.Equal(head, []byte("SQLite format 3\x00")):
		return sqlite, nil
	default:
		return unknown, fmt.Errorf("%s is neither a dump of `pg_dump --format=custom` nor a file of SQLite", file)
	}
}

// notKept is what is not in the database of a Prefect server.
const notKept = `What is not in it, and so is not kept:
  results and storage on the disks of the old server and its workers, and what was in its Redis
  runs under way: stop the old server and its workers before you take the copy; what was Running then is Crashed here after some minutes
  passwords and addresses: clients need those of this stack
  work pools of other types than process are there, but nobody serves them here; agents and infrastructure blocks of version 2 are gone: deploy their flows again
Schedules that were active go on at once.
`

func (s *session) takeOver(ctx context.Context, file string) error {
	from, err := originOf(file)
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
	generation := nextVolume(s.options.stack, x)
	before := x.dataVolume(x.Config.Database.Volume)
	fmt.Printf("Takes over a database of Prefect into stack %s on Docker at %s:\n  from    %s\n  into    volume %s\n", s.options.stack, x.EngineAt, file, x.dataVolume(generation))
	if x.Has.Volumes[before] {
		fmt.Printf("  kept    volume %s, which is no longer used then\n", before)
	}
	fmt.Print(notKept)
	if !s.yes {
		if err := typed(s.options.stack, "What the stack has now is replaced by it."); err != nil {
			return err
		}
	}
	kept := x.Has.Volumes[before]
	if err := s.replaceDatabase(ctx, x, generation, func() error { return x.takeOver(ctx, from, file, x.dataVolume(generation)) }); err != nil {
		return err
	}
	if kept && generation != x.Config.Database.Volume {
		fmt.Printf("\nThe database from before is in volume %s. Once nobody needs it: docker volume rm %s\nUntil then, the way back:\n  pulumi config set --stack %s --path %s:database.volume %d\n  %s\n",
			before, before, s.options.stack, config.Namespace, x.Config.Database.Volume, s.command("up"))
	}
	return nil
}

// takeOver fills a volume. When anything fails, it takes away what it made.
func (x *examination) takeOver(ctx context.Context, from origin, file, volume string) (err error) {
	shared := workload.Prefix(x.Stack) + "-import"
	if err := x.engine.RemoveVolumes(ctx, []string{shared}); err != nil { // of one that was killed
		return err
	}
	remove := []string{shared}
	defer func() { err = errors.Join(err, x.engine.RemoveVolumes(context.WithoutCancel(ctx), remove)) }()
	for _, name := range []string{volume, shared} {
		if err := x.engine.CreateVolume(ctx, name); err != nil {
			return err
		}
	}
	began := time.Now()
	server, client := x.takingOver(from, file, volume, shared)
	said, err := together(ctx, lastWords,
		func(ctx context.Context) (string, error) { return x.runWell(ctx, server) },
		func(ctx context.Context) (string, error) { return x.runWell(ctx, client) })
	if err != nil {
		remove = append(remove, volume)
		return err
	}
	fmt.Printf("%s%staken over in %s\n", said[1], said[0], time.Since(began).Round(time.Second))
	return nil
}

// lastWords is how long the other container has to end by itself, and to say what it knows, once one has failed.
const lastWords = 10 * time.Second

// together runs what waits for each other, and returns what each said. When one fails, without a word to the others, they are ended too.
func together(ctx context.Context, grace time.Duration, runs ...func(context.Context) (string, error)) ([]string, error) {
	shared, end := context.WithCancel(ctx)
	defer end()
	var all sync.WaitGroup
	said, problems := make([]string, len(runs)), make([]error, len(runs))
	for i, run := range runs {
		all.Go(func() {
			if said[i], problems[i] = run(shared); problems[i] != nil {
				time.AfterFunc(grace, end)
			}
		})
	}
	all.Wait()
	if ctx.Err() == nil { // those that were ended here have nothing to say
		problems = slices.DeleteFunc(problems, func(err error) bool { return errors.Is(err, context.Canceled) })
	}
	return said, errors.Join(problems...)
}

// takingOver are a server on the new volume, and Prefect that brings what it has to its version.
func (x *examination) takingOver(from origin, file, volume, shared string) (server, client live.Once) {
	major := images.PostgresMajor(x.Config.Images)
	socket := live.Volume{Name: shared, Path: postgresconf.SocketDir}
	const taken = "/tmp/taken"
	local := map[string]string{taken: file}
	if _, err := os.Stat(file + walOf); err == nil {
		local[taken+walOf] = file + walOf
	}
	server = live.Once{
		Image:      images.Resolve(x.Config.Images, images.Postgres),
		User:       database.User,
		Entrypoint: []string{database.TakeOver},
		Env:        append(database.UpgradeEnvironment(major), "SHARED="+postgresconf.SocketDir),
		Files:      database.UpgradeFiles(),
		Mounts:     []live.Volume{{Name: volume, Path: datavolume.Mount(major)}, socket},
		Network:    "none",
		MemoryMiB:  1024,
	}
	client = live.Once{
		Image:      images.Resolve(x.Config.Images, images.Prefect),
		User:       prefect.TakeOverUser,
		Entrypoint: []string{"python", prefect.TakeOver},
		Env:        []string{"HOME=/tmp", "PREFECT_HOME=/tmp/prefect"},
		Files:      prefect.TakeOverFiles(),
		Mounts:     []live.Volume{socket},
		Network:    "none",
		MemoryMiB:  1024,
	}
	if from == sqlite {
		client.Local, client.Entrypoint = local, append(client.Entrypoint, taken)
	} else {
		server.Local, server.Entrypoint = local, append(server.Entrypoint, taken)
	}
	return server, client
}

// runWell runs a container whose exit code must be 0, and returns what it said.
func (x *examination) runWell(ctx context.Context, once live.Once) (string, error) {
	said, err := x.engine.RunOnce(ctx, once)
	switch {
	case err != nil:
		return "", err
	case said.Code != 0:
		return "", fmt.Errorf("%s in %s failed with exit code %d:\n%s", strings.Join(once.Entrypoint, " "), once.Image, said.Code, cmp.Or(strings.TrimSpace(said.Stdout+said.Stderr), "it said nothing"))
	}
	return said.Stdout, nil
}
