// Package config is the typed configuration of a stack: what Pulumi.<stack>.yaml may say, with defaults, and every rule that can be checked before anything is touched.
//
// The doc comments of the fields are the reference documentation: docs/configuration.md is generated from them.
package config

//go:generate go run -C .. ./config/docgen

// Config is the configuration of one stack, namespace "prefect-platform".
type Config struct {
	// Host is the DNS name, in lower case, or the IP address under which people and remote clients reach the edge; the certificate is issued for it.
	Host string `json:"host"`
	// Production makes the checks strict, see above.
	Production bool `json:"production"`
	// TimeZone is the IANA name of the zone in which containers write logs, such as Asia/Shanghai; JSON logs have the offset from UTC in each time. Times in the database are UTC.
	TimeZone string `json:"timeZone"`

	Edge     Edge     `json:"edge"`
	TLS      TLS      `json:"tls"`
	Database Database `json:"database"`
	Redis    Redis    `json:"redis"`
	API      API      `json:"api"`
	Services Services `json:"services"`
	// Workers are the process workers; each entry serves one work pool, which is made if it is missing.
	Workers  []Worker `json:"workers"`
	Access   Access   `json:"access"`
	Rotation Rotation `json:"rotation"`
	Network  Network  `json:"network"`
	Images   Images   `json:"images"`
	Egress   Egress   `json:"egress"`
	// Monitoring watches the stack and tells people what is wrong with it.
	Monitoring Monitoring `json:"monitoring"`
	// Backup copies the database to where it can be restored from.
	Backup Backup `json:"backup"`

	// Secrets are top-level keys of their own (set with --secret), so that a value that is not encrypted can be refused by name.
	Secrets Secrets `json:"-"`
	// Engine is read from the namespace "docker", as the provider itself does.
	Engine Engine `json:"-"`
	// Encrypted holds the text of every key that is encrypted in the stack file, by full key: what is lost with the passphrase.
	Encrypted map[string]string `json:"-"`
}

// Edge is the nginx in front of everything.
type Edge struct {
	// Address is the IP address of the Docker host on which the two ports are published; 0.0.0.0 for all of them.
	Address string `json:"address"`
	// HTTPSPort is the published port of the TLS listener.
	HTTPSPort int `json:"httpsPort"`
	// HTTPPort is the published port of the listener that only redirects to https.
	HTTPPort int `json:"httpPort"`
	// PublicPort is the https port that clients use, where a load balancer or port forward stands before the edge; 0 means httpsPort.
	PublicPort int `json:"publicPort"`
	// HSTS sends Strict-Transport-Security for two years; refused for localhost.
	HSTS bool `json:"hsts"`
	// Allow lists the networks (CIDR) that may connect at all; everything else gets 403, credential or not. Empty is refused.
	Allow []string `json:"allow"`
	// TrustedProxies lists the networks (CIDR) of load balancers whose X-Forwarded-For is believed; none may be wider than /8, or /16 with IPv6.
	TrustedProxies []string `json:"trustedProxies"`
	// Exempt lists the networks (CIDR) that no rate limit applies to, such as that of remote workers.
	Exempt []string `json:"exempt"`
	// Limits are the request rates allowed per client address.
	Limits Limits `json:"limits"`
	// MaxBodyMiB is the largest request body in MiB, 5 to 1024; Prefect's log batches reach 4.
	MaxBodyMiB int `json:"maxBodyMiB"`
	// MemoryMiB is the memory limit of the nginx container in MiB, 32 or more.
	MemoryMiB int `json:"memoryMiB"`
	// CPUs is the CPU limit of the nginx container in cores, up to 64.
	CPUs float64 `json:"cpus"`
}

// Limits holds one rate for each class of request.
type Limits struct {
	// API is the rate for /api/.
	API Rate `json:"api"`
	// UI is the rate for pages and assets.
	UI Rate `json:"ui"`
	// WebSocket is the rate of new connections to the five WebSocket paths.
	WebSocket Rate `json:"webSocket"`
	// Connections is the number of simultaneous connections per client address; each HTTP/2 request counts as one.
	Connections int `json:"connections"`
}

