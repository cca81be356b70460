// Package prefect runs Prefect itself: migration, API and UI, background services and workers.
package prefect

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// Host and Port are where the API is found on the application network.
const (
	Host = tokens.HostAPI
	Port = tokens.PortAPI
)

const user = "1001:0" // the image names none; group 0, as its folders belong to root

// Args describe a Prefect installation; all fields but Canary and Egress are required.
type Args struct {
	Engine    *workload.Engine
	Image     string
	PublicURL string // https://host[:port], where the edge is reached
	API       config.API
	Services  config.Services
	Workers   []config.Worker
	Canary    time.Duration // how often the canary runs, in the pool of the first workers; 0 for none
	Retention config.Database
	Egress    config.Egress

	Slot       string // of the API's credential that AuthString is of
	Generation int    // of that slot
	Networks   Networks
	AppSubnet  netip.Prefix // from which the edge's X-Forwarded-* headers are believed

	Secrets Secrets
	// After is what must be ready before the migration runs.
	After pulumi.ResourceArrayOutput
}

// Networks are the Docker networks that the parts of Prefect join.
type Networks struct {
	App    pulumi.StringInput // everyone
	DB     pulumi.StringInput // API, services, migration
	Egress pulumi.StringInput // services and workers
	Mon    pulumi.StringInput // API, where it is asked for metrics; nil without monitoring
}

// Secrets reach the containers in files.
type Secrets struct {
	DatabaseURL   pulumi.StringInput
	AuthString    pulumi.StringInput // "user:password" of the API
	DocketURL     pulumi.StringInput
	RedisPassword pulumi.StringInput
	Workers       map[string]string // by name of the environment variable
}

// Prefect is a running installation.
type Prefect struct {
	pulumi.ResourceState

	// API holds the API containers, which answer /api/ready.
	API []pulumi.Resource
}

// New adds Prefect to the stack. It fails before any resource is registered when args are incomplete.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Prefect, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("prefect %s: %w", name, err)
	}
	prefect := &Prefect{}
	recorded := args.recorded()
	if err := ctx.RegisterComponentResourceV2(tokens.Prefect, name, recorded, prefect, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(prefect)

	migration, err := workload.Job(ctx, args.Engine, name+"-migrate", args.migration(), parent, pulumi.DependsOnInputs(args.After))
	if err != nil {
		return nil, err
	}
	migrated := pulumi.DependsOnInputs(migration.Done)
	api, err := workload.Run(ctx, args.Engine, name+"-api", args.api(), parent, migrated)
	if err != nil {
		return nil, err
	}
	if _, err := workload.Run(ctx, args.Engine, name+"-services", args.services(), parent, migrated); err != nil {
		return nil, err
	}

	bootstrap, err := workload.Job(ctx, args.Engine, name+"-bootstrap", args.bootstrap(), parent, pulumi.DependsOn(api.Ready))
	if err != nil {
		return nil, err
	}
	logs, err := args.Engine.NewOpenVolume(ctx, "flow-logs", args.Image, parent)
	if err != nil {
		return nil, err
	}
	for _, group := range args.Workers {
		results, err := args.Engine.NewOpenVolume(ctx, "results-"+group.Slug(), args.Image, parent)
		if err != nil {
			return nil, err
		}
		_, err = workload.Run(ctx, args.Engine, name+"-worker-"+group.Slug(), args.worker(group, results, logs), parent,
			pulumi.DependsOnInputs(bootstrap.Done), pulumi.DependsOn([]pulumi.Resource{results.Ready, logs.Ready}))
		if err != nil {
			return nil, err
		}
	}

	prefect.API = api.Ready
	return prefect, ctx.RegisterResourceOutputs(prefect, recorded) // policies over the whole stack see outputs only
}

func (a Args) validate() error {
	switch {
	case a.Engine == nil || a.Image == "" || a.PublicURL == "":
		return fmt.Errorf("engine, image and public URL are required")
	case a.Networks.App == nil || a.Networks.DB == nil || a.Networks.Egress == nil || !a.AppSubnet.IsValid():
		return fmt.Errorf("networks app, db and egress and the subnet of app are required")
	case a.Secrets.DatabaseURL == nil || a.Secrets.AuthString == nil || a.Secrets.DocketURL == nil || a.Secrets.RedisPassword == nil:
		return fmt.Errorf("all secrets are required: a server without one of them would be open or would not start")
	case a.Slot == "" || a.Generation < 1:
		return fmt.Errorf("slot and generation of the API's credential are required")
	case a.API.Replicas < 1 || a.Services.Replicas < 1:
		return fmt.Errorf("%d API and %d services replicas, needs 1 or more of each", a.API.Replicas, a.Services.Replicas)
	case a.Canary > 0 && len(a.Workers) == 0:
		return fmt.Errorf("a canary needs workers")
	}
	return nil
}

// recorded is what a policy can see of the component, also in a preview.
func (a Args) recorded() pulumi.Map {
	pools := pulumi.StringArray{}
	for _, w := range a.Workers {
		pools = append(pools, pulumi.String(w.Pool))
	}
	return pulumi.Map{
		tokens.InputImage:            pulumi.String(a.Image),
		tokens.InputPublicURL:        pulumi.String(a.PublicURL),
		tokens.InputAuthenticated:    pulumi.Bool(true),
		tokens.InputAPIReplicas:      pulumi.Int(a.API.Replicas),
		tokens.InputServicesReplicas: pulumi.Int(a.Services.Replicas),
		tokens.InputPools:            pools,
		tokens.InputRetentionDays:    pulumi.Int(a.Retention.RunRetentionDays),
	}
}
