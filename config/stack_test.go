package config

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"gopkg.in/yaml.v3"
)

// asHandedOver reads a stack file with Pulumi's own code and returns what a program would get in its environment.
// A secret is written as {secure: text}: no cipher is involved.
func asHandedOver(t testing.TB, stack string) (values map[string]string, secretKeys []string) {
	t.Helper()
	file, err := workspace.LoadProjectStackBytes(nil, &workspace.Project{Name: Namespace}, []byte(stack), "Pulumi.test.yaml", encoding.YAML)
	if err != nil {
		t.Fatalf("not a stack file: %v\n%s", err, stack)
	}
	decrypted, err := file.Config.Decrypt(plain{})
	if err != nil {
		t.Fatal(err)
	}
	values = map[string]string{}
	for key, value := range decrypted {
		values[key.String()] = value
	}
	for _, key := range file.Config.SecureKeys() {
		secretKeys = append(secretKeys, key.String())
	}
	return values, secretKeys
}

// plain stands in for a stack's cipher.
type plain struct{}

func (plain) DecryptValue(_ context.Context, ciphertext string) (string, error) {
	return ciphertext, nil
}

func (plain) BatchDecrypt(_ context.Context, ciphertexts []string) ([]string, error) {
	return ciphertexts, nil
}

// small is a stack that is right: a case adds to it what is to be wrong.
const small = `
edge: {allow: [192.168.1.0/24]}
`

// unwatched is right under the rules of production, but for who is told of alerts.
const unwatched = `
production: true
host: prefect.corp.net
edge: {address: 0.0.0.0, hsts: true, allow: [192.168.1.0/24]}
database: {maxConnections: 120}
api: {replicas: 2}
backup: {repository: "rest:https://backup.corp.net/prefect"}
`

// large is right under the rules of production.
const large = unwatched + `
monitoring: {receivers: [{name: team, kind: webhook}]}
receiverSecrets: {team: {secure: https://hooks.corp.net/x}}
watchdogUrl: {secure: https://alive.corp.net/x}
`

// merged lays one stack over another: objects are merged, all else is replaced.
func merged(t testing.TB, base, change string) string {
	t.Helper()
	under, over := map[string]any{}, map[string]any{}
	for text, into := range map[string]*map[string]any{base: &under, change: &over} {
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	return marshal(t, map[string]any{"config": mergeMaps(under, over)})
}

func marshal(t testing.TB, stack map[string]any) string {
	t.Helper()
	text, err := yaml.Marshal(stack)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mergeMaps(under, over map[string]any) map[string]any {
	for key, value := range over {
		below, isMap := under[key].(map[string]any)
		if above, ok := value.(map[string]any); ok && isMap {
			value = mergeMaps(below, above)
		}
		under[key] = value
	}
	return under
}
