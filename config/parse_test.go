package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

var wrongShapes = []wrong{
	refused(`host: {a: 1}`,
		`host: found "{\"a\":1}", want a DNS name in lower case or an IP address`),
	refused(`production: maybe`,
		`production: found the text "maybe", want true or false (pulumi config set production true)`),
	refused(`edgee: {}`,
		`edgee: found an unknown key, want a known one: did you mean edge? (pulumi config rm edgee)`),
	refused(`zone: UTC`,
		`zone: found an unknown key, want a known one: did you mean timeZone? (pulumi config rm zone)`),
	refused(`edge: 443`,
		`edge: found the text "443", want an object with the keys address, httpsPort, httpPort, publicPort, hsts, allow, trustedProxies, exempt, limits, maxBodyMiB, memoryMiB, cpus`),
	refused(`edge: []`,
		`edge: found a list, want an object with the keys address, httpsPort, httpPort, publicPort, hsts, allow, trustedProxies, exempt, limits, maxBodyMiB, memoryMiB, cpus`),
	refused(`workers: {}`,
		`workers: found an object, want a list`),
	refused(`edge: {httpsport: 8443}`,
		`edge.httpsport: found an unknown key, want a known one: did you mean httpsPort? (pulumi config rm --path edge.httpsport)`),
	refused(`edge: {httpsPort: '8443'}`,
		`edge.httpsPort: found the text "8443", want a whole number (pulumi config set --type int --path edge.httpsPort 8443)`),
	refused(`edge: {httpsPort: 84.5}`,
		`edge.httpsPort: found the number 84.5, want a whole number`),
	refused(`edge: {hsts: 'yes'}`,
		`edge.hsts: found the text "yes", want true or false`),
	refused(`edge: {cpus: many}`,
		`edge.cpus: found the text "many", want a number`),
	refused(`edge: {cpus: '0.5'}`,
		`edge.cpus: found the text "0.5", want a number (pulumi config set --type float --path edge.cpus 0.5)`),
	refused(`edge: {allow: 10.0.0.0/8}`,
		`edge.allow: found the text "10.0.0.0/8", want a list`),
	refused(`edge: {allow: [10.0.0.0/8, 12]}`,
		`edge.allow[1]: found the number 12, want a text (pulumi config set --type string --path 'edge.allow[1]' 12)`),
	refused(`edge: {address: null}`,
		`edge.address: found nothing (null), want a text`),
	refused(`edge: {limits: {api: {persecond: 5}}}`,
		`edge.limits.api.persecond: found an unknown key, want a known one: did you mean perSecond? (pulumi config rm --path edge.limits.api.persecond)`),
	refused(`edge: {limits: {websocket: {burst: 1}}}`,
		`edge.limits.websocket: found an unknown key, want a known one: did you mean webSocket? (pulumi config rm --path edge.limits.websocket)`),
	refused(`access: {user: 12}`,
		`access.user: found the number 12, want a text (pulumi config set --type string --path access.user 12)`),
	refused(`images: {override: [postgres]}`,
		`images.override: found a list, want an object of names and texts`),
	refused(`images: {override: {postgres: 18.6}}`,
		`images.override.postgres: found the number 18.6, want a text (pulumi config set --type string --path images.override.postgres 18.6)`),
	refused(`workers: [default]`,
		`workers[0]: found the text "default", want an object with the keys pool, replicas, limit, memoryMiB, cpus, image, environment, secretEnvironment, networks, drainSeconds`),
	refused(`workers: [{}, {pool: other, limt: 5}]`,
		`workers[1].limt: found an unknown key, want a known one: did you mean limit? (pulumi config rm --path 'workers[1].limt')`),
	refused(`workers: [{environment: {THREADS: 4}}]`,
		`workers[0].environment.THREADS: found the number 4, want a text (pulumi config set --type string --path 'workers[0].environment.THREADS' 4)`),
	refused(`workers: [{environment: {A.B: 4}}]`,
		`workers[0].environment["A.B"]: found the number 4, want a text (pulumi config set --type string --path 'workers[0].environment["A.B"]' 4)`),
	refused(`workers: [{secretEnvironment: WAREHOUSE}]`,
		`workers[0].secretEnvironment: found the text "WAREHOUSE", want a list`),
	refused(`network: '{"base": '`,
		`network: found JSON that cannot be read: unexpected EOF, want an object or list in the stack file, without quotes around it`),
	refused(`databasePassword: {secure: gJ7rT2mW9qLx4VbN}`,
		`databasePassword: found an unknown key, want a known one: did you mean databasePasswordB? (pulumi config rm databasePassword)`),
	refused(`databasePasswordA: gJ7rT2mW9qLx4VbN`,
		`databasePasswordA: found a value that is not encrypted, want a secret (pulumi config set --secret databasePasswordA)`),
	refused(`databasePasswordA: {secure: ''}`,
		`databasePasswordA: found an empty value, want a value, or no key at all (pulumi config rm databasePasswordA)`),
	refused(`workerSecrets: {secure: text}`,
		`workerSecrets: found an encrypted value of another type, want an object of names and texts`),
	refused(`workerSecrets: {TOKEN: plain}`,
		`workerSecrets: found a value that is not encrypted, want a secret (pulumi config set --secret workerSecrets)`),
	refused(`docker:hots: unix:///var/run/docker.sock`,
		`docker:hots: found an unknown key, want a known one: did you mean sshOpts? (pulumi config rm docker:hots)`),
	refused(`docker:registryAuth: []`,
		"docker:registryAuth: found a setting that is not used, want `docker login` on this machine: the provider would keep the password unencrypted in the state (pulumi config rm docker:registryAuth)"),
	refused(`docker:caMaterial: x`,
		`docker:caMaterial: found a setting that is not used, want docker:certPath with a folder that holds ca.pem, so that the platform command can use it too (pulumi config rm docker:caMaterial)`),
	refused(`docker:certMaterial: x`,
		`docker:certMaterial: found a setting that is not used, want docker:certPath with a folder that holds cert.pem, so that the platform command can use it too (pulumi config rm docker:certMaterial)`),
	refused(`docker:keyMaterial: x`,
		`docker:keyMaterial: found a setting that is not used, want docker:certPath with a folder that holds key.pem: provider settings are not encrypted in the state (pulumi config rm docker:keyMaterial)`),
	refused(`docker:disableDockerDaemonCheck: true`,
		`docker:disableDockerDaemonCheck: found a setting that is not used, want nothing: the provider connects when it first needs the engine (pulumi config rm docker:disableDockerDaemonCheck)`),
	refused(`docker:sshOpts: -v`,
		`docker:sshOpts: found the text "-v", want a list`),
	refused(`aws:region: eu-central-1`,
		`aws:region: found a key of another namespace, want keys of prefect-platform and docker only (pulumi config rm aws:region)`),
}

