package throwaway

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"pgregory.net/rapid"

	"prefect-platform/config"
)

// plain decrypts what a test has "encrypted" by this scheme, which takes no time.
type plain struct{ pulumiconfig.Crypter }

func (plain) EncryptValue(_ context.Context, text string) (string, error) {
	return "fresh(" + text + ")", nil
}

func (plain) DecryptValue(_ context.Context, text string) (string, error) {
	inner, ok := strings.CutPrefix(text, "fresh(")
	if !ok {
		return "", fmt.Errorf("%q is not of this file", text)
	}
	return strings.TrimSuffix(inner, ")"), nil
}

func (p plain) BatchDecrypt(ctx context.Context, texts []string) ([]string, error) {
	return pulumiconfig.DefaultBatchDecrypt(ctx, p, texts)
}

// made is what the program would be given of a stack file: the throwaway file, read as Pulumi reads it.
type made struct {
	text    string
	instead string
	values  map[string]string
	secrets []string
	problem error
}

func throwAway(t testing.TB, text string) made {
	t.Helper()
	file, err := rewrite([]byte(text), plain{}, "v1:salt", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return read(t, file, plain{})
}

func read(t testing.TB, file File, crypter pulumiconfig.Decrypter) made {
	t.Helper()
	path := t.TempDir() + "/Pulumi.x.yaml"
	if err := os.WriteFile(path, file.Text, 0o600); err != nil {
		t.Fatal(err)
	}
	project, err := workspace.LoadProject("../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	stack, err := workspace.LoadProjectStack(nil, project, path)
	if err != nil {
		t.Fatalf("%v\n%s", err, file.Text)
	}
	decrypted, err := stack.Config.Decrypt(crypter)
	if err != nil {
		t.Fatalf("%v\n%s", err, file.Text)
	}
	m := made{text: string(file.Text), instead: strings.Join(file.Instead, "\n"), values: map[string]string{}}
	for key, value := range decrypted {
		m.values[key.String()] = value
	}
	for _, key := range stack.Config.SecureKeys() {
		m.secrets = append(m.secrets, key.String())
	}
	_, m.problem = config.Parse(m.values, m.secrets)
	return m
}

func (m made) value(name string) string { return m.values[config.Namespace+":"+name] }

func TestNew_MakesTheStackFilesOfThisRepositoryValid(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		text, err := os.ReadFile("../../Pulumi." + stack + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if m := throwAway(t, string(text)); m.problem != nil {
			t.Errorf("%s: %v\n%s", stack, m.problem, m.text)
		}
	}
}

// The passphrase and the salt are those of the real CLI: it can open the file.
func TestNew_EncryptsUnderThePassphrase(t *testing.T) {
	file, err := New([]byte("config:\n  prefect-platform:apiPasswordA:\n    secure: v1:xxxx\n  prefect-platform:edge: {allow: [10.0.0.0/8]}\n"), "open sesame", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Salt string `yaml:"encryptionsalt"`
	}
	unmarshal(t, file.Text, &parsed)
	parts := strings.SplitN(parsed.Salt, ":", 3)
	if len(parts) != 3 || parts[0] != "v1" {
		t.Fatalf("salt %q", parsed.Salt)
	}
	crypter := pulumiconfig.NewSymmetricCrypterFromPassphrase("open sesame", base64Decoded(t, parts[1]))
	if known, err := crypter.DecryptValue(t.Context(), parts[2]); known != "pulumi" || err != nil {
		t.Errorf("the CLI would call the passphrase wrong: %q, %v", known, err)
	}
	m := read(t, file, crypter)
	if m.problem != nil || len(m.value("apiPasswordA")) < 32 || !slices.Contains(m.secrets, "prefect-platform:apiPasswordA") {
		t.Errorf("%v, %d characters, secrets %v", m.problem, len(m.value("apiPasswordA")), m.secrets)
	}
}

func TestNew_NeedsNoKeyOfTheStack(t *testing.T) {
	for name, owner := range map[string]string{
		"passphrase": "encryptionsalt: v1:AAAA:v1:BBBB:CCCC\n",
		"KMS":        "secretsprovider: awskms://alias/prefect?region=eu-central-1\nencryptedkey: AQICAHh\n",
		"account":    "environment: [prod-secrets]\n",
	} {
		m := throwAway(t, owner+"config:\n  prefect-platform:edge: {allow: [10.0.0.0/8]}\n  prefect-platform:redisPasswordA: {secure: AAAB}\n")
		for _, foreign := range []string{"BBBB", "AAAB", "awskms", "AQICAHh", "prod-secrets"} {
			if strings.Contains(m.text, foreign) {
				t.Errorf("%s: %q is still there:\n%s", name, foreign, m.text)
			}
		}
		if m.problem != nil {
			t.Errorf("%s: %v", name, m.problem)
		}
	}
}

func TestNew_GivesEverySecretTheRightShape(t *testing.T) {
	const workers = "  prefect-platform:workers:\n    - {pool: a, secretEnvironment: [TOKEN, DSN]}\n    - {pool: b, secretEnvironment: [TOKEN]}\n"
	for name, secrets := range map[string]string{
		"worker secrets encrypted as a whole":     "  prefect-platform:workerSecrets: {secure: AAAB}\n",
		"worker secrets encrypted one by one":     "  prefect-platform:workerSecrets:\n    TOKEN: {secure: AAAB}\n    DSN: {secure: AAAC}\n",
		"secrets of receivers one by one":         "  prefect-platform:workerSecrets: {secure: A}\n  prefect-platform:monitoring: {receivers: [{name: team, kind: slack}]}\n  prefect-platform:receiverSecrets: {team: {secure: AAAB}}\n",
		"secrets of receivers as a whole":         "  prefect-platform:workerSecrets: {secure: A}\n  prefect-platform:monitoring: {receivers: [{name: team, kind: pagerduty}, {name: mail, kind: email, to: a@b.net, from: a@b.net, server: 'b.net:25'}]}\n  prefect-platform:receiverSecrets: {secure: AAAB}\n  prefect-platform:watchdogUrl: {secure: AAAC}\n",
		"passwords":                               "  prefect-platform:workerSecrets: {secure: AAAB}\n  prefect-platform:databasePasswordA: {secure: AA}\n  prefect-platform:databasePasswordB: {secure: AA}\n",
		"a network in a list":                     "  prefect-platform:workerSecrets: {secure: AAAB}\n  prefect-platform:edge: {allow: [{secure: AAAC}]}\n",
		"a number, which its default replaces":    "  prefect-platform:workerSecrets: {secure: AAAB}\n  prefect-platform:redis: {memoryMiB: {secure: AAAC}}\n",
		"an object, which its default replaces":   "  prefect-platform:workerSecrets: {secure: AAAB}\n  prefect-platform:api: {secure: AAAC}\n",
		"an item that nothing can stand in for":   "  prefect-platform:workerSecrets: {secure: AAAB}\n  prefect-platform:images: {override: {redis: {secure: AAAC}}}\n",
		"secrets of a DNS provider one by one":    "  prefect-platform:workerSecrets: {secure: A}\n  prefect-platform:host: prefect.b.net\n  prefect-platform:tls: {mode: acme, acme: {email: a@b.net, challenge: dns, provider: cloudflare}}\n  prefect-platform:acmeSecrets: {CF_DNS_API_TOKEN: {secure: AAAB}}\n",
		"secrets of a DNS provider as a whole":    "  prefect-platform:workerSecrets: {secure: A}\n  prefect-platform:host: prefect.b.net\n  prefect-platform:tls: {mode: acme, acme: {email: a@b.net, challenge: dns, provider: cloudflare}}\n  prefect-platform:acmeSecrets: {secure: AAAB}\n",
		"a backup elsewhere":                      "  prefect-platform:workerSecrets: {secure: AAAB}\n  prefect-platform:backup: {enabled: true, repository: 's3:https://s3.corp.net/b/p', user: ID}\n  prefect-platform:backupSecret: {secure: AAAC}\n",
		"an engine":                               "  prefect-platform:workerSecrets: {secure: AAAB}\n  docker:host: {secure: AAAC}\n  docker:sshOpts: {secure: AAAD}\n",
		"a proxy and hosts that are reached past": "  prefect-platform:workerSecrets: {secure: AAAB}\n  prefect-platform:egress: {proxy: {secure: A}, noProxy: [{secure: B}]}\n",
	} {
		m := throwAway(t, "config:\n"+workers+secrets)
		if m.problem != nil {
			t.Errorf("%s: %v\n%s", name, m.problem, m.text)
		}
		var values map[string]string
		if err := json.Unmarshal([]byte(m.value("workerSecrets")), &values); err != nil || len(values) != 2 || values["TOKEN"] == values["DSN"] {
			t.Errorf("%s: worker secrets %q: %v", name, m.value("workerSecrets"), err)
		}
		if strings.Contains(m.text, "secure: AA") {
			t.Errorf("%s: something is still encrypted with the stack's key:\n%s", name, m.text)
		}
	}
}

func TestNew_FillsInWhatOnlyItsOwnerKnows(t *testing.T) {
	m := throwAway(t, "config:\n  prefect-platform:production: true\n  prefect-platform:host: prefect.example.com\n  prefect-platform:edge: {allow: [], hsts: true, address: 0.0.0.0}\n  prefect-platform:api: {replicas: 2}\n  prefect-platform:database: {maxConnections: 200, memoryMiB: 2048}\n")
	if m.problem != nil {
		t.Error(m.problem)
	}
	if !strings.Contains(m.instead, "host: ") || !strings.Contains(m.instead, "edge.allow: ") {
		t.Errorf("it does not say so: %s", m.instead)
	}
}

func TestNew_LeavesWrongValuesToBeRefused(t *testing.T) {
	for key, text := range map[string]string{
		"host":            "prefect-platform:host: https://prefect.corp.net/",
		"edge.allow[0]":   "prefect-platform:edge: {allow: [anywhere]}",
		"edge.allow":      "prefect-platform:edge: {allow: everybody}",
		"tlsKey":          "prefect-platform:tlsKey: in plain sight",
		"docker:host":     "docker:host: engine1",
		"docker:sshOpts":  "docker:sshOpts: [-v]\n  docker:host: unix:///x",
		"databse":         "prefect-platform:databse: {memoryMiB: 1}",
		"tls.certificate": "prefect-platform:tls: {mode: provided, certificate: none}\n  prefect-platform:tlsKey: {secure: A}",
	} {
		m := throwAway(t, "config:\n  "+text+"\n")
		if m.problem == nil || !strings.Contains(m.problem.Error(), "  "+key+": found ") {
			t.Errorf("%s: %v\n%s", text, m.problem, m.text)
		}
	}
}

func TestNew_NamesAnEngineThatNobodyReaches(t *testing.T) {
	for _, engine := range []string{"", "docker:host: ssh://deploy@docker1.corp.net", "docker:host: tcp://docker1.corp.net:2376\n  docker:certPath: /certs", "docker:context: corp", "docker:host: unix:///var/run/docker.sock", "docker:host: {secure: A}"} {
		m := throwAway(t, "config:\n  prefect-platform:edge: {allow: [10.0.0.0/8]}\n  "+engine+"\n")
		host := m.values["docker:host"]
		if m.problem != nil || !strings.Contains(host, nowhere) && host != "unix:///nowhere/docker.sock" || m.values["docker:context"] != "" {
			t.Errorf("%s: host %q, %v", engine, host, m.problem)
		}
	}
}

// Whatever is encrypted, wherever: nothing of it is left, and nothing else is changed.
func TestNew_LeavesNoCiphertextAndChangesNothingElse(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		secret := 0
		value := rapid.Deferred(func() *rapid.Generator[any] { return tree(&secret) })
		object := rapid.MapOfN(rapid.StringMatching(`[a-z]{1,6}`), value, 0, 5).Draw(r, "object")
		object["kept"] = "2026-11-23" // a text that YAML would take for a date
		encoded, err := json.Marshal(map[string]any{"config": map[string]any{"other:object": object}})
		if err != nil {
			r.Fatal(err)
		}
		file, err := rewrite(encoded, plain{}, "v1:salt", time.Now())
		if err != nil {
			r.Fatal(err)
		}
		if strings.Contains(string(file.Text), "ciphertext") {
			r.Fatalf("%s\n%s", encoded, file.Text)
		}
		var parsed struct{ Config map[string]any }
		unmarshal(t, file.Text, &parsed)
		want := mustJSON(t, without(object))
		if got := mustJSON(t, parsed.Config["other:object"]); got != want {
			r.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}