// Rate is a leaky bucket for one client address: above it, clients get 429 with Retry-After.
type Rate struct {
	// PerSecond is the sustained number of requests per second.
	PerSecond int `json:"perSecond"`
	// Burst is the number of requests that may exceed it at once.
	Burst int `json:"burst"`
}

// TLS says where the edge's certificate comes from.
type TLS struct {
	// Mode is "selfSigned" (a CA of the stack signs it), "provided" (certificate below, key in the secret tlsKey) or "acme" (an authority is asked for it, and for the next one in time).
	Mode string `json:"mode"`
	// Certificate is the PEM chain, leaf first; only with mode "provided". It must be valid now, name the host, and have an RSA key of 2048 bits or an ECDSA key of P-256 or more.
	Certificate string `json:"certificate"`
	// ValidityDays is the lifetime of a self-signed leaf in days, 1 to 398: browsers refuse more.
	ValidityDays int `json:"validityDays"`
	// RenewalDays is how many days before its end an `up` renews a self-signed leaf; less than validityDays.
	RenewalDays int `json:"renewalDays"`
	// AlsoFor lists further DNS names or IP addresses of a self-signed certificate, or DNS names of one with mode "acme".
	AlsoFor []string `json:"alsoFor"`
	// ACME is how an authority is asked for certificates, with mode "acme".
	ACME ACME `json:"acme"`
}

// ACME is how an authority is asked for certificates. Who uses it agrees to the authority's terms. See docs/operations.md, Certificate.
type ACME struct {
	// Directory is the authority: "letsencrypt-staging" to try it out (clients trust none of its certificates, and production refuses it), "letsencrypt", or the URL of another one's directory.
	Directory string `json:"directory"`
	// Email is whom the authority tells of what concerns the account.
	Email string `json:"email"`
	// Challenge is how the names are shown to be yours: "http" (the authority asks port 80 of each name, from anywhere) or "dns" (records are made at your DNS provider; nothing need be reached).
	Challenge string `json:"challenge"`
	// Provider is the code of the DNS provider, as https://go-acme.github.io/lego/dns/ lists them; with challenge "dns".
	Provider string `json:"provider"`
	// Settings are variables of the provider that are no secrets, such as AWS_REGION. Secret ones are in the secret acmeSecrets.
	Settings map[string]string `json:"settings"`
	// Resolvers are DNS servers, as address:port, that are asked where a name belongs and whether a record has arrived; none: the engine's, and then the servers of the zone.
	Resolvers []string `json:"resolvers"`
	// Trust are PEM certificates that clients must trust, where the authority is a company's own. How it is reached itself is in egress.
	Trust string `json:"trust"`
}

// Database is the PostgreSQL container.
type Database struct {
	// MemoryMiB is the memory limit in MiB, from which PostgreSQL's own settings are derived; 256 or more, and 5 for each of maxConnections.
	MemoryMiB int `json:"memoryMiB"`
	// CPUs is the CPU limit in cores.
	CPUs float64 `json:"cpus"`
	// MaxConnections is PostgreSQL's max_connections, up to 1000; see connections above.
	MaxConnections int `json:"maxConnections"`
	// RunRetentionDays is how long finished flow runs are kept, in days.
	RunRetentionDays int `json:"runRetentionDays"`
	// EventRetentionDays is how long events are kept, in days.
	EventRetentionDays int `json:"eventRetentionDays"`
	// SlowQueryMillis is the duration from which a statement is logged, in milliseconds.
	SlowQueryMillis int `json:"slowQueryMillis"`
	// Volume is which volume has the data, 1 to 1000. A restore, an import or an upgrade of PostgreSQL fills the next and counts on, see docs/backup.md and docs/upgrades.md; the one before is kept.
	Volume int `json:"volume"`
}

