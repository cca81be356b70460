// Package monitoring watches a stack and tells people what is wrong with it: Prometheus, Alertmanager and the exporters that they ask. What is watched, and what
// is worth an alert, is in internal/catalogue.
package monitoring

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/components/database"
	"prefect-platform/config"
	"prefect-platform/internal/alertconf"
	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/grafanaconf"
	"prefect-platform/internal/postgresconf"
	"prefect-platform/internal/promconf"
	"prefect-platform/internal/sqlexporter"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// Args describe a monitoring; all fields but Reports, Certificates, CACertificate, Receivers and WatchdogURL are required.
type Args struct {
	Engine    *workload.Engine
	Images    Images
	Options   config.Monitoring
	Settings  catalogue.Settings
	Workers   []config.Worker // which Prefect's tables tell of
	Networks  Networks
	PublicURL string         // https://host[:port], where the edge is reached
	Exporter  netip.AddrPort // where the edge's log arrives: fixed, in the network mon
	Logs      netip.AddrPort // where the logs of containers arrive, fixed as well; unused without Options.Logs

	Reports       *workload.Volume // of the backup; nil without one
	Certificates  *workload.Volume // reports of what asks an authority for certificates; nil without
	Database      *database.Database
	Migrated      []pulumi.Resource  // ready when Prefect's tables are there
	CACertificate pulumi.StringInput // of the authority that signed the edge's certificate, when clients do not trust it anyway

	Secrets Secrets
}

// Images are the references of the images.
type Images struct {
	Prometheus, Alertmanager, PostgresExporter, NodeExporter, BlackboxExporter string
	Grafana, Loki                                                              string
	Prefect                                                                    string // in which our own exporters run
}

// Networks are the Docker networks that monitoring joins.
type Networks struct {
	Mon    pulumi.StringInput // everyone
	Subnet netip.Prefix       // of Mon, from which the edge comes to Grafana
	DB     pulumi.StringInput // the two exporters that ask the database
	Egress pulumi.StringInput // Alertmanager
	Logs   pulumi.StringInput // the collector of logs, where there is one
}

// Secrets reach the containers in files.
type Secrets struct {
	API              pulumi.StringInput // password of Prefect's credential
	PostgresExporter pulumi.StringInput
	SQLExporter      pulumi.StringInput
	Receivers        map[string]string // by name
	WatchdogURL      string
}

// Monitoring is a running monitoring.
type Monitoring struct {
	pulumi.ResourceState
}

// New adds monitoring to the stack. It fails before any resource is registered when args are incomplete, or when a rule, a target or a route could not work.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Monitoring, error) {
	specs, err := args.specs()
	if err != nil {
		return nil, fmt.Errorf("monitoring %s: %w", name, err)
	}
	monitoring := &Monitoring{}
	recorded := args.recorded()
	if err := ctx.RegisterComponentResourceV2(tokens.Monitoring, name, recorded, monitoring, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(monitoring)

	grants, err := args.Database.Run(ctx, name+"-grants", "grants", sqlexporter.Grants(postgresconf.RolePrefectFigures), parent, pulumi.DependsOn(args.Migrated), pulumi.DependsOnInputs(args.Database.Ready))
	if err != nil {
		return nil, err
	}
	metrics, err := args.Engine.NewVolume(ctx, catalogue.Prometheus.Host+"-3", parent)
	if err != nil {
		return nil, err
	}
	silences, err := args.Engine.NewVolume(ctx, catalogue.Alertmanager.Host, parent)
	if err != nil {
		return nil, err
	}
	specs.prometheus.Mounts = []workload.Mount{{Volume: metrics.Name, Path: prometheusData}}
	specs.alertmanager.Mounts = []workload.Mount{{Volume: silences.Name, Path: alertmanagerData}}

	var stored pulumi.ResourceOption
	if specs.loki != nil {
		lines, err := args.Engine.NewVolume(ctx, catalogue.Loki.Host, parent)
		if err != nil {
			return nil, err
		}
		specs.loki.Mounts = []workload.Mount{{Volume: lines.Name, Path: lokiData}}
		stored = pulumi.DependsOn([]pulumi.Resource{lines.Ready})
	}

	var reports []pulumi.Resource
	for _, each := range []*workload.Volume{args.Reports, args.Certificates} {
		if each != nil {
			reports = append(reports, each.Ready)
		}
	}

	type part struct {
		spec  workload.Spec
		after pulumi.ResourceOption
	}
	parts := []part{
		{specs.alertmanager, pulumi.DependsOn([]pulumi.Resource{silences.Ready})},
		{specs.prometheus, pulumi.DependsOn([]pulumi.Resource{metrics.Ready})},
		{specs.postgresExporter, pulumi.DependsOnInputs(args.Database.Ready)},
		{specs.sqlExporter, pulumi.DependsOnInputs(grants.Done)},
		{specs.nodeExporter, pulumi.DependsOn(reports)},
		{specs.blackboxExporter, nil},
		{specs.edgeExporter, nil},
	}
	if specs.grafana != nil {
		parts = append(parts, part{*specs.grafana, nil})
	}
	if specs.loki != nil {
		parts = append(parts, part{*specs.loki, stored}, part{*specs.logCollector, nil})
	}
	for _, each := range parts {
		options := []pulumi.ResourceOption{parent}
		if each.after != nil {
			options = append(options, each.after)
		}
		if _, err := workload.Run(ctx, args.Engine, name+"-"+each.spec.Role, each.spec, options...); err != nil {
			return nil, err
		}
	}
	return monitoring, ctx.RegisterResourceOutputs(monitoring, recorded) // policies over the whole stack see outputs only
}

