package rules

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
)

// encrypted gives a key of the stack's own configuration a value with --secret.
func encrypted(key, value string) func(*Facts) {
	return func(f *Facts) {
		configured(key, value)(f)
		f.Secrets = append([]string{config.Namespace + ":" + key}, f.Secrets...)
	}
}

func written(name, key, value, found string) fixture {
	return fixture{name: name, facts: configured(key, value), found: found}
}

var _ = prove("secrets-config", proof{
	fails: []fixture{
		written("a password", "apiPasswordA", "correct horse battery staple", "apiPasswordA is not encrypted"),
		written("a password that is none", "redisPasswordB", "x", "redisPasswordB is not encrypted"),
		{name: "a key", stack: "dev", facts: configured("tlsKey", "later"), found: "tlsKey is not encrypted"},
		written("secrets of workers", "workerSecrets", `{"A": "b"}`, "workerSecrets is not encrypted"),
		written("a worker's variable", "workers", `[{"environment": {"DB_PASSWORD": "hunter2"}}]`, "workers[0].environment.DB_PASSWORD"),
		written("a worker's URL", "workers", `[{}, {"environment": {"WAREHOUSE": "postgresql://u:p@warehouse/db"}}]`, "a URL with a password"),
		written("a worker's token", "workers", `[{"environment": {"SOURCE": "`+exampleToken+`"}}]`, "a GitHub token"),
		written("a proxy with password", "egress", `{"proxy": "http://me:hunter2@proxy:3128"}`, "egress.proxy"),
		written("a key among the authorities", "egress", `{"caCertificates": "-----BEGIN RSA PRIV`+`ATE KEY-----"}`, "a private key"),
		written("a registry with password", "images", `{"registry": "https://u:p@mirror"}`, "images.registry"),
		written("a key that the program does not know", "tls", `{"mode": "provided", "password": "hunter2"}`, "tls.password"),
		written("an engine's password", "database", `{"url": "redis://:p@h"}`, "database.url"),
		{name: "options of ssh", facts: func(f *Facts) {
			configured("host", "prefect.corp.net")(f)
			f.Config["docker:sshOpts"] = `["-o", "ProxyCommand=sshpass -p hunter2 ssh gate"]`
		}, found: "docker:sshOpts"},
	},
	neverUnknown: "the configuration of a stack is known before anything else",
})

func TestConfiguration_MayHaveSecretsThatAreEncrypted(t *testing.T) {
	rule, _ := find(All(), "secrets-config")
	facts := up(t, "prod").facts
	encrypted("apiPasswordA", "correct horse battery staple")(&facts)
	encrypted("workerSecrets", `{"DB_PASSWORD": "hunter2"}`)(&facts)
	configured("workers", `[{"environment": {"PREFECT_LOGGING_LEVEL": "DEBUG"}, "secretEnvironment": ["DB_PASSWORD"], "image": "registry:5000/flows:1.4.2"}]`)(&facts)
	for _, v := range rule.Judge(facts, Resource{Type: tokens.Stack}) {
		t.Error(v)
	}
}

var _ = prove("secrets-provider", proof{
	fails: []fixture{
		provider("a registry's password", "registryAuth", []any{map[string]any{"address": "r", "username": "u", "password": "hunter2"}}, "registryAuth"),
		provider("the same as JSON", "registryAuth", `[{"address":"r","password":"hunter2"}]`, "registryAuth"),
		provider("a file of logins", "registryAuth", []any{map[string]any{"address": "r", "configFileContent": `{"auths": {}}`}}, "registryAuth"),
		provider("a secret password", "registryAuth", []any{map[string]any{"address": "r", "password": secret("hunter2")}}, "is a Pulumi secret"),
		provider("a key", "keyMaterial", exampleKey, "keymaterial has a private key"),
		provider("a key of another form", "keyMaterial", "any", "keymaterial has a private key"),
		provider("a key as certificate", "certMaterial", exampleKey, "a private key"),
		provider("a host with password", "host", "ssh://me:hunter2@host", "host has a password"),
		provider("a host with an empty user", "host", "tcp://:hunter2@host:2376", "host has a password"),
		provider("a secret host", "host", secret("ssh://me@host"), "host is a Pulumi secret"),
		provider("options of ssh", "sshOpts", []any{"-o", "ProxyCommand=sshpass -p hunter2 ssh gate"}, "sshOpts"),
	},
	unknown: []fixture{provider("the host", "host", property.New(property.Computed), "")},
})

func provider(name, key string, value any, found string) fixture {
	return fixture{name: name, of: tokens.DockerProvider, resource: "engine", change: put(key, value), found: found}
}

var _ = prove("secrets-provider-host-key", proof{
	fails: []fixture{
		provider("the usual spelling", "sshOpts", []any{"-o", "StrictHostKeyChecking=no"}, "stricthostkeychecking no"),
		provider("in one word", "sshOpts", []any{"-oStrictHostKeyChecking=off"}, "stricthostkeychecking off"),
		provider("with a blank", "sshOpts", []any{"-o", "stricthostkeychecking no"}, "stricthostkeychecking no"),
		provider("the first key that comes", "sshOpts", []any{"-o", "StrictHostKeyChecking=accept-new"}, "accept-new"),
		provider("as JSON", "sshOpts", `["-o","StrictHostKeyChecking=no"]`, "stricthostkeychecking no"),
		provider("a memory that forgets", "sshOpts", []any{"-o", "UserKnownHostsFile=/dev/null"}, "userknownhostsfile /dev/null"),
	},
	unknown: []fixture{provider("the options", "sshOpts", property.New(property.Computed), "")},
})
