package rules

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/tokens"
)

// Values that look like secrets and were never any. They are put together here, so that no scanner of repositories stumbles over them.
var (
	exampleToken = "gh" + "p_" + strings.Repeat("a1B2", 9)
	exampleJWT   = "ey" + "JhbGciOiJIUzI1NiJ9." + "ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"
	exampleKey   = "-----BEGIN " + "PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"
	exampleLong  = "x7Kp2Qw9ZtR4mNv8LbYc3HsJ6dFgT1aE"
	exampleBasic = base64.StdEncoding.EncodeToString([]byte("prefect:correct horse"))
)

func secret(value any) property.Value { return plainValue(value).WithSecret(true) }

// addTo appends to a list of texts.
func addTo(name string, values ...any) func(*Resource) {
	return func(r *Resource) {
		list := r.Properties.Get(name)
		var items []property.Value
		if list.IsArray() {
			items = list.AsArray().AsSlice()
		}
		for _, value := range values {
			items = append(items, plainValue(value))
		}
		r.Properties = r.Properties.Set(name, property.New(items))
	}
}

// environment is the API with one more variable; command is the roles job with another command.
func environment(name string, value any, found string) fixture {
	return fixture{name: name, of: tokens.Container, resource: "prefect-api-0", change: addTo("envs", value), found: found}
}

func command(name string, arguments ...any) fixture {
	return fixture{name: name, of: tokens.Container, resource: "prefect-bootstrap", change: put("command", arguments), found: "command looks like"}
}

var _ = prove("secrets-environment", proof{
	fails: []fixture{
		environment("a Pulumi secret, whatever it looks like", secret("GREETING=hello"), "is a Pulumi secret"),
		{name: "the whole list as a secret", of: tokens.Container, resource: "prefect-api-0", change: put("envs", secret([]any{"TZ=UTC"})), found: "envs is a Pulumi secret"},
		environment("a name that tells", "DB_PASSWORD=hunter2", "DB_PASSWORD"),
		environment("a name in small letters", "db_password=hunter2", "db_password"),
		environment("a name in camel case", "dbPassword=hunter2", "dbPassword"),
		environment("a short name", "SMTP_PASS=hunter2", "SMTP_PASS"),
		environment("a number as password", "REDIS_PASSWORD=123456", "REDIS_PASSWORD"),
		environment("libpq's variable", "PGPASSWORD=hunter2", "PGPASSWORD"),
		environment("a file that is no path", "DB_PASSWORD_FILE=hunter2", "which is no path"),
		environment("Prefect's credential", "PREFECT_API_AUTH_STRING=prefect:hunter2", "PREFECT_API_AUTH_STRING"),
		environment("the server's credential without a colon", "PREFECT_SERVER_API_AUTH_STRING=hunter2", "AUTH_STRING"),
		environment("Redis' own variable", "REDISCLI_AUTH=hunter2", "REDISCLI_AUTH"),
		environment("headers of a client", `PREFECT_CLIENT_CUSTOM_HEADERS={"Authorization": "Basic `+exampleBasic+`"}`, "Authorization"),
		environment("headers of a gateway", `PREFECT_CLIENT_CUSTOM_HEADERS={"X-Api-Key": "hunter2"}`, "X-Api-Key"),
		environment("a connection URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL=postgresql+asyncpg://prefect:p%40ss@postgres/prefect", "a URL with a password"),
		environment("a URL without user", "DOCKET=redis://:hunter2@redis:6379/1", "a URL with a password"),
		environment("a password with a slash", "DSN=postgresql://u:a/b@h/d", "a URL with a password"),
		environment("a URL in capitals", "PROXY=HTTP://U:P@proxy:3128", "a URL with a password"),
		environment("a connection of key words", "DATABASE=host=postgres user=u password=hunter2", "password"),
		environment("a token", "SOURCE="+exampleToken, "a GitHub token"),
		environment("a token of the web", "IDENTITY="+exampleJWT, "a JSON web token"),
		environment("a private key", "CONTENT="+exampleKey, "a private key"),
		environment("something long and random", "SALT_OF_THE_EARTH="+exampleLong, "random"),
		environment("hexadecimal digits", "SALT_OF_THE_EARTH="+strings.Repeat("0123456789abcdef", 4), "random"),
		environment("base64 of a pair", "HEADER="+base64.StdEncoding.EncodeToString([]byte("me:hunter2")), "base64"),
		environment("base64 of a URL", "HEADER="+base64.StdEncoding.EncodeToString([]byte("redis://:hunter2@redis:6379")), "HEADER"),
		environment("JSON", `SETTINGS={"database": {"password": "hunter2"}}`, "password"),
		{name: "one value that is no list", of: tokens.Container, resource: "prefect-api-0", change: put("envs", map[string]any{"DB": "DB_PASSWORD=hunter2"}), found: "DB_PASSWORD"},
		{
			name: "a container that a colleague made", add: []Resource{{Type: tokens.Container, Name: "mine", URN: "urn:pulumi:prod::p::" + tokens.Container + "::mine", Properties: property.NewMap(map[string]property.Value{
				"image": property.New("redis:8.0.6"), "envs": plainValue([]any{"X=https://me:hunter2@example.com"}),
			})}}, found: "a URL with a password",
		},
	},
	unknown: []fixture{
		{name: "the list", of: tokens.Container, resource: "prefect-api-0", change: unknownProperty("envs")},
		environment("a value", property.New(property.Computed), ""),
	},
})