// Redis is the container that the Prefect processes share for messages, ordering, leases and schedules.
type Redis struct {
	// MemoryMiB is the memory limit in MiB, 64 or more; Redis itself refuses writes above three quarters of it.
	MemoryMiB int `json:"memoryMiB"`
	// CPUs is the CPU limit in cores.
	CPUs float64 `json:"cpus"`
}

// API is the Prefect API and UI.
type API struct {
	// Replicas is the number of API containers, 1 to 50; in production 2 or more.
	Replicas int `json:"replicas"`
	// MemoryMiB is the memory limit of each in MiB, 384 or more.
	MemoryMiB int `json:"memoryMiB"`
	// CPUs is the CPU limit of each in cores.
	CPUs float64 `json:"cpus"`
	// PoolSize is the number of database connections each keeps.
	PoolSize int `json:"poolSize"`
	// PoolOverflow is the number of database connections each may open beyond that under load.
	PoolOverflow int `json:"poolOverflow"`
	// LogLevel is the level of the server's own log: DEBUG, INFO, WARNING or ERROR.
	LogLevel string `json:"logLevel"`
}

// Services is Prefect's scheduler, late-run marking, event persister and the other background services.
type Services struct {
	// Replicas is the number of services containers, 1 to 50.
	Replicas int `json:"replicas"`
	// MemoryMiB is the memory limit of each in MiB, 384 or more.
	MemoryMiB int `json:"memoryMiB"`
	// CPUs is the CPU limit of each in cores.
	CPUs float64 `json:"cpus"`
	// PoolSize is the number of database connections each keeps.
	PoolSize int `json:"poolSize"`
	// PoolOverflow is the number of database connections each may open beyond that under load.
	PoolOverflow int `json:"poolOverflow"`
}

// Worker is a group of equal process workers.
type Worker struct {
	// Pool is the name of the work pool that it serves: up to 63 letters, digits, spaces, dots, _ or -, not beginning with "prefect".
	Pool string `json:"pool"`
	// Replicas is the number of worker containers, 1 to 100.
	Replicas int `json:"replicas"`
	// Limit is the number of flow runs that one worker runs at a time, 1 to 1000.
	Limit int `json:"limit"`
	// MemoryMiB is the memory limit of each in MiB, shared by all its flow runs; 256 or more.
	MemoryMiB int `json:"memoryMiB"`
	// CPUs is the CPU limit of each in cores.
	CPUs float64 `json:"cpus"`
	// Image is the image with the team's flow dependencies, built from the pinned Prefect image, with an exact tag or a digest; empty means the pinned Prefect image.
	Image string `json:"image"`
	// Environment is added to the environment of worker and flows. Names that tell of a secret and variables of the program are refused.
	Environment map[string]string `json:"environment"`
	// SecretEnvironment names keys of the secret workerSecrets that worker and flows get as environment variables.
	SecretEnvironment []string `json:"secretEnvironment"`
	// Networks lists further Docker networks, made by someone else, that the flows need, such as that of a data warehouse.
	Networks []string `json:"networks"`
	// DrainSeconds is how long a stopping worker lets its running flows finish, in seconds, up to 86400.
	DrainSeconds int `json:"drainSeconds"`
}

// Access is who may log in.
type Access struct {
	// User is the name part of the one shared credential: up to 64 letters, digits, dots, _ or -.
	User string `json:"user"`
}

// Rotation holds the two slots of every credential. See docs/operations.md, Rotate a secret.
type Rotation struct {
	// Database is the password of the application's role.
	Database Slots `json:"database"`
	// API is the password that people and clients use.
	API Slots `json:"api"`
	// Redis is the password of the cache.
	Redis Slots `json:"redis"`
	// PostgresExporter is the password with which monitoring reads PostgreSQL's own figures.
	PostgresExporter Slots `json:"postgresExporter"`
	// SQLExporter is the password with which monitoring reads Prefect's tables.
	SQLExporter Slots `json:"sqlExporter"`
	// Backup is the key that encrypts the backups. Keep it elsewhere: without it they are worth nothing.
	Backup Slots `json:"backup"`
	// BackupRole is the password with which the backup copies the database.
	BackupRole Slots `json:"backupRole"`
	// CA is the authority that signs a self-signed certificate. While both are kept, who trusts only one of them is served as well.
	CA Slots `json:"ca"`
}

