package rules

import (
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/tokens"
)

// The rules that were found missing by those who tried to get around the others.

func engineAt(name string, change func(*Resource)) fixture {
	return fixture{name: name, of: tokens.DockerProvider, resource: "engine", change: change, found: "without a certificate"}
}

func putsOut(name string, outputs map[string]any) fixture {
	return fixture{name: name, of: tokens.Stack, resource: "prefect-platform-prod", change: func(r *Resource) {
		for key, value := range outputs {
			put(key, value)(r)
		}
	}}
}

var (
	_ = prove("exposure-origins", proof{
		fails: []fixture{
			on(theAPI, "everybody", reEnv(originsVariable, "*"), "is not what it may be"),
			on(theAPI, "everybody besides", reEnv(originsVariable, "https://prefect.corp.net,*"), "is not what it may be"),
			on(theAPI, "a whole domain", reEnv(originsVariable, "https://*.corp.net"), "is not what it may be"),
			on(theAPI, "without TLS", reEnv(originsVariable, "http://prefect.corp.net"), "is not what it may be"),
			on(theAPI, "Prefect's default", reEnv(originsVariable, ""), originsVariable),
		},
		unknown: []fixture{on(theAPI, "environment", unknownProperty("envs"), "")},
	})
	_ = prove("exposure-forwarded", proof{
		fails: []fixture{
			on(theAPI, "everybody", reEnv(forwardedVariable, "*"), "is not what it may be"),
			on(theAPI, "all addresses", reEnv(forwardedVariable, "127.0.0.1,0.0.0.0/0"), "is not what it may be"),
		},
		unknown: []fixture{on(theAPI, "environment", unknownProperty("envs"), "")},
	})
	_ = prove("exposure-engine", proof{
		fails: []fixture{
			engineAt("tcp", put("host", "tcp://192.168.1.7:2375")),
			engineAt("in capitals", put("host", "TCP://docker.corp.net:2375")),
			engineAt("http", put("host", "http://docker.corp.net:2375")),
		},
		unknown: []fixture{engineAt("host", unknownProperty("host"))},
	})
	_ = prove("data-server-arguments", proof{
		fails: []fixture{
			on(theDB, "no fsync", added("command", "--fsync=OF"), "other words"),
			on(theDB, "other logins", put("command", []any{"postgres", "-c", "config_file=/etc/platform/postgresql.conf", "-c", "hba_file=/var/lib/postgresql/18/docker/pg_hba.conf"}), "other words"),
			on(theDB, "no configuration", without("command"), "other words"),
		},
		unknown: []fixture{on(theDB, "command", unknownProperty("command"), "")},
	})
	_ = prove("data-durable", proof{
		fails: []fixture{
			on("database-server-files", "no fsync", edit("postgresql.conf", "max_connections", "fsync = OFF\nmax_connections"), "fsync = OFF"),
			on("database-server-files", "an abbreviation", edit("postgresql.conf", "max_connections", "  FSYNC of\nmax_connections"), "FSYNC of"),
			on("database-server-files", "half pages", edit("postgresql.conf", "max_connections", "full_page_writes='no' # faster\nmax_connections"), "full_page_writes"),
			on("database-server-files", "promises", edit("postgresql.conf", "max_connections", "synchronous_commit=0\nmax_connections"), "synchronous_commit"),
		},
		unknown: []fixture{on("database-server-files", "files", unknownProperty("uploads"), "")},
	})
	_ = prove("containers-ignored-changes", proof{
		fails: []fixture{
			on(theEdge, "ports", func(r *Resource) { r.IgnoreChanges = []string{"ports", "image"} }, "ports"),
			{name: "a volume's driver", of: tokens.Volume, resource: "postgres-18", change: func(r *Resource) { r.IgnoreChanges = []string{"labels", "driver"} }, found: "driver"},
			{name: "a certificate", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: func(r *Resource) { r.IgnoreChanges = []string{"*"} }, found: "*"},
			on(theAPI, "labels of a container", func(r *Resource) { r.IgnoreChanges = []string{"labels"} }, "labels"),
		},
		neverUnknown: "options are always known",
	})
	_ = prove("containers-labels-known", proof{
		fails: []fixture{
			on(theAPI, "all of them", unknownProperty("labels"), "not known"),
			on(theAPI, "one", added("labels", map[string]any{"label": "build", "value": property.New(property.Computed)}), "not known"),
		},
		neverUnknown: "the unknown is what it refuses",
	})
	_ = prove("secrets-outputs", proof{
		fails: []fixture{
			putsOut("a secret", map[string]any{"password": property.New("x").WithSecret(true)}),
			putsOut("one that was made plain", map[string]any{"token": property.New(property.Computed)}),
			putsOut("an innocent name", map[string]any{"note": property.New(property.Computed)}),
			putsOut("in an object", map[string]any{"debug": map[string]any{"a": property.New(property.Computed)}}),
			putsOut("a password by its name", map[string]any{"dbPassword": "correct horse"}),
			putsOut("in the certificate's place", map[string]any{"caCertificate": "prefect:x"}),
			putsOut("a secret in the certificate's place", map[string]any{"caCertificate": property.New(property.Computed).WithSecret(true)}),
		},
		unknown: []fixture{putsOut("an output", map[string]any{"note": property.New(property.Computed)})},
	})
)