var _ = prove("secrets-command", proof{
	fails: []fixture{
		command("a flag with a value", "--password=hunter2"),
		command("a flag and then its value", "--password", "hunter2"),
		command("a flag in capitals", "--API-TOKEN", "hunter2"),
		command("the flag of Java", "-Ddb.password=hunter2"),
		command("a variable before a command", "sh", "-c", "PGPASSWORD=hunter2 psql -h postgres"),
		command("a quoted variable", "sh", "-c", `export DB_PASSWORD='hunter2'; run`),
		command("the short flag of a client", "mysql", "-u", "root", "-p", "hunter2"),
		command("the short flag with its value", "mysql", "-phunter2"),
		command("a short flag of who knows what", "run", "-p", "secret"),
		command("the flag of redis-cli", "redis-cli", "-a", "hunter2", "ping"),
		command("Redis with a password", "redis-server", "--requirepass", "hunter2"),
		command("Redis with an account", "redis-server", "--user", "default", "on", ">hunter2", "~*"),
		command("user and password of curl", "curl", "-u", "prefect:hunter2", "https://prefect"),
		command("user and password in one text", "sh", "-c", "curl --user=prefect:hunter2 https://prefect"),
		command("a header in parts", "curl", "-H", "Authorization: Basic "+exampleBasic),
		command("a header over two arguments", "http", "Authorization:", "Bearer", "abc"),
		command("a URL", "psql", "postgresql://u:p@postgres/prefect"),
		command("SQL", "psql", "-c", "ALTER ROLE prefect_a PASSWORD 'hunter2'"),
		command("a token", "clone", exampleToken),
		{name: "the health check", of: tokens.Container, resource: "prefect-api-0", change: put("healthcheck", map[string]any{"tests": []any{"CMD-SHELL", "redis-cli -a hunter2 ping"}}), found: "healthcheck.tests"},
		{name: "the entry point", of: tokens.Container, resource: "prefect-bootstrap", change: put("entrypoints", []any{"run", "--token=hunter2"}), found: "entrypoints"},
		{name: "a flag in the entry point and its value in the command", of: tokens.Container, resource: "prefect-bootstrap", change: func(r *Resource) {
			put("entrypoints", []any{"run", "--password"})(r)
			put("command", []any{"hunter2"})(r)
		}, found: "entrypoints and command"},
		{name: "a secret argument", of: tokens.Container, resource: "prefect-bootstrap", change: put("command", []any{"run", secret("fast")}), found: "command[1] is a Pulumi secret"},
		{name: "a secret health check", of: tokens.Container, resource: "prefect-api-0", change: put("healthcheck", secret(map[string]any{"tests": []any{"CMD", "true"}})), found: "healthcheck is a Pulumi secret"},
	},
	unknown: []fixture{
		{name: "the command", of: tokens.Container, resource: "prefect-bootstrap", change: unknownProperty("command")},
		{name: "the health check", of: tokens.Container, resource: "prefect-api-0", change: unknownProperty("healthcheck")},
	},
})