// specs are what runs, with everything checked that can be.
type specs struct {
	prometheus, alertmanager, postgresExporter, sqlExporter, nodeExporter, blackboxExporter, edgeExporter workload.Spec
	grafana                                                                                               *workload.Spec // nil without dashboards
	loki, logCollector                                                                                    *workload.Spec // nil where logs are not collected
}

func (a Args) specs() (*specs, error) {
	if err := a.validate(); err != nil {
		return nil, err
	}
	watched := catalogue.New(a.Settings)
	if err := watched.Check(); err != nil {
		return nil, err
	}
	rules, errRules := promconf.Files(watched, promconf.Retention{Days: a.Options.RetentionDays, MiB: a.Options.RetentionMiB})
	modules, errModules := promconf.Modules(watched)
	routes, errRoutes := alertconf.Render(alertconf.Options{Settings: a.Settings, Receivers: a.receivers(), WatchdogFile: a.watchdogFile()})
	queries, errQueries := sqlexporter.Queries(a.Settings)
	pages, errPages := grafanaconf.Files(watched, workload.FilesDir)
	if err := errors.Join(errRules, errModules, errRoutes, errQueries, errPages); err != nil {
		return nil, err
	}
	all := &specs{
		prometheus:       a.prometheus(rules),
		alertmanager:     a.alertmanager(routes),
		postgresExporter: a.postgresExporter(),
		sqlExporter:      a.sqlExporter(queries),
		nodeExporter:     a.nodeExporter(),
		blackboxExporter: a.blackboxExporter(modules),
		edgeExporter:     a.edgeExporter(),
	}
	if a.Options.Grafana.Enabled {
		spec := a.grafana(pages)
		all.grafana = &spec
	}
	if a.Options.Logs.Enabled {
		settings, err := lokiSettings(a.Options.Logs)
		if err != nil {
			return nil, err
		}
		loki, collector := a.loki(settings), a.logCollector()
		all.loki, all.logCollector = &loki, &collector
	}
	return all, nil
}

func (a Args) validate() error {
	i, n, s := a.Images, a.Networks, a.Secrets
	switch {
	case a.Engine == nil || a.Database == nil || len(a.Migrated) == 0:
		return errors.New("engine, database and what has migrated it are required")
	case i.Prometheus == "" || i.Alertmanager == "" || i.PostgresExporter == "" || i.NodeExporter == "" || i.BlackboxExporter == "" || i.Prefect == "":
		return errors.New("all images are required")
	case a.Options.Grafana.Enabled && (i.Grafana == "" || a.PublicURL == ""):
		return errors.New("dashboards need an image and the public URL")
	case a.Options.Logs.Enabled && (i.Loki == "" || n.Logs == nil || !a.Logs.IsValid()):
		return errors.New("collecting logs needs an image, and the network and address at which they arrive")
	case n.Mon == nil || n.DB == nil || n.Egress == nil || !n.Subnet.IsValid() || !a.Exporter.IsValid():
		return errors.New("networks mon, db and egress and the address of the edge's exporter are required")
	case s.API == nil || s.PostgresExporter == nil || s.SQLExporter == nil:
		return errors.New("the passwords of Prefect's credential and of both exporters are required")
	case a.Settings.Backup != (a.Reports != nil):
		return errors.New("alerts about backups and the volume with their reports belong together")
	case a.Settings.ACME != (a.Certificates != nil):
		return errors.New("alerts about asking for certificates and the volume with reports of it belong together")
	case a.Settings.PrivateCA != (a.CACertificate != nil):
		return errors.New("an authority of the stack's own and its certificate belong together")
	}
	return nil
}

// recorded is what a policy can see of the component, also in a preview.
func (a Args) recorded() pulumi.Map {
	receivers := pulumi.StringArray{}
	for _, r := range a.Options.Receivers {
		receivers = append(receivers, pulumi.String(r.Name))
	}
	return pulumi.Map{
		tokens.InputReceivers: receivers,
		tokens.InputWatchdog:  pulumi.String(origin(a.Secrets.WatchdogURL)),
		tokens.InputScraped:   pulumi.ToStringArray(a.scraped()),
		tokens.InputExempt:    pulumi.ToStringArray(a.exempt()),
	}
}

// origin is the part of a URL that is no secret.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
}
