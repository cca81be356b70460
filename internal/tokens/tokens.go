// Package tokens names what the program and its policy pack must spell alike: a typing mistake here is a compile error in both, where a literal of its own in
// the pack would be a policy that inspects nothing and reports success.
package tokens

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Types of Pulumi's own resources.
const (
	Stack          = "pulumi:pulumi:Stack"
	DockerProvider = "pulumi:providers:docker"
	RandomProvider = "pulumi:providers:random"
	TLSProvider    = "pulumi:providers:tls"
)

// Types of the docker provider, in the long form that policies see; the command line shortens them.
const (
	Container = "docker:index/container:Container"
	Network   = "docker:index/network:Network"
	Volume    = "docker:index/volume:Volume"
	Image     = "docker:index/remoteImage:RemoteImage"
)

// Types of the random and tls providers.
const (
	Password          = "random:index/randomPassword:RandomPassword"
	PrivateKey        = "tls:index/privateKey:PrivateKey"
	CertRequest       = "tls:index/certRequest:CertRequest"
	SelfSignedCert    = "tls:index/selfSignedCert:SelfSignedCert"
	LocallySignedCert = "tls:index/locallySignedCert:LocallySignedCert"
)

// Types of the platform's components.
const (
	Database   = "prefect-platform:database:Database"
	Cache      = "prefect-platform:cache:Cache"
	Prefect    = "prefect-platform:prefect:Prefect"
	Proxy      = "prefect-platform:proxy:Proxy"
	Backup     = "prefect-platform:backup:Backup"
	Monitoring = "prefect-platform:monitoring:Monitoring"
)

// Inputs that components record, so that a policy can judge in a preview what the containers will only know in an `up`.
const (
	InputImage      = "image"
	InputMemoryMiB  = "memoryMiB"
	InputActiveSlot = "activeSlot"

	InputMajor          = "major"
	InputMaxConnections = "maxConnections"
	InputHBA            = "hba" // the whole text

	InputPublicURL        = "publicUrl"
	InputAuthenticated    = "authenticated"
	InputAPIReplicas      = "apiReplicas"
	InputServicesReplicas = "servicesReplicas"
	InputPools            = "pools"
	InputRetentionDays    = "retentionDays"

	InputHost      = "host"
	InputTLSMode   = "tlsMode"
	InputDirectory = "acmeDirectory" // URL of the authority that is asked for certificates; empty: none is
	InputAllow     = "allow"         // networks
	InputNginxConf = "nginxConf"     // the whole text

	InputRepository = "repository" // where backups are kept, as a URL
	InputDrill      = "drill"      // how often a backup is restored, as a cron expression

	InputReceivers = "receivers" // who is told of an alert, by name
	InputWatchdog  = "watchdog"  // where a sign of life is sent, whose absence tells of a monitoring that is down
	InputScraped   = "scraped"   // workloads, by role
	InputExempt    = "exempt"    // workloads that are left out on purpose, by role
)

// PortAPI is the port of Prefect's API inside the stack.
const PortAPI = 4200

// APIHost names, on the application network, the containers of the API that hold one generation of its credential. While that changes, both generations run: who
// holds the old value finds the old ones by their name until it has ended, and never the new ones, which would refuse it.
func APIHost(slot string, generation int) string {
	return fmt.Sprintf("%s-%s%d", HostAPI, slot, generation)
}

// APIMetricsHost is the same on the monitoring network.
func APIMetricsHost(slot string, generation int) string {
	return fmt.Sprintf("%s-metrics-%s%d", HostAPI, slot, generation)
}

var apiHost = regexp.MustCompile(`^` + HostAPI + `(-metrics)?(-[ab][0-9]{1,7})?$`)

// NamesAPI reports whether a name is one of the API's, on any network.
func NamesAPI(name string) bool { return apiHost.MatchString(name) }

// LeadsToAPI reports whether host:port is where the edge finds Prefect's API: the only place that it leads to, besides Grafana.
func LeadsToAPI(endpoint string) bool {
	host, port, _ := strings.Cut(endpoint, ":")
	return NamesAPI(host) && port == strconv.Itoa(PortAPI)
}

// Authority is what the program calls one generation of the stack's own authority. The first has the name from before there were others.
func Authority(slot string, generation int) string {
	if slot == "a" && generation == 1 {
		return "proxy-ca"
	}
	return fmt.Sprintf("proxy-ca-%s%d", slot, generation)
}

// CrossSigned is what the program calls the certificate by which an authority vouches for the one that follows it.
const CrossSigned = "proxy-ca-cross"

// GrafanaEndpoint is where the edge finds Grafana, on the monitoring network.
const GrafanaEndpoint = "grafana:3000"

// ChallengeEndpoint is where the edge finds what answers an authority that asks for a certificate.
const ChallengeEndpoint = HostACME + ":8402"

// HeaderGrafanaUser tells Grafana who has logged in at the edge, and Grafana believes it.
const HeaderGrafanaUser = "X-WEBAUTH-USER"

// Labels of everything that a stack has on its engine.
const (
	LabelStack    = "prefect-platform.stack"
	LabelWorkload = "prefect-platform.workload"
	LabelRole     = "prefect-platform.role"
	// LabelLab marks images that the lab built because the official ones could not be pulled.
	LabelLab = "prefect-platform.lab"
)

// Values of LabelRole.
const (
	RoleService = "service" // runs
	RoleJob     = "job"     // ran once
	RoleFiles   = "files"   // never starts, fills a volume
)

// Prefix begins the name of everything that a stack has on its engine.
func Prefix(stack string) string { return "prefect-" + stack }

// FilesDir is where a workload finds its files, read-only.
const FilesDir = "/etc/platform"

// LokiProgram is in the image of Loki, which has no other.
const LokiProgram = "/usr/bin/loki"

// SendingLogDriver is Docker's log driver that tells a collector of each line, over UDP: where nobody listens, the line is gone, and the container notices nothing.
const SendingLogDriver = "syslog"

// LogPort is where the collector of logs gets the lines of containers, UDP.
const LogPort = 5514

// HealthFile, in FilesDir, watches a container from inside and ends its processes when they do not answer.
const HealthFile = "health"

// Names of the stack's Docker networks, after its prefix.
const (
	NetworkEdge   = "edge"   // from which the edge's ports are published
	NetworkApp    = "app"    // who talks to the API
	NetworkDB     = "db"     // who talks to the database
	NetworkMon    = "mon"    // who is asked for metrics
	NetworkEgress = "egress" // the way out
	NetworkLogs   = "logs"   // on which the engine itself reaches the collector of logs
)

// The workloads of the backup.
const (
	BackupReceiver = "backup-wal"
	BackupCopier   = "backup-base"
	BackupStore    = "backup-store"
	BackupDrill    = "backup-drill"
	BackupBoot     = "backup-boot"
)

// Names under which containers find each other on the stack's networks.
const (
	HostDatabase = "postgres"
	HostCache    = "redis"
	HostAPI      = "prefect-api"
	HostEdge     = "nginx"
	HostACME     = "acme"

	HostPrometheus       = "prometheus"
	HostAlertmanager     = "alertmanager"
	HostGrafana          = "grafana"
	HostEdgeExporter     = "edge-exporter"
	HostPostgresExporter = "postgres-exporter"
	HostSQLExporter      = "sql-exporter"
	HostNodeExporter     = "node-exporter"
	HostBlackboxExporter = "blackbox-exporter"
	HostLoki             = "loki"
	HostLogCollector     = "log-collector"
)
