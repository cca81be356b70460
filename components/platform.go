// Package components puts the parts of a stack together.
package components

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/components/cache"
	"prefect-platform/components/database"
	"prefect-platform/components/prefect"
	"prefect-platform/components/proxy"
	"prefect-platform/config"
	"prefect-platform/internal/credential"
	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// Platform is a whole stack.
type Platform struct {
	// URL is where people and clients reach it.
	URL string
	// CACertificate is the PEM certificate that clients must trust; empty when the certificate is a provided one.
	CACertificate pulumi.StringOutput
}

// network is one Docker network of the stack.
type network struct {
	name   pulumi.StringInput
	subnet netip.Prefix
}

// NewPlatform adds everything that a stack consists of.
func NewPlatform(ctx *pulumi.Context, c config.Config) (*Platform, error) {
	engine, err := workload.NewEngine(ctx, c.Engine, c.TimeZone)
	if err != nil {
		return nil, err
	}
	networks, err := newNetworks(ctx, engine, c.Network)
	if err != nil {
		return nil, err
	}
	secrets, err := newCredentials(ctx, c)
	if err != nil {
		return nil, err
	}

	db, err := database.New(ctx, "database", database.Args{
		Engine:     engine,
		Image:      images.Resolve(c.Images, images.Postgres),
		Size:       c.Database,
		Network:    networks[tokens.NetworkDB].name,
		Subnet:     networks[tokens.NetworkDB].subnet,
		Credential: secrets.database,
	})
	if err != nil {
		return nil, err
	}
	redis, err := cache.New(ctx, "cache", cache.Args{
		Engine:     engine,
		Image:      images.Resolve(c.Images, images.Redis),
		Size:       c.Redis,
		Network:    networks[tokens.NetworkApp].name,
		Credential: secrets.redis,
	})
	if err != nil {
		return nil, err
	}

	_, err = prefect.New(ctx, "prefect", prefect.Args{
		Engine:    engine,
		Image:     images.Resolve(c.Images, images.Prefect),
		PublicURL: c.PublicURL(),
		API:       c.API,
		Services:  c.Services,
		Workers:   c.Workers,
		Retention: c.Database,
		Egress:    c.Egress,
		Networks:  prefect.Networks{App: networks[tokens.NetworkApp].name, DB: networks[tokens.NetworkDB].name, Egress: networks[tokens.NetworkEgress].name},
		AppSubnet: networks[tokens.NetworkApp].subnet,
		Secrets: prefect.Secrets{
			DatabaseURL:   db.URL,
			AuthString:    pulumi.Sprintf("%s:%s", c.Access.User, secrets.api.Active().Secret),
			DocketURL:     redis.DocketURL,
			RedisPassword: redis.Password,
			Workers:       c.Secrets.WorkerSecrets,
		},
		After: both(db.Ready, redis.Ready),
	})
	if err != nil {
		return nil, err
	}

	edge, err := proxy.New(ctx, "proxy", proxy.Args{
		Engine:     engine,
		Image:      images.Resolve(c.Images, images.Nginx),
		Host:       c.Host,
		Edge:       c.Edge,
		TLS:        c.TLS,
		TLSKey:     c.Secrets.TLSKey,
		User:       c.Access.User,
		Credential: secrets.api,
		Upstream:   fmt.Sprintf("%s:%d", prefect.Host, prefect.Port),
		Networks:   proxy.Networks{Edge: networks[tokens.NetworkEdge].name, App: networks[tokens.NetworkApp].name},
	})
	if err != nil {
		return nil, err
	}
	return &Platform{URL: c.PublicURL(), CACertificate: edge.CACertificate}, nil
}

// newNetworks plans who can reach whom: only the edge can be published, and only "egress" has a way out besides.
func newNetworks(ctx *pulumi.Context, engine *workload.Engine, plan config.Network) (map[string]network, error) {
	networks := map[string]network{}
	for _, n := range []struct {
		name     string
		internal bool
	}{{tokens.NetworkEdge, false}, {tokens.NetworkApp, true}, {tokens.NetworkDB, true}, {tokens.NetworkEgress, false}} {
		subnet, err := plan.Subnet(n.name)
		if err != nil {
			return nil, err
		}
		name, err := engine.NewNetwork(ctx, n.name, subnet, n.internal)
		if err != nil {
			return nil, err
		}
		networks[n.name] = network{name: name, subnet: subnet}
	}
	return networks, nil
}

type credentials struct {
	database, api, redis *credential.Credential
}

func newCredentials(ctx *pulumi.Context, c config.Config) (*credentials, error) {
	all := &credentials{}
	for _, each := range []struct {
		name                 string
		slots                config.Slots
		suppliedA, suppliedB string
		to                   **credential.Credential
	}{
		{"database", c.Rotation.Database, c.Secrets.DatabasePasswordA, c.Secrets.DatabasePasswordB, &all.database},
		{"api", c.Rotation.API, c.Secrets.APIPasswordA, c.Secrets.APIPasswordB, &all.api},
		{"redis", c.Rotation.Redis, c.Secrets.RedisPasswordA, c.Secrets.RedisPasswordB, &all.redis},
	} {
		made, err := credential.New(ctx, each.name, each.slots, each.suppliedA, each.suppliedB)
		if err != nil {
			return nil, err
		}
		*each.to = made
	}
	return all, nil
}

// both joins what a job promises with what already runs.
func both(done pulumi.ResourceArrayOutput, ready []pulumi.Resource) pulumi.ResourceArrayOutput {
	return done.ApplyT(func(resources []pulumi.Resource) []pulumi.Resource {
		return append(resources, ready...)
	}).(pulumi.ResourceArrayOutput)
}