func TestParse_ReportsEverythingAtOnce(t *testing.T) {
	problems := problemsOf(t, small, `
host: https://prefect.corp.net
timezone: UTC
edge: {httpsPort: "443", allow: [10.0.0.5/8], limits: {api: {burst: -1}}, hsts: 1}
database: {maxConnections: 50}
workers: [{pool: default}, {pool: default, limit: 0, image: flows}]
images: {override: {postgres: postgres}}
databasePasswordA: gJ7rT2mW9qLx4VbN
apiPasswordA: {secure: short}
docker:host: tcp://10.0.0.2:2376
aws:region: eu-central-1
`)
	var keys []string
	for _, problem := range problems {
		keys = append(keys, problem.Key)
	}
	want := []string{
		"apiPasswordA", "aws:region", "database.maxConnections", "databasePasswordA", "docker:certPath", "edge.allow[0]", "edge.hsts", "edge.httpsPort", "edge.limits.api.burst",
		"host", "images.override.postgres", "timezone", "workers[1].image", "workers[1].limit", "workers[1].pool",
	}
	if !slices.Equal(keys, want) {
		t.Errorf("got  %v\nwant %v", keys, want)
	}
}

func TestProblems_AreOneLineEachUnderTheirNumber(t *testing.T) {
	got := problemsOf(t, small, "edge: {httpsPort: 0, httpPort: 0}").Error()
	want := `3 problems in the configuration:
  edge.httpPort: found 0, want a port, 1 to 65535 (pulumi config set --path edge.httpPort 8080)
  edge.httpPort: found 0, which is edge.httpsPort too, want a port of its own for the redirect to https (pulumi config set --path edge.httpPort 8080)
  edge.httpsPort: found 0, want a port, 1 to 65535 (pulumi config set --path edge.httpsPort 8443)`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if one := problemsOf(t, small, "edge: {httpsPort: 0}").Error(); !strings.HasPrefix(one, "1 problem in the configuration:\n") {
		t.Errorf("got %s", one)
	}
}