var _ = prove("secrets-metadata", proof{
	fails: []fixture{
		{name: "a label with a telling name", of: tokens.Container, resource: "prefect-api-0", change: addTo("labels", map[string]any{"label": "backup.password", "value": "hunter2"}), found: "backup.password"},
		{name: "a label with a header", of: tokens.Container, resource: "prefect-api-0", change: addTo("labels", map[string]any{"label": "probe.header", "value": "Authorization: Bearer abcdef"}), found: "an Authorization header"},
		{name: "a label with a hash for a reverse proxy", of: tokens.Container, resource: "prefect-api-0", change: addTo("labels", map[string]any{"label": "traefik.users", "value": "me:$apr1$salt$K1O0LaOJc9ygkQ9zWYmQ8."}), found: "a password hash"},
		{name: "a secret label", of: tokens.Container, resource: "prefect-api-0", change: addTo("labels", secret(map[string]any{"label": "a", "value": "b"})), found: "is a Pulumi secret"},
		{name: "a host name", of: tokens.Container, resource: "prefect-api-0", change: put("hostname", secret("api")), found: "hostname is a Pulumi secret"},
		{name: "a host name of chance", of: tokens.Container, resource: "prefect-api-0", change: put("hostname", exampleLong), found: "hostname looks like a long random text"},
		{name: "a log driver's token", of: tokens.Container, resource: "prefect-api-0", change: put("logOpts", map[string]any{"splunk-token": "hunter2", "max-size": "10m", "max-file": "5"}), found: "splunk-token"},
		{name: "a log driver's address", of: tokens.Container, resource: "prefect-api-0", change: put("logOpts", map[string]any{"loki-url": "https://u:p@loki/push", "max-size": "10m", "max-file": "5"}), found: "a URL with a password"},
		{name: "a share's password", of: tokens.Volume, resource: "postgres-18", change: put("driverOpts", map[string]any{"type": "cifs", "o": "username=u,password=hunter2"}), found: "driverOpts.o"},
		{name: "a volume's label", of: tokens.Volume, resource: "prefect-api-files", change: addTo("labels", map[string]any{"label": "note", "value": exampleToken}), found: "a GitHub token"},
		{name: "a network's label", of: tokens.Network, resource: "app", change: addTo("labels", map[string]any{"label": "api-key", "value": "hunter2"}), found: "api-key"},
		{name: "a kernel setting", of: tokens.Container, resource: "prefect-api-0", change: put("sysctls", map[string]any{"net.core.somaxconn": secret("1024")}), found: "sysctls.net.core.somaxconn is a Pulumi secret"},
		{name: "an image from a registry with password", of: tokens.Image, resource: "redis:8.0.6", change: put("name", "https://u:p@registry/redis:8.0.6"), found: "name looks like"},
		{name: "what a build is told", of: tokens.Image, resource: "redis:8.0.6", change: put("build", map[string]any{"context": ".", "buildArgs": map[string]any{"PIP_PASSWORD": "hunter2"}}), found: "PIP_PASSWORD"},
		{name: "a trigger", of: tokens.Image, resource: "redis:8.0.6", change: put("pullTriggers", []any{secret("1")}), found: "pullTriggers[0] is a Pulumi secret"},
	},
	unknown: []fixture{
		{name: "the labels", of: tokens.Container, resource: "prefect-api-0", change: unknownProperty("labels")},
		{name: "an option", of: tokens.Volume, resource: "postgres-18", change: put("driverOpts", map[string]any{"o": property.New(property.Computed)})},
	},
})

var _ = prove("secrets-recorded-inputs", proof{
	fails: []fixture{
		{name: "a secret", of: tokens.Prefect, resource: "prefect", change: put("publicUrl", secret("https://localhost")), found: "publicUrl is a Pulumi secret"},
		{name: "a credential", of: tokens.Prefect, resource: "prefect", change: put("authString", "prefect:hunter2"), found: "authString"},
		{name: "a connection", of: tokens.Database, resource: "database", change: put("url", "postgresql+asyncpg://a:b@postgres/prefect"), found: "a URL with a password"},
		{name: "a configuration with a header", of: tokens.Proxy, resource: "proxy", change: put("extra", "server {\n  proxy_set_header Authorization \"Basic "+exampleBasic+"\";\n}\n"), found: "an Authorization header"},
		{name: "a key", of: tokens.Proxy, resource: "proxy", change: put("note", map[string]any{"pem": exampleKey}), found: "note.pem looks like a private key"},
		{name: "a password in an object", of: tokens.Cache, resource: "cache", change: put("account", map[string]any{"password": "hunter2"}), found: "account.password"},
	},
	unknown: []fixture{{name: "an input", of: tokens.Cache, resource: "cache", change: unknownProperty("image")}},
})

func TestEnvironment_LetsPassWhatOnlySoundsLikeASecret(t *testing.T) {
	rule, _ := find(All(), "secrets-environment")
	for _, harmless := range []string{
		"POSTGRES_PASSWORD_FILE=/etc/platform/initial-password", "TOKEN_TTL=3600", "PASSWORD_ENCRYPTION=scram-sha-256", "SSL_KEY=/etc/ssl/tls.key",
		"OAUTH_TOKEN_URL=https://login.example.com/token", "PREFECT_API_URL=http://prefect:4200/api", "FORWARDED_ALLOW_IPS=10.213.1.0/24,127.0.0.1",
		"IMAGE=registry:5000/team/flows@sha256:" + strings.Repeat("0123456789abcdef", 4), "BUILD_COMMIT=" + strings.Repeat("0123456789", 4), "PWD=/opt/prefect",
		"DB_PASSWORD=", "DB_PASSWORD=$OTHER", `PREFECT_CLIENT_CUSTOM_HEADERS={"X-Team": "data"}`, "PYTHONUNBUFFERED=1", "KEYCLOAK_REALM=prefect",
		"HTTP_PROXY=http://proxy.example.com:3128", "RUN_ID=3f2b8c1e-0d4a-4f6b-9a57-1c2d3e4f5a6b", "AUTHENTICATED=true", "MONKEY_PATCH=1",
	} {
		r := Resource{Type: tokens.Container, Name: "any", Properties: property.NewMap(map[string]property.Value{"envs": plainValue([]any{harmless})})}
		for _, v := range rule.Judge(Facts{}, r) {
			t.Errorf("%s: %s", harmless, v.Found)
		}
	}
}