// Slots are the two values of a credential. Raising the idle slot's generation and making it active is a rotation; keep: false retires the other value.
type Slots struct {
	// A is the generation of slot a; a higher number makes a new value.
	A int `json:"a"`
	// B is the generation of slot b.
	B int `json:"b"`
	// Active is the slot that clients inside the stack use: "a" or "b". Its generation is 1 or more.
	Active string `json:"active"`
	// Keep leaves the other slot valid too.
	Keep bool `json:"keep"`
	// Since is the date of the last rotation, YYYY-MM-DD; empty when never rotated.
	Since string `json:"since"`
}

// Generation is that of the active slot.
func (s Slots) Generation() int {
	if s.Active == "b" {
		return s.B
	}
	return s.A
}

// Network is the address plan.
type Network struct {
	// Base is a private IPv4 network of /16 to /20; each Docker network of the stack gets a /24 of it. Stacks on one engine need different ones.
	Base string `json:"base"`
}

// Images says where images come from.
type Images struct {
	// Registry is a mirror's prefix, such as "mirror.example.com/hub", put before every image name.
	Registry string `json:"registry"`
	// Override replaces single images by name: postgres, redis, prefect, nginx, restic, lego, prometheus, alertmanager, grafana, loki, postgresExporter, nodeExporter, blackboxExporter. An exact tag or a digest is required.
	Override map[string]string `json:"override"`
}

// Egress is for the containers that reach out: workers, services, what stores backups elsewhere or reads them, and what asks for certificates.
type Egress struct {
	// Proxy is the URL of an HTTP proxy for outbound requests, without credentials.
	Proxy string `json:"proxy"`
	// NoProxy lists further hosts that are reached directly.
	NoProxy []string `json:"noProxy"`
	// CACertificates is a PEM bundle of further certificate authorities to trust, such as a company's own.
	CACertificates string `json:"caCertificates"`
}

// Monitoring is Prometheus, Alertmanager and what they ask. See docs/monitoring.md.
type Monitoring struct {
	// Enabled makes it a part of the stack. Turn it off where somebody else watches.
	Enabled bool `json:"enabled"`
	// RetentionDays is how long metrics are kept, in days, 1 to 3650.
	RetentionDays int `json:"retentionDays"`
	// RetentionMiB is the disk space that metrics may take, in MiB, 256 or more; the oldest go first.
	RetentionMiB int `json:"retentionMiB"`
	// MemoryMiB is the memory limit of Prometheus in MiB, 96 or more.
	MemoryMiB int `json:"memoryMiB"`
	// Canary has a small flow run every five minutes in the pool of the first workers, and tells when it no longer succeeds. Where production is true, so is this by default.
	Canary bool `json:"canary"`
	// Receivers are who is told of alerts.
	Receivers []Receiver `json:"receivers"`
	// RunbooksURL is the folder docs/runbooks where those who are told can open it, such as https://git.corp.net/data/prefect/src/branch/main/docs/runbooks; alerts link to its pages. Empty: they name the path in the repository.
	RunbooksURL string `json:"runbooksUrl"`
	// Speed divides every interval, window and waiting time of rules and notifications, 1 to 60. It is for trying alerts out; 1 in production.
	Speed int `json:"speed"`
	// Grafana shows dashboards under /grafana/ at the edge.
	Grafana Grafana `json:"grafana"`
	// Logs are those of all containers in one place, searched in Grafana.
	Logs Logs `json:"logs"`
	// Thresholds are figures about which teams differ.
	Thresholds Thresholds `json:"thresholds"`
	// Objectives are what teams promise over 30 days; what they leave over is the error budget, and alerts tell how fast it is spent.
	Objectives Objectives `json:"objectives"`
}

