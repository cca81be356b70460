// Package backup copies the database as it changes into a repository of restic, from which any moment of the last days can be restored.
//
// Five containers share the work, each with as little as it needs: one receives what the server writes, one copies the whole server from time to time, one stores
// both in the repository and is the only one with a way out, one tries out what was stored, and one starts Prefect on that. They run as a user that the images know
// by name, for ssh.
package backup

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/credential"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// Args describe a backup; all fields but Secret are required.
type Args struct {
	Engine   *workload.Engine
	Images   Images
	Options  config.Backup
	Egress   config.Egress
	Networks Networks
	Secrets  Secrets
	After    []pulumi.Resource // what must be ready: the database with Prefect's tables
}

// Images are the references of the images.
type Images struct{ Postgres, Restic, Prefect string }

// Networks are the Docker networks that the backup joins.
type Networks struct {
	DB     pulumi.StringInput // what copies
	Egress pulumi.StringInput // what stores, unless the repository is on a volume
}

// Secrets reach the containers in files.
type Secrets struct {
	Key      *credential.Credential // of the repository
	Password pulumi.StringInput     // of the database's role
	Secret   string                 // see config.Secrets.BackupSecret
	Kept     pulumi.StringOutput    // what is lost with the state and not in git: goes into each snapshot, see package recovery
}

// Backup is a running backup.
type Backup struct {
	pulumi.ResourceState

	// Reports has text files for the exporter of the host's figures.
	Reports *workload.Volume
}

// volumes are what the containers share.
type volumes struct{ stage, reports, drill, cache, repository *workload.Volume }

// New adds a backup to the stack. It fails before any resource is registered when args are incomplete.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Backup, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("backup %s: %w", name, err)
	}
	backup := &Backup{}
	recorded := pulumi.Map{
		tokens.InputRepository: pulumi.String(args.Options.Location()),
		tokens.InputDrill:      pulumi.String(args.Options.Schedule()),
		tokens.InputActiveSlot: pulumi.String(args.Secrets.Key.ActiveSlot),
	}
	if err := ctx.RegisterComponentResourceV2(tokens.Backup, name, recorded, backup, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(backup)

	v, err := args.volumes(ctx, parent)
	if err != nil {
		return nil, err
	}
	ready := pulumi.DependsOn(v.ready())
	for _, each := range []struct {
		spec  workload.Spec
		after pulumi.ResourceOption
	}{
		{args.store(v), ready},
		{args.receive(v), pulumi.Composite(ready, pulumi.DependsOn(args.After))},
		{args.copy(v), pulumi.Composite(ready, pulumi.DependsOn(args.After))},
		{args.drill(v), ready},
		{args.boot(v), ready},
	} {
		if _, err := workload.Run(ctx, args.Engine, name+"-"+each.spec.Role, each.spec, parent, each.after); err != nil {
			return nil, err
		}
	}
	backup.Reports = v.reports
	return backup, ctx.RegisterResourceOutputs(backup, recorded) // policies over the whole stack see outputs only
}

func (a Args) validate() error {
	switch {
	case a.Engine == nil || a.Images.Postgres == "" || a.Images.Restic == "" || a.Images.Prefect == "":
		return errors.New("engine and images are required")
	case a.Networks.DB == nil || a.Networks.Egress == nil || len(a.After) == 0:
		return errors.New("networks and what must be ready are required")
	case a.Secrets.Key == nil || a.Secrets.Password == nil:
		return errors.New("key and password are required")
	case a.Options.SFTP() && a.Secrets.Secret == "":
		return errors.New("a private key is required for SFTP")
	}
	return nil
}

// volumes: what was copied and not stored yet outlives the stack, as does a repository; the rest can be made again.
func (a Args) volumes(ctx *pulumi.Context, opts ...pulumi.ResourceOption) (v volumes, err error) {
	data := func(name, image string) *workload.Volume {
		made, failed := a.Engine.NewOpenVolume(ctx, name, image, opts...)
		err = errors.Join(err, failed)
		return made
	}
	scratch := func(name, image string) *workload.Volume {
		made, failed := a.Engine.NewOpenScratchVolume(ctx, name, image, opts...)
		err = errors.Join(err, failed)
		return made
	}
	v.stage = data(StageVolume, a.Images.Postgres)
	v.reports = scratch("backup-reports", a.Images.Postgres)
	v.drill = scratch("backup-drill", a.Images.Postgres)
	v.cache = scratch("backup-cache", a.Images.Restic)
	if a.Options.Repository == config.Local {
		v.repository = data(RepositoryVolume, a.Images.Restic)
	}
	return v, err
}

func (v volumes) ready() []pulumi.Resource {
	all := []pulumi.Resource{v.stage.Ready, v.reports.Ready, v.drill.Ready, v.cache.Ready}
	if v.repository != nil {
		all = append(all, v.repository.Ready)
	}
	return all
}

func number(n int) string { return strconv.Itoa(n) }
