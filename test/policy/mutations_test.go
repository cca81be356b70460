//go:build e2e

package policy

import (
	"slices"
	"testing"
)

const (
	template    = "internal/nginxconf/nginx.conf.tmpl"
	certificate = "components/proxy/authority.go"
	container   = "internal/workload/container.go"
	engine      = "internal/workload/engine.go"
	generator   = "internal/credential/credential.go"
	cache       = "components/cache/cache.go"
	database    = "components/database/database.go"
	prefect     = "components/prefect/environment.go"
	specs       = "components/prefect/specs.go"
)

// mutations each change one line of the program or one key of a stack's configuration, and are refused by one rule and no other.
var mutations = slices.Concat(edgeMutations, containerMutations, secretMutations, dataMutations, configMutations)

var edgeMutations = []variant{
	one("no credential anywhere", template, `auth_basic "{{.Realm}}";`, `auth_basic off;`, "auth-edge-routes"),
	one("any of allowlist and credential", template, `satisfy all;`, `satisfy any;`, "auth-edge-satisfy"),
	one("a looser match of WebSockets", template, `"~*^websocket$" websocket;`, `"~*websocket" websocket;`, "auth-edge-routes"),
	one("health with every method", template, `"~^GET /api/health(\?|$)" off;`, `"~^[A-Z]+ /api/health(\?|$)" off;`, "auth-edge-routes"),
	one("a refused login is asked again without one", template, `recursive_error_pages on;`, `recursive_error_pages on; error_page 401 @again;`, "auth-edge-routes"),
	one("another password file", template, `auth_basic_user_file $password_file;`, `auth_basic_user_file /etc/nginx/htpasswd;`, "auth-edge-password-file"),
	one("an upstream of the client's choice", template, `proxy_pass http://prefect/api/ready;`, `proxy_pass http://$http_x_target;`, "auth-edge-upstream"),
	one("an include of what is not there", template, `server_tokens off;`, `server_tokens off; include extra.conf;`, "auth-edge-readable"),
	one("files of the container", template, `root /nonexistent;`, `root /;`, "auth-edge-directives"),
	one("an old protocol", template, `ssl_protocols TLSv1.2 TLSv1.3;`, `ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;`, "tls-edge-protocols"),
	one("weak ciphers", template, `ECDHE-RSA-CHACHA20-POLY1305;`, `ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=0;`, "tls-edge-ciphers"),
	one("a redirect that forgets the method", template, `return 308 {{.PublicURL}}$request_uri;`, `return 302 {{.PublicURL}}$request_uri;`, "tls-edge-redirect"),
	one("HSTS for an hour", template, `max-age=63072000`, `max-age=3600`, "tls-edge-hsts"),
	dev(one("a certificate for unknown names", template, `ssl_reject_handshake on;`, `ssl_certificate $certificate; ssl_certificate_key $certificate_key;`, "tls-edge-default-certificate")),
	one("an answer before the allowlist", template, `try_files /nonexistent @https;`, `return 308 {{.PublicURL}}$request_uri;`, "exposure-allowlist-ends"),
	one("the default status of limits", template, "    limit_req_status 429;\n", "", "exposure-limit-status"),
	one("a limit that limits nobody", template, `rate={{.Limits.API.PerSecond}}r/s`, `rate=50000r/s`, "exposure-rate-limits"),
	one("one limit of connections for all", template, `limit_conn_zone $limit_key`, `limit_conn_zone $server_name`, "exposure-limit-key"),
	one("a version for all to see", template, `server_tokens off;`, `server_tokens on;`, "exposure-versions-hidden"),
	one("figures for the network", template, "        allow 127.0.0.1;\n", "        allow 10.0.0.0/8;\n", "exposure-status-endpoints"),
	one("requests told to somebody elsewhere", template, "    access_log /dev/stdout json;\n", "    access_log /dev/stdout json;\n    access_log syslog:server=192.0.2.1:514 json;\n", "exposure-edge-logs"),
	one("queries in the log", template, `"path":"$uri"`, `"path":"$request_uri"`, "secrets-nginx-log"),
	one("another text recorded than mounted", "components/proxy/proxy.go", `InputNginxConf: pulumi.String(conf)`, `InputNginxConf: pulumi.String(conf + "\n")`, "auth-edge-same"),
	one("a server without a credential", "components/prefect/prefect.go", `pulumi.Bool(true)`, `pulumi.Bool(false)`, "auth-server-recorded"),
	one("a weak curve", certificate, `pulumi.String("P256")`, `pulumi.String("P224")`, "tls-key-strength"),
	one("an authority for twenty years", certificate, `authorityYears = 10`, `authorityYears = 20`, "tls-certificate-lifetime"),
	dev(one("a certificate that nobody renews", certificate, "	args.EarlyRenewalHours = pulumi.Int(t.RenewalDays * 24)\n", "", "tls-certificate-renewal")),
	one("an authority that serves", certificate, `AllowedUses:         pulumi.ToStringArray([]string{"cert_signing", "crl_signing"`, `AllowedUses:         pulumi.ToStringArray([]string{"cert_signing", "crl_signing", "server_auth"`, "tls-certificate-uses"),
}