// Backup copies the database as it changes, encrypted, into a repository of restic. See docs/backup.md.
type Backup struct {
	// Enabled makes it a part of the stack. Where production is true, so is this by default.
	Enabled bool `json:"enabled"`
	// Repository is where backups are kept: "local" (a volume on the same engine, refused in production), s3:https://host/bucket/path, rest:https://host/path or sftp:user@host:/path. Each stack needs one of its own.
	Repository string `json:"repository"`
	// User is the access key ID of S3, or the name at a REST server.
	User string `json:"user"`
	// KnownHosts are the public keys of an SFTP server, as ssh-keyscan prints them.
	KnownHosts string `json:"knownHosts"`
	// EveryHours is how often everything is copied anew, in hours, 1 to 168; in between only changes are, all the time.
	EveryHours int `json:"everyHours"`
	// KeepDays is for how many days back the database can be restored as it was at any moment, 2 to 3650.
	KeepDays int `json:"keepDays"`
	// DrillDays is after how many days a snapshot is restored for a trial again, 1 to 31.
	DrillDays int `json:"drillDays"`
	// MemoryMiB is the memory limit of restic in MiB, 128 or more; it needs about 1 for each GiB in the repository.
	MemoryMiB int `json:"memoryMiB"`
}

// Grafana is what draws the dashboards. It keeps nothing, and has no account of its own.
type Grafana struct {
	// Enabled adds it where monitoring is enabled.
	Enabled bool `json:"enabled"`
	// MemoryMiB is the memory limit of its container in MiB, 160 or more.
	MemoryMiB int `json:"memoryMiB"`
}

// Logs are kept in Loki besides on the engine, where `docker logs` and `platform logs` find them as ever. Turning it on or off makes every container anew.
type Logs struct {
	// Enabled adds Loki and what collects for it, where monitoring is enabled.
	Enabled bool `json:"enabled"`
	// RetentionDays is how long lines are kept, in days, 1 to 3650. Loki has no limit by size: mind the disk.
	RetentionDays int `json:"retentionDays"`
	// MemoryMiB is the memory limit of Loki in MiB, 256 or more.
	MemoryMiB int `json:"memoryMiB"`
}

// Receiver is one way to tell somebody. What is secret of it is in the secret receiverSecrets, by its name.
type Receiver struct {
	// Name tells it from others: up to 63 letters, digits, _ or -.
	Name string `json:"name"`
	// Kind is "email", "slack", "pagerduty" or "webhook". Its secret is the SMTP password (where there is a user), the URL of the incoming webhook, the integration key, the URL.
	Kind string `json:"kind"`
	// CriticalOnly leaves warnings out.
	CriticalOnly bool `json:"criticalOnly"`
	// To is the address that mail goes to.
	To string `json:"to"`
	// From is the address that mail comes from.
	From string `json:"from"`
	// Server is the mail server as host:port.
	Server string `json:"server"`
	// User is the name for logging in at the mail server; empty for none.
	User string `json:"user"`
	// Plain allows a mail server without TLS; refused in production.
	Plain bool `json:"plain"`
}

// Thresholds say from when on something is worth an alert.
type Thresholds struct {
	// LateRuns is how many flow runs of a queue may be late before it is a warning.
	LateRuns int `json:"lateRuns"`
	// LateRunsCritical is how many wake somebody.
	LateRunsCritical int `json:"lateRunsCritical"`
	// LongestRunMinutes is after how many minutes a running flow is taken for stuck.
	LongestRunMinutes int `json:"longestRunMinutes"`
	// TransactionMinutes is how long a transaction of the database may be open, in minutes.
	TransactionMinutes int `json:"transactionMinutes"`
	// CertificateDays is how many days before the end of the certificate it is a warning.
	CertificateDays int `json:"certificateDays"`
	// CertificateCriticalDays is how many days before it wakes somebody.
	CertificateCriticalDays int `json:"certificateCriticalDays"`
	// DiskFreePercent is how much of a file system must be free, else it is a warning.
	DiskFreePercent int `json:"diskFreePercent"`
	// DiskFreeCriticalPercent is how little free space wakes somebody.
	DiskFreeCriticalPercent int `json:"diskFreeCriticalPercent"`
	// ConnectionsPercent is how many of the database's connections may be in use.
	ConnectionsPercent int `json:"connectionsPercent"`
	// ErrorPercent is how many of the edge's answers may be server errors.
	ErrorPercent int `json:"errorPercent"`
}