func TestParse_TakesWhatIsRight(t *testing.T) {
	for _, stack := range []string{
		"",
		"host: prefect",
		"host: 192.168.1.20",
		"host: '2001:db8::20'",
		"timeZone: Asia/Shanghai",
		"production: false",
		"edge: {address: '::', httpsPort: 443, httpPort: 80, publicPort: 8443, allow: [0.0.0.0/0, '::/0'], trustedProxies: [10.0.0.10/32], exempt: [10.1.0.0/16, '2001:db8::/32']}",
		"edge: {limits: {api: {perSecond: 1, burst: 0}}, cpus: 0.25}",
		"host: prefect.corp.net\nedge: {hsts: true}",
		"tls: {validityDays: 398, renewalDays: 0, alsoFor: [prefect.corp.net, 192.168.1.20, '::1']}",
		"database: {maxConnections: 85, memoryMiB: 425}",
		"workers: []",
		"workers: []\nmonitoring: {enabled: false, canary: true}",
		"workers: [{}, {pool: Etl 2.x, image: 'registry.corp.net:5000/data/flows:2026-11-23', environment: {OMP_NUM_THREADS: '4', SSL_KEY_FILE: /run/key, MONKEY: x}, networks: [warehouse_default]}]",
		"workers: [{image: 'registry.corp.net/flows:1482'}, {pool: b, image: 'registry.corp.net/flows:9f3c2ab'}]",
		"workers: [{secretEnvironment: [WAREHOUSE_PASSWORD]}]\nworkerSecrets: {WAREHOUSE_PASSWORD: {secure: x}, NOT_USED_YET: {secure: '5'}}",
		"images: {registry: 'localhost:5000', override: {postgres: 'postgres:18.6-trixie', nginx: 'nginxinc/nginx-unprivileged@sha256:" + strings.Repeat("0f", 32) + "', prefect: 'registry.corp.net/prefect:2026.11'}}",
		"images: {registry: mirror.corp.net/hub}",
		"workers: [{image: 'prefecthq/prefect:3.8.7-python3.13'}, {pool: b, image: 'registry.corp.net/flows:4.0.0'}]",
		"workers: [{image: 'prefecthq/prefect:3.9.0-python3.13'}]\nimages: {override: {prefect: 'registry.corp.net/prefect:2026.11'}}", // whose version nobody can tell
		"network: {base: 172.20.0.0/20}",
		"egress: {proxy: 'http://proxy.corp.net:3128', noProxy: [.corp.net, 10.0.0.0/8, warehouse, '::1']}",
		"rotation: {database: {a: 1, b: 2, active: b, keep: true, since: '2026-11-24'}}", // today at UTC+14
		`databasePasswordA: {secure: "` + hostile + `"}`,
		"docker:host: ssh://me@server:2222\ndocker:sshOpts: [-o, StrictHostKeyChecking=no]",
		"docker:host: tcp://127.0.0.1:2375",
		"docker:host: tcp://server:2376\ndocker:certPath: /etc/docker/client",
		"docker:host: npipe:////./pipe/docker_engine",
		"docker:context: server",
		"pulumi:disable-default-providers: ['*']",
		smallest,
		largest,
	} {
		if problems := problemsOf(t, small, stack); len(problems) > 0 {
			t.Errorf("%s\nis refused: %v", stack, problems)
		}
	}
	if problems := problemsOf(t, large, ""); len(problems) > 0 {
		t.Errorf("production is refused: %v", problems)
	}
}

// smallest and largest are at the bounds.
const smallest = `
edge: {httpsPort: 1, httpPort: 2, maxBodyMiB: 5, memoryMiB: 32, cpus: 0.01, limits: {api: {perSecond: 1, burst: 0}, ui: {perSecond: 1, burst: 0}, webSocket: {perSecond: 1, burst: 0}, connections: 1}}
tls: {validityDays: 1, renewalDays: 0}
database: {memoryMiB: 256, maxConnections: 29, runRetentionDays: 1, eventRetentionDays: 1, slowQueryMillis: 1}
redis: {memoryMiB: 64}
api: {replicas: 1, memoryMiB: 384, poolSize: 1, poolOverflow: 0}
services: {replicas: 1, memoryMiB: 384, poolSize: 1, poolOverflow: 0}
workers: [{pool: x, replicas: 1, limit: 1, memoryMiB: 256, drainSeconds: 0}]
`

