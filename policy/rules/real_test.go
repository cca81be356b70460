package rules

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumitokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/components"
	"prefect-platform/config"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/tokens"
)

// today is the day of all tests but those about dates.
var today = time.Now()

// real is what the program registers for a stack file of this repository.
type real struct {
	facts     Facts
	resources []Resource
	// changed are the places of resources that a fixture changed; what is as it was is known to pass, and need not be judged again. Empty for all.
	changed map[int]bool
}

// up and preview are the real stacks, by name of their stack file: with every value known, and with what a first preview knows.
func up(t testing.TB, stack string) real      { return realStack(t, stack, false) }
func preview(t testing.TB, stack string) real { return realStack(t, stack, true) }

var realStacks sync.Map

func realStack(t testing.TB, stack string, preview bool) real {
	t.Helper()
	type key struct {
		stack   string
		preview bool
	}
	if made, ok := realStacks.Load(key{stack, preview}); ok {
		return made.(real)
	}
	values, secrets := stackConfig(t, stack)
	c, err := config.Parse(values, secrets)
	if err != nil {
		t.Fatal(err)
	}
	certificate, certKey := throwawayCertificate(t, "prefect.corp.net")
	recorder := &mocks.Recorder{Certificate: certificate, Key: certKey}
	var options []pulumi.RunOption
	if preview {
		options = append(options, mocks.Preview)
	}
	err = recorder.Run(func(ctx *pulumi.Context) error {
		_, err := components.NewPlatform(ctx, c)
		return err
	}, options...)
	if err != nil {
		t.Fatal(err)
	}
	made := real{
		facts:     Facts{Production: c.Production, Preview: preview, Today: today, Config: values, Secrets: secrets},
		resources: []Resource{{Type: tokens.Stack, Name: "prefect-platform-" + stack, URN: "urn:pulumi:" + stack + "::prefect-platform::pulumi:pulumi:Stack::prefect-platform-" + stack}},
	}
	for _, args := range recorder.All("") {
		rpc := args.RegisterRPC
		// The mock's own inputs leave out what is unknown.
		inputs, err := plugin.UnmarshalProperties(rpc.GetObject(), plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true})
		if err != nil {
			t.Fatal(err)
		}
		made.resources = append(made.resources, Resource{
			Type: args.TypeToken, Name: args.Name, Parent: rpc.GetParent(),
			URN:                 string(resource.NewURN("dev", "prefect-platform", parentType(rpc.GetParent()), pulumitokens.Type(args.TypeToken), args.Name)),
			Properties:          resource.FromResourcePropertyMap(inputs),
			Protect:             rpc.GetProtect(),
			DeleteBeforeReplace: rpc.GetDeleteBeforeReplace(),
			IgnoreChanges:       rpc.GetIgnoreChanges(),
		})
	}
	realStacks.Store(key{stack, preview}, made)
	return made
}

// monitored ends the name of a stack that has a monitoring and a backup; dev is between the two steps of a rotation of its authority then.
const monitored = "+monitoring"

// certified ends the name of a stack whose certificate an authority is asked for: that of dev by records, that of prod by http.
const certified = "+acme"

// stackConfig reads a stack file of this repository as Pulumi does, and fills in what its owner must.
func stackConfig(t testing.TB, stack string) (values map[string]string, secrets []string) {
	t.Helper()
	stack, asks := strings.CutSuffix(stack, certified)
	stack, watched := strings.CutSuffix(stack, monitored)
	project, err := workspace.LoadProject("../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, err := workspace.LoadProjectStack(nil, project, "../../Pulumi."+stack+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	decrypted, err := file.Config.Decrypt(plain{})
	if err != nil {
		t.Fatal(err)
	}
	values = map[string]string{}
	for key, value := range decrypted {
		values[key.String()] = value
	}
	if stack == "prod" {
		certificate, key := throwawayCertificate(t, "prefect.corp.net")
		values[config.Namespace+":host"] = "prefect.corp.net"
		set(t, values, "edge", "allow", []string{"192.168.1.0/24"})
		set(t, values, "tls", "mode", config.Provided)
		set(t, values, "tls", "certificate", certificate)
		values[config.Namespace+":tlsKey"] = key
		secrets = append(secrets, config.Namespace+":tlsKey")
	}
	if asks {
		values[config.Namespace+":host"] = "prefect.corp.net"
		values[config.Namespace+":tls"] = `{"mode": "acme", "acme": {"directory": "letsencrypt", "email": "team@corp.net"}}`
		delete(values, config.Namespace+":tlsKey")
		secrets = nil
	}
	if asks && stack == "dev" {
		values[config.Namespace+":tls"] = `{"mode": "acme", "acme": {"email": "team@corp.net", "challenge": "dns", "provider": "rfc2136", "settings": {"RFC2136_NAMESERVER": "192.168.1.53:53"}, "resolvers": ["192.168.1.53:53"]}}`
		values[config.Namespace+":acmeSecrets"] = `{"RFC2136_TSIG_SECRET":"gJ7rT2mW9qLx4VbN"}`
		secrets = append(secrets, config.Namespace+":acmeSecrets")
	}
	set(t, values, "monitoring", "enabled", watched)
	set(t, values, "backup", "enabled", watched)
	if watched {
		if stack == "dev" {
			set(t, values, "rotation", "ca", map[string]any{"b": 1, "active": "b", "keep": true, "since": today.Format(time.DateOnly)})
		}
		if stack == "prod" {
			set(t, values, "backup", "repository", "sftp:prefect@backup.corp.net:/srv/prefect")
			set(t, values, "backup", "knownHosts", "backup.corp.net ssh-ed25519 AAAA")
			values[config.Namespace+":backupSecret"] = throwawayKey
			secrets = append(secrets, config.Namespace+":backupSecret")
		}
		set(t, values, "monitoring", "receivers", []any{map[string]any{"name": "team", "kind": config.Webhook}})
		if stack == "prod" {
			set(t, values, "monitoring", "logs", map[string]any{"enabled": true})
		}
		values[config.Namespace+":receiverSecrets"] = `{"team":"https://hooks.corp.net/alert"}`
		values[config.Namespace+":watchdogUrl"] = "https://alive.corp.net/ping"
		secrets = append(secrets, config.Namespace+":receiverSecrets", config.Namespace+":watchdogUrl")
	}
	return values, secrets
}

func set(t testing.TB, values map[string]string, section, key string, value any) {
	t.Helper()
	object := map[string]any{}
	if text := values[config.Namespace+":"+section]; text != "" {
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			t.Fatal(err)
		}
	}
	object[key] = value
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	values[config.Namespace+":"+section] = string(text)
}

// throwawayKey looks like what opens a repository by ssh.
const throwawayKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n-----END OPENSSH PRIVATE KEY-----"

// throwawayCertificate has an authority sign a certificate of 90 days.
func throwawayCertificate(t testing.TB, host string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: today.Add(-time.Hour), NotAfter: today.Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: "an authority"}}, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// plain stands in for a stack's cipher: no stack file of this repository has a secret.
type plain struct{}

func (plain) DecryptValue(_ context.Context, ciphertext string) (string, error) {
	return ciphertext, nil
}

func (plain) BatchDecrypt(_ context.Context, ciphertexts []string) ([]string, error) {
	return ciphertexts, nil
}

func parentType(urn string) pulumitokens.Type {
	if urn == "" || strings.Contains(urn, "::"+tokens.Stack+"::") {
		return ""
	}
	return resource.URN(urn).QualifiedType()
}
