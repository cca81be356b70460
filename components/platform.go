// Package components puts the parts of a stack together.
package components

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/components/backup"
	"prefect-platform/components/cache"
	"prefect-platform/components/database"
	"prefect-platform/components/monitoring"
	"prefect-platform/components/prefect"
	"prefect-platform/components/proxy"
	"prefect-platform/config"
	"prefect-platform/internal/credential"
	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/images"
	"prefect-platform/internal/recovery"
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
	engine.Database = datavolume.Name(c.Database.Volume, images.PostgresMajor(c.Images))
	if c.Monitoring.Enabled && c.Monitoring.Logs.Enabled {
		collector, err := c.Network.LogCollector()
		if err != nil {
			return nil, err
		}
		engine.Logs = netip.AddrPortFrom(collector, tokens.LogPort)
	}
	networks, err := newNetworks(ctx, engine, c)
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
		Readers:    secrets.readers(),
		Backup:     secrets.backupRole,
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

	server, err := prefect.New(ctx, "prefect", prefect.Args{
		Engine:     engine,
		Image:      images.Resolve(c.Images, images.Prefect),
		PublicURL:  c.PublicURL(),
		API:        c.API,
		Services:   c.Services,
		Workers:    c.Workers,
		Canary:     monitoring.Canary(c),
		Slot:       c.Rotation.API.Active,
		Generation: c.Rotation.API.Generation(),
		Retention:  c.Database,
		Egress:     c.Egress,
		Networks:   prefect.Networks{App: networks[tokens.NetworkApp].name, DB: networks[tokens.NetworkDB].name, Egress: networks[tokens.NetworkEgress].name, Mon: networks[tokens.NetworkMon].name},
		AppSubnet:  networks[tokens.NetworkApp].subnet,
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

	exporter, err := c.Network.EdgeExporter()
	if err != nil {
		return nil, err
	}
	var watched *proxy.Monitoring
	if mon := networks[tokens.NetworkMon]; c.Monitoring.Enabled {
		watched = &proxy.Monitoring{Network: mon.name, Subnet: mon.subnet, Exporter: netip.AddrPortFrom(exporter, monitoring.EdgeLogPort)}
		if c.Monitoring.Grafana.Enabled {
			watched.Grafana = tokens.GrafanaEndpoint
		}
	}
	var acme *proxy.ACME
	if c.TLS.Mode == config.ACMEMode {
		acme = &proxy.ACME{Image: images.Resolve(c.Images, images.Lego), Network: networks[tokens.NetworkEgress].name, Egress: c.Egress, Secrets: c.Secrets.ACMESecrets}
	}
	edge, err := proxy.New(ctx, "proxy", proxy.Args{
		Engine:     engine,
		Image:      images.Resolve(c.Images, images.Nginx),
		Host:       c.Host,
		Edge:       c.Edge,
		TLS:        c.TLS,
		TLSKey:     c.Secrets.TLSKey,
		CA:         c.Rotation.CA,
		User:       c.Access.User,
		Credential: secrets.api,
		Upstream:   fmt.Sprintf("%s:%d", tokens.APIHost(c.Rotation.API.Active, c.Rotation.API.Generation()), prefect.Port),
		After:      server.API,
		Networks:   proxy.Networks{Edge: networks[tokens.NetworkEdge].name, App: networks[tokens.NetworkApp].name},
		Monitoring: watched,
		ACME:       acme,
	})
	if err != nil {
		return nil, err
	}
	var reports *workload.Volume
	if c.Backup.Enabled {
		if reports, err = newBackup(ctx, c, engine, networks, secrets, server); err != nil {
			return nil, err
		}
	}
	if c.Monitoring.Enabled {
		if err := newMonitoring(ctx, c, engine, networks, watched.Exporter, reports, secrets, db, server, edge); err != nil {
			return nil, err
		}
	}
	return &Platform{URL: c.PublicURL(), CACertificate: edge.CACertificate}, nil
}

// newBackup returns where the backup reports.
func newBackup(ctx *pulumi.Context, c config.Config, engine *workload.Engine, networks map[string]network, secrets *credentials, server *prefect.Prefect) (*workload.Volume, error) {
	made, err := backup.New(ctx, "backup", backup.Args{
		Engine:   engine,
		Images:   backup.Images{Postgres: images.Resolve(c.Images, images.Postgres), Restic: images.Resolve(c.Images, images.Restic), Prefect: images.Resolve(c.Images, images.Prefect)},
		Options:  c.Backup,
		Egress:   c.Egress,
		Networks: backup.Networks{DB: networks[tokens.NetworkDB].name, Egress: networks[tokens.NetworkEgress].name},
		Secrets:  backup.Secrets{Key: secrets.backup, Password: secrets.backupRole.Active().Secret, Secret: c.Secrets.BackupSecret, Kept: kept(c, secrets.api)},
		After:    server.API,
	})
	if err != nil {
		return nil, err
	}
	return made.Reports, nil
}

func newMonitoring(ctx *pulumi.Context, c config.Config, engine *workload.Engine, networks map[string]network, exporter netip.AddrPort, reports *workload.Volume, secrets *credentials, db *database.Database, server *prefect.Prefect, edge *proxy.Proxy) error {
	image := func(name images.Name) string { return images.Resolve(c.Images, name) }
	args := monitoring.Args{
		Engine: engine,
		Images: monitoring.Images{
			Prometheus: image(images.Prometheus), Alertmanager: image(images.Alertmanager), Prefect: image(images.Prefect),
			PostgresExporter: image(images.PostgresExporter), Grafana: image(images.Grafana), Loki: image(images.Loki),
			NodeExporter: image(images.NodeExporter), BlackboxExporter: image(images.BlackboxExporter),
		},
		Options:   c.Monitoring,
		Settings:  monitoring.Settings(c),
		Workers:   c.Workers,
		PublicURL: c.PublicURL(),
		Networks:  monitoring.Networks{Mon: networks[tokens.NetworkMon].name, Subnet: networks[tokens.NetworkMon].subnet, DB: networks[tokens.NetworkDB].name, Egress: networks[tokens.NetworkEgress].name, Logs: networks[tokens.NetworkLogs].name},
		Exporter:  exporter,
		Logs:      engine.Logs,
		Reports:   reports, Certificates: edge.Reports,
		Database: db,
		Migrated: server.API,
		Secrets: monitoring.Secrets{
			API:              secrets.api.Active().Secret,
			PostgresExporter: secrets.postgresExporter.Active().Secret,
			SQLExporter:      secrets.sqlExporter.Active().Secret,
			Receivers:        c.Secrets.ReceiverSecrets,
			WatchdogURL:      c.Secrets.WatchdogURL,
		},
	}
	if args.Settings.PrivateCA {
		args.CACertificate = edge.CACertificate
	}
	_, err := monitoring.New(ctx, "monitoring", args)
	return err
}

// newNetworks plans who can reach whom: only the edge can be published, and only "egress" has a way out besides.
func newNetworks(ctx *pulumi.Context, engine *workload.Engine, c config.Config) (map[string]network, error) {
	networks := map[string]network{}
	type plan struct {
		name     string
		internal bool
	}
	plans := []plan{{tokens.NetworkEdge, false}, {tokens.NetworkApp, true}, {tokens.NetworkDB, true}, {tokens.NetworkEgress, false}}
	if c.Monitoring.Enabled {
		plans = append(plans, plan{tokens.NetworkMon, true})
	}
	if c.Monitoring.Enabled && c.Monitoring.Logs.Enabled {
		plans = append(plans, plan{tokens.NetworkLogs, true})
	}
	for _, n := range plans {
		subnet, err := c.Network.Subnet(n.name)
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
	database, api, redis          *credential.Credential
	postgresExporter, sqlExporter *credential.Credential // nil without monitoring
	backup                        *credential.Credential
	backupRole                    *credential.Credential // nil without backup
}

func (c *credentials) readers() *database.Readers {
	if c.postgresExporter == nil {
		return nil
	}
	return &database.Readers{Server: c.postgresExporter, Prefect: c.sqlExporter}
}

func newCredentials(ctx *pulumi.Context, c config.Config) (*credentials, error) {
	all := &credentials{}
	for _, each := range []struct {
		name                 string
		slots                config.Slots
		suppliedA, suppliedB string
		to                   **credential.Credential
		wanted               bool
	}{
		{"database", c.Rotation.Database, c.Secrets.DatabasePasswordA, c.Secrets.DatabasePasswordB, &all.database, true},
		{"api", c.Rotation.API, c.Secrets.APIPasswordA, c.Secrets.APIPasswordB, &all.api, true},
		{"redis", c.Rotation.Redis, c.Secrets.RedisPasswordA, c.Secrets.RedisPasswordB, &all.redis, true},
		{"postgres-exporter", c.Rotation.PostgresExporter, "", "", &all.postgresExporter, c.Monitoring.Enabled},
		{"sql-exporter", c.Rotation.SQLExporter, "", "", &all.sqlExporter, c.Monitoring.Enabled},
		{"backup", c.Rotation.Backup, c.Secrets.BackupPasswordA, c.Secrets.BackupPasswordB, &all.backup, true}, // what it opens outlives the component
		{"backup-role", c.Rotation.BackupRole, "", "", &all.backupRole, c.Backup.Enabled},
	} {
		if !each.wanted {
			continue
		}
		add := credential.New
		if each.name == "backup" {
			add = credential.NewKey
		}
		made, err := add(ctx, each.name, each.slots, each.suppliedA, each.suppliedB)
		if err != nil {
			return nil, err
		}
		*each.to = made
	}
	return all, nil
}

// kept is the configuration that must be there again when state and passphrase are lost: what is encrypted, and the password that remote clients have.
func kept(c config.Config, api *credential.Credential) pulumi.StringOutput {
	return api.Active().Secret.ApplyT(func(password string) (string, error) {
		return recovery.Keep(c.Encrypted, "apiPassword", api.ActiveSlot, password)
	}).(pulumi.StringOutput)
}

// both joins what two jobs promise.
func both(one, other pulumi.ResourceArrayOutput) pulumi.ResourceArrayOutput {
	return pulumi.All(one, other).ApplyT(func(done []any) []pulumi.Resource {
		return append(done[0].([]pulumi.Resource), done[1].([]pulumi.Resource)...)
	}).(pulumi.ResourceArrayOutput)
}