const largest = `
edge: {httpsPort: 65535, httpPort: 65534, maxBodyMiB: 1024, memoryMiB: 1048576, cpus: 64, limits: {api: {perSecond: 100000, burst: 1000000}, connections: 65535}}
tls: {validityDays: 398, renewalDays: 397}
database: {memoryMiB: 5000, maxConnections: 1000, runRetentionDays: 3650, eventRetentionDays: 3650, slowQueryMillis: 600000}
api: {replicas: 50, poolSize: 2, poolOverflow: 0}
services: {replicas: 50, poolSize: 5, poolOverflow: 0}
workers: [{replicas: 20, limit: 1000, drainSeconds: 86400}]
rotation: {api: {a: 1000000}}
`

// hostile is every printable ASCII character, as YAML writes it between double quotes.
var hostile = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(printable())

func printable() string {
	var all strings.Builder
	for r := ' '; r <= '~'; r++ {
		all.WriteRune(r)
	}
	return all.String()
}

func TestParse_LaysValuesOverTheDefaults(t *testing.T) {
	values, secretKeys := asHandedOver(t, merged(t, small, `
edge: {limits: {api: {burst: 7}}, cpus: 1}
workers: [{pool: a}, {limit: 3}]
workerSecrets: {A: {secure: "5"}}
databasePasswordA: {secure: "{not: json, but a password}"}
docker:sshOpts: [-p, "22"]
`))
	got, err := Parse(values, secretKeys)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Edge.Allow = []string{"192.168.1.0/24"}
	want.Edge.Limits.API.Burst = 7
	first, second := DefaultWorker(), DefaultWorker()
	first.Pool, second.Limit = "a", 3
	want.Workers = []Worker{first, second}
	want.Secrets = Secrets{DatabasePasswordA: "{not: json, but a password}", WorkerSecrets: map[string]string{"A": "5"}}
	want.Engine.SSHOptions = []string{"-p", "22"}
	want.Encrypted = map[string]string{"prefect-platform:databasePasswordA": "{not: json, but a password}", "prefect-platform:workerSecrets": `{"A":"5"}`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestParse_KeepsQuietAboutEncryptedValues(t *testing.T) {
	const treasure = "hunter2"
	for _, stack := range []string{
		"databasePasswordA: {secure: hunter2}",
		"databasePassword: {secure: hunter2}",
		"workerSecrets: {secure: hunter2}",
		"workerSecrets: {A-B: {secure: hunter2}}",
		"tlsKey: {secure: hunter2}",
		"production: {secure: hunter2}",
		"timeZone: {secure: hunter2}",
		"edge: {address: {secure: hunter2}}",
		"edge: {hsts: {secure: hunter2}}",
		"egress: {proxy: {secure: 'ftp://proxy/hunter2'}}",
		"docker:host: {secure: 'http://hunter2'}",
		"docker:sshOpts: {secure: hunter2}",
	} {
		problems := problemsOf(t, small, stack)
		if len(problems) == 0 {
			t.Errorf("%s is not refused", stack)
		}
		if strings.Contains(problems.Error(), treasure) {
			t.Errorf("%s\nis told: %v", stack, problems)
		}
	}
}

func TestParse_RefusesAKeyWithoutNamespace(t *testing.T) {
	_, err := Parse(map[string]string{"prefect-platform:edge": `{"allow": ["10.0.0.0/8"]}`, "edge": "{}"}, nil)
	want := "1 problem in the configuration:\n" + `  "edge": found a key without namespace or name, want namespace:name`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestFromEnvironment_ReadsWhatALanguageHostSets(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"prefect-platform:edge":"{\"allow\":[\"10.0.0.0/8\"]}","prefect-platform:apiPasswordA":"gJ7rT2mW9qLx4VbN"}`)
	t.Setenv("PULUMI_CONFIG_SECRET_KEYS", `["prefect-platform:apiPasswordA"]`)
	got, err := FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	if got.Secrets.APIPasswordA != "gJ7rT2mW9qLx4VbN" || !slices.Equal(got.Edge.Allow, []string{"10.0.0.0/8"}) {
		t.Errorf("got %+v", got)
	}

	t.Setenv("PULUMI_CONFIG", "edge")
	if _, err := FromEnvironment(); err == nil || !strings.Contains(err.Error(), "PULUMI_CONFIG is not what Pulumi would set") {
		t.Errorf("got %v", err)
	}
}
