package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"

	"prefect-platform/components/database"
	"prefect-platform/config"
	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/images"
	"prefect-platform/internal/postgresconf"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

func newUpgrade(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "Bring the database to another major version of PostgreSQL",
		Args:  cobra.NoArgs,
	}
	to := ""
	postgres := &cobra.Command{
		Use:   "postgres",
		Short: "Bring the database to another major version of PostgreSQL",
		Long: `Make a volume for the newer version, bring all that the server has to it (roles, grants, every database), compare both, and deploy the stack with it. Clients
wait meanwhile. The volume so far is kept, and the way back is printed. When anything fails, the old version serves on. See docs/upgrades.md.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			return s.upgradePostgres(c.Context(), to)
		},
	}
	postgres.Flags().StringVar(&to, "to", "", "image of the newer version (default: that of the configuration, if it is newer than what runs, else the one that is tested with this program)")
	cmd.AddCommand(postgres)
	return cmd
}

// move is from which server to which image the data goes.
type move struct {
	from       live.Container // the server that runs
	kept       string         // its volume
	fromMajor  int
	generation int    // of the new volume
	image      string // of the newer version
	override   string // what images.override.postgres becomes; empty: it goes, as the image is the pinned one
	edit       bool   // whether it is to be changed at all
}

func (s *session) upgradePostgres(ctx context.Context, to string) error {
	x, err := s.removable(ctx)
	if err != nil {
		return err
	}
	defer x.close()
	if x.ConfigErr != nil {
		return x.ConfigErr
	}
	m, err := x.plan(to)
	if err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	x.Config.Images = m.images(x.Config.Images)
	if _, err := x.upgrading(ctx, "check", m.image, ""); err != nil {
		return fmt.Errorf("%w\nnothing was changed", err)
	}
	if err := s.agreeToUpgrade(x, m); err != nil {
		return err
	}
	h, err := x.hold(ctx)
	if err != nil {
		return errors.Join(err, errors.New("the old version serves on"))
	}
	if err := s.bring(ctx, x, m); err != nil {
		return errors.Join(err, h.resume(ctx), errors.New("the old version serves on"))
	}
	return s.turn(ctx, x, m, h)
}

// plan looks what runs, and chooses the image.
func (x *examination) plan(to string) (m move, err error) {
	m.kept = x.DatabaseVolume
	_, m.fromMajor, _ = datavolume.Of(x.Stack, m.kept)
	for _, c := range x.Has.Of(x.Stack) {
		if c.Workload == database.Host && c.Role == tokens.RoleService {
			m.from = c
		}
	}
	if m.kept == "" || m.from.State != "running" {
		return m, errors.New("the database does not run, and only a server of its own version can read its data: deploy the stack with the image that it had")
	}
	chosen := x.Config.Images
	pinned := images.Resolve(config.Images{Registry: chosen.Registry}, images.Postgres)
	switch configured := images.Resolve(chosen, images.Postgres); {
	case to != "":
		m.image, m.edit, m.override = to, true, to
	case config.PostgresMajor(configured) > m.fromMajor:
		m.image = configured
	default:
		m.image, m.edit = pinned, chosen.Override[string(images.Postgres)] != ""
	}
	if wrong := config.InexactImage(string(images.Postgres), m.image); wrong != "" {
		return m, fmt.Errorf("%q: want %s", m.image, wrong)
	}
	switch major := config.PostgresMajor(m.image); {
	case major <= m.fromMajor:
		return m, fmt.Errorf("PostgreSQL %d runs, and %s is not newer", m.fromMajor, m.image)
	case !slices.Contains(config.PostgresMajors, major):
		return m, fmt.Errorf("%s is of none of the versions %v, which this program knows", m.image, config.PostgresMajors)
	}
	m.generation = nextVolume(x.Stack, x)
	return m, nil
}

// images is the configuration of images once the move is made.
func (m move) images(from config.Images) config.Images {
	if !m.edit {
		return from
	}
	changed := config.Images{Registry: from.Registry, Override: map[string]string{}}
	for name, image := range from.Override {
		if name != string(images.Postgres) {
			changed.Override[name] = image
		}
	}
	if m.override != "" {
		changed.Override[string(images.Postgres)] = m.override
	}
	return changed
}

// upgrading runs a step of the upgrade in an image, with the new volume (none for a check) and the socket of the server that runs. It returns what was said.
func (x *examination) upgrading(ctx context.Context, step, image, volume string) (string, error) {
	major := config.PostgresMajor(image)
	once := live.Once{
		Image:      image,
		User:       database.User,
		Entrypoint: []string{database.Upgrade, step},
		Env:        database.UpgradeEnvironment(major),
		Files:      database.UpgradeFiles(),
		Mounts:     []live.Volume{{Name: workload.Prefix(x.Stack) + "-" + database.SocketVolume, Path: postgresconf.SocketDir, ReadOnly: true}},
		Network:    "none",
		MemoryMiB:  1024,
	}
	if volume != "" {
		once.Mounts = append(once.Mounts, live.Volume{Name: volume, Path: datavolume.Mount(major)})
	}
	return x.runWell(ctx, once)
}

func (s *session) agreeToUpgrade(x *examination, m move) error {
	fmt.Printf("Brings the database of stack %s on Docker at %s from PostgreSQL %d to %d:\n  from    volume %s, which is kept\n  into    volume %s\n  image   %s\nClients wait meanwhile.\n",
		s.options.stack, x.EngineAt, m.fromMajor, config.PostgresMajor(m.image), m.kept, x.dataVolume(m.generation), m.image)
	if s.yes {
		return nil
	}
	return typed(s.options.stack, "Nobody can work with Prefect until it has ended.")
}

// bring fills the new volume while nothing is written to the old one. When anything fails, it takes away what it made.
func (s *session) bring(ctx context.Context, x *examination, m move) (err error) {
	volume := x.dataVolume(m.generation)
	if err := x.engine.CreateVolume(ctx, volume); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, x.engine.RemoveVolumes(context.WithoutCancel(ctx), []string{volume}))
		}
	}()
	began := time.Now()
	if _, err := x.upgrading(ctx, "dump", m.from.Image, volume); err != nil {
		return err
	}
	said, err := x.upgrading(ctx, "fill", m.image, volume)
	if err != nil {
		return err
	}
	fmt.Printf("%sbrought over and compared in %s\n", said, time.Since(began).Round(time.Second))
	return nil
}

// turn deploys the stack with the new volume and tells the way back.
func (s *session) turn(ctx context.Context, x *examination, m move, h *held) error {
	file, err := os.ReadFile(s.stackFile())
	if err != nil {
		return errors.Join(err, h.resume(ctx))
	}
	back := fmt.Sprintf("the way back, to the database as it was before:\n  pulumi config set --stack %s --path %s %s\n  pulumi config set --stack %s --path %s:database.volume %d\n  %s\n",
		s.options.stack, imageOfPostgres, m.from.Image, s.options.stack, config.Namespace, x.Config.Database.Volume, s.command("up"))
	if err := s.adopt(ctx, x, m); err != nil {
		u := unmade{file, x.dataVolume(m.generation), fmt.Sprintf("Run %s again, or take %s", s.command("up"), back)}
		return s.afterFailure(context.WithoutCancel(ctx), x, h, u, err)
	}
	fmt.Printf("\nThe database from before is in volume %s. Once nobody needs it: docker volume rm %s\nUntil then, %s", m.kept, m.kept, back)
	return nil
}

const imageOfPostgres = config.Namespace + ":images.override.postgres"

// adopt has the configuration name image and volume, and deploys it.
func (s *session) adopt(ctx context.Context, x *examination, m move) error {
	switch {
	case m.edit && m.override != "":
		if err := s.set(ctx, "images.override.postgres", m.override); err != nil {
			return err
		}
	case m.edit:
		if err := s.stack.RemoveConfigWithOptions(ctx, imageOfPostgres, &auto.ConfigOptions{Path: true}); err != nil {
			return explain(err)
		}
		fmt.Printf("removed %s: keep this change of Pulumi.%s.yaml\n", imageOfPostgres, s.options.stack)
	}
	return s.use(ctx, x, m.generation)
}