// Objectives are service levels in percent, 94 to 99.999: where more than 1 in 14.4 may go wrong, the budget cannot burn fast enough for a page (SRE workbook, chapter 5).
type Objectives struct {
	// AvailabilityPercent is how many requests to the edge end in no error of the server, in percent, 94 to 99.999.
	AvailabilityPercent float64 `json:"availabilityPercent"`
	// SchedulingPercent is how many flow runs start within a minute of their time, in percent, 94 to 99.999.
	SchedulingPercent float64 `json:"schedulingPercent"`
	// LatencyPercent is how many requests to the API are answered within a second, in percent, 94 to 99.999.
	LatencyPercent float64 `json:"latencyPercent"`
}

// Secrets are supplied by the user, all of them optional: what is missing is generated.
type Secrets struct {
	// DatabasePasswordA is the database password of slot a.
	DatabasePasswordA string `config:"databasePasswordA"`
	// DatabasePasswordB is the database password of slot b.
	DatabasePasswordB string `config:"databasePasswordB"`
	// APIPasswordA is the API password of slot a.
	APIPasswordA string `config:"apiPasswordA"`
	// APIPasswordB is the API password of slot b.
	APIPasswordB string `config:"apiPasswordB"`
	// RedisPasswordA is the Redis password of slot a.
	RedisPasswordA string `config:"redisPasswordA"`
	// RedisPasswordB is the Redis password of slot b.
	RedisPasswordB string `config:"redisPasswordB"`
	// BackupPasswordA is the key of the backups' repository of slot a.
	BackupPasswordA string `config:"backupPasswordA"`
	// BackupPasswordB is the key of the backups' repository of slot b.
	BackupPasswordB string `config:"backupPasswordB"`
	// TLSKey is the PEM private key of the provided certificate.
	TLSKey string `config:"tlsKey"`
	// WorkerSecrets maps names of environment variables to values for workers that list them.
	WorkerSecrets map[string]string `config:"workerSecrets"`
	// ACMESecrets maps variables of the DNS provider, such as CF_DNS_API_TOKEN, to values. The container finds each in a file, named by the variable with _FILE at its end.
	ACMESecrets map[string]string `config:"acmeSecrets"`
	// ReceiverSecrets maps names of receivers of alerts to their passwords, URLs or keys.
	ReceiverSecrets map[string]string `config:"receiverSecrets"`
	// BackupSecret opens the repository of backups: the secret access key of S3, the password at a REST server, or the private key for SFTP.
	BackupSecret string `config:"backupSecret"`
	// WatchdogURL is called as long as alerts can be sent, so that a service elsewhere notices when they cannot.
	WatchdogURL string `config:"watchdogUrl"`
}

// Engine is the Docker Engine that everything runs on, from the namespace "docker".
type Engine struct {
	// Host is the address of the engine: unix://, tcp://, ssh:// or npipe://; empty means the environment variable DOCKER_CONTEXT, then DOCKER_HOST, then the local socket.
	Host string `config:"docker:host"`
	// Context is the name of a Docker context, instead of a host.
	Context string `config:"docker:context"`
	// CertPath is the folder with ca.pem, cert.pem and key.pem for tcp:// with TLS.
	CertPath string `config:"docker:certPath"`
	// SSHOptions are arguments for ssh, for ssh:// hosts.
	SSHOptions []string `config:"docker:sshOpts"`
}