var containerMutations = []variant{
	one("a root that can be written", container, `ReadOnly:     pulumi.Bool(true),`, `ReadOnly:     pulumi.Bool(false),`, "containers-read-only"),
	one("capabilities kept", container, `pulumi.String("ALL")`, `pulumi.String("NET_RAW")`, "containers-capabilities"),
	one("new privileges", container, `no-new-privileges:true`, `no-new-privileges:false`, "containers-no-new-privileges"),
	one("swap without end", container, `MemorySwap: pulumi.Int(s.MemoryMiB)`, `MemorySwap: pulumi.Int(-1)`, "containers-memory"),
	one("another log", "internal/workload/logging.go", `logDriver = "local"`, `logDriver = "journald"`, "containers-logs"),
	one("a further group", container, `pulumi.StringArray{pulumi.String("0")}`, `pulumi.StringArray{pulumi.String("999")}`, "containers-user"),
	one("killed at once", container, `DestroyGraceSeconds: pulumi.Int(seconds(s.Grace))`, `DestroyGraceSeconds: pulumi.Int(0)`, "containers-grace"),
	one("a health check that waits", container, `Retries:       pulumi.Int(h.Limit)`, `Retries:       pulumi.Int(100)`, "containers-health"),
	one("a restart that gives up", "internal/workload/run.go", `"unless-stopped"`, `"on-failure"`, "containers-restart"),
	one("privileged", container, `		ReadOnly:     pulumi.Bool(true),`, `		ReadOnly:     pulumi.Bool(true), Privileged: pulumi.Bool(true),`, "containers-privileged"),
	one("the host's network for jobs", container, `args.NetworkMode = pulumi.String("none")`, `args.NetworkMode = pulumi.String("host")`, "containers-network-mode"),
	one("the host's processes", container, `		ReadOnly:     pulumi.Bool(true),`, `		ReadOnly:     pulumi.Bool(true), PidMode: pulumi.String("host"),`, "containers-namespace"),
	one("a host that answers on internal networks", "internal/workload/network.go", `isolated = "isolated"`, `isolated = "nat"`, "exposure-network-internal"),
	one("a database network with a way out", "components/platform.go", `{tokens.NetworkDB, true}`, `{tokens.NetworkDB, false}`, "exposure-network-internal"),
	dev(one("a Redis with a known flaw", "internal/images/images.go", `redis:8.0.6`, `redis:8.0.3`, "containers-image-floor")),
	one("another port of the edge", "components/proxy/specs.go", `Internal: nginxconf.HTTPPort}`, `Internal: nginxconf.StatusPort}`, "exposure-ports"),
	one("a worker on the database's network", specs, `{{Name: a.Networks.App}, {Name: a.Networks.Egress}}
	for`, `{{Name: a.Networks.App}, {Name: a.Networks.DB}}
	for`, "exposure-network-members"),
}

var secretMutations = []variant{
	one("short passwords", generator, `const Length = 32`, `const Length = 16`, "secrets-password-strength"),
	one("passwords that do not rotate", generator, `pulumi.Int(Length), Special: pulumi.Bool(false), Keepers: keepers}`, `pulumi.Int(Length), Special: pulumi.Bool(false)}`, "secrets-generation"),
	one("a secret in a resource's ID", engine, `random.NewRandomPassword(ctx, "seal", &random.RandomPasswordArgs{`, `random.NewRandomString(ctx, "seal", &random.RandomStringArgs{`, "secrets-generator"),
	one("readable secret files", "internal/workload/spec.go", `Secret     Mode = "0440"`, `Secret     Mode = "0444"`, "secrets-file-mode"),
	one("database logins without a password", "internal/postgresconf/postgresconf.go", `host %s %s %s scram-sha-256`, `host %s %s %s trust`, "secrets-postgres-hba"),
	one("weakly hashed passwords", "internal/postgresconf/postgresconf.go", `{"password_encryption", "scram-sha-256"}`, `{"password_encryption", "md5"}`, "secrets-postgres-encryption"),
	one("the superuser's password in the environment", database, `"POSTGRES_DB":            postgresconf.Database,`, `"POSTGRES_DB": postgresconf.Database, "POSTGRES_PASSWORD": "prefect",`, "secrets-postgres-environment"),
	one("a known first password", database, `workload.SecretText(initialPassword)`, `workload.SecretText(pulumi.String("prefect"))`, "secrets-file-literal"),
	one("the credential in the environment", prefect, `"DO_NOT_TRACK":                     "1",`, `"DO_NOT_TRACK": "1", "PREFECT_API_AUTH_STRING": "prefect:prefect",`, "secrets-environment"),
	one("a password in a command", cache, `[]string{"redis-server", workload.FilesDir + "/redis.conf"}`, `[]string{"redis-server", workload.FilesDir + "/redis.conf", "--requirepass", "prefect"}`, "secrets-command"),
	one("a password in a label", engine, `{tokens.LabelRole, role}}`, `{tokens.LabelRole, role}, {"registry.password", "prefect"}}`, "secrets-metadata"),
	one("host keys that nobody checks", engine, `DisableDockerDaemonCheck: pulumi.Bool(true)}`, `DisableDockerDaemonCheck: pulumi.Bool(true), SshOpts: pulumi.ToStringArray([]string{"-o", "StrictHostKeyChecking=no"})}`, "secrets-provider-host-key"),
}

var dataMutations = []variant{
	one("a path of another major version", database, `datavolume.Mount(config.PostgresMajor(a.Image))`, `datavolume.Mount(17)`, "data-path"),
	one("fewer connections than are opened", database, `pulumi.Int(args.Size.MaxConnections)`, `pulumi.Int(50)`, "data-connections"),
	one("a queue that destroy may delete", cache, `parent, pulumi.Protect(true))`, `parent)`, "data-volume-protected"),
	one("runs kept for ever", prefect, `"events,flow_runs"`, `"events"`, "data-retention"),
	one("leases in memory", prefect, `"prefect_redis.lease_storage"`, `"prefect.server.concurrency.lease_storage.memory"`, "scale-redis"),
	dev(one("an API that stops before the next one starts", specs, `		Grace:       serveOn + linger + 32*time.Second,
		Order:       workload.StartFirst,`, `		Grace:       serveOn + linger + 32*time.Second,
		Order:       workload.StopFirst,`, "scale-start-first")),
}

var configMutations = []variant{
	{name: "a certificate that nobody knows", config: map[string]any{"prefect-platform:tls": map[string]any{"mode": "selfSigned"}, "prefect-platform:tlsKey": nil}, want: []string{"tls-mode-provided"}},
	{name: "an old value kept for a year", config: map[string]any{"prefect-platform:rotation.api": map[string]any{"b": 1, "keep": true, "since": "2026-01-01"}}, want: []string{"secrets-kept-slot"}},
	{name: "a redis by another tag alone", config: map[string]any{"prefect-platform:images.override": map[string]any{"redis": "mirror.corp.net/redis:8.0.2"}}, want: []string{"containers-image-floor"}, stack: "dev"},
}

// one is a mutation of one line, refused by one rule.
func one(name, file, old, replacement string, rule ...string) variant {
	return variant{name: name, edits: []edit{{file, old, replacement}}, want: rule}
}

// dev has a mutation made in the dev stack.
func dev(v variant) variant {
	v.stack = "dev"
	return v
}

func TestPreview_RefusesEveryMutationByTheRightRule(t *testing.T) {
	b := newBench(t)
	t.Run("group", func(t *testing.T) {
		for _, v := range mutations {
			t.Run(v.name, func(t *testing.T) {
				t.Parallel()
				got := b.preview(t, v)
				if got.err == nil || !slices.Equal(got.rules(), slices.Sorted(slices.Values(v.want))) {
					t.Errorf("want %v and a failure; %s", v.want, got.describe())
				}
			})
		}
	})
	t.Logf("%d mutations", len(mutations))
}

func TestPreview_LetsTheUnchangedStacksPassWithoutAWord(t *testing.T) {
	b := newBench(t)
	for _, stack := range []string{"dev", "prod"} {
		got := b.preview(t, variant{stack: stack})
		if got.err != nil || len(got.mandatory)+len(got.advisory) > 0 {
			t.Errorf("%s: %s", stack, got.describe())
		}
	}
}
