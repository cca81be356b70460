// Package mocks records what a program would register, for the tests of components.
package mocks

import (
	"cmp"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/tokens"
)

// Recorder is a resource monitor that registers nothing. The zero value is ready to use.
type Recorder struct {
	// ExitCode is that of every job.
	ExitCode int
	// Certificate and Key are what the tls provider would make, in PEM; empty for a text that is none.
	Certificate, Key string

	preview    bool
	mutex      sync.Mutex
	registered []pulumi.MockResourceArgs
}

// NewResource gives a resource what a provider would add to its inputs.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.registered = append(r.registered, args)
	outputs := args.Inputs.Copy()
	if r.preview && args.TypeToken != tokens.PrivateKey { // whose key is an input of others, and the SDK's mock cannot read one that is both secret and unknown
		// What is not returned is unknown: what a provider would add, and what depends on that.
		maps.DeleteFunc(outputs, func(_ resource.PropertyKey, value resource.PropertyValue) bool { return value.ContainsUnknowns() })
		return "", outputs, nil
	}
	switch args.TypeToken {
	case tokens.Password:
		outputs["result"] = resource.MakeSecret(resource.NewProperty(generated(args.Name)))
	case tokens.PrivateKey:
		outputs["privateKeyPem"] = resource.MakeSecret(resource.NewProperty(cmp.Or(r.Key, "a private key")))
	case tokens.CertRequest:
		outputs["certRequestPem"] = resource.NewProperty("a request")
	case tokens.SelfSignedCert, tokens.LocallySignedCert:
		outputs["certPem"] = resource.NewProperty(cmp.Or(r.Certificate, "the certificate of "+args.Name))
	case tokens.Container:
		outputs["exitCode"] = resource.NewProperty(float64(r.ExitCode))
		outputs["containerLogs"] = resource.NewProperty("the container's log")
	}
	return args.Name + "-id", outputs, nil
}

func generated(name string) string {
	if strings.HasSuffix(name, "-salt") {
		return "saltsaltsaltsalt" // what crypt accepts as a salt
	}
	return "generated-for-" + name
}

// Call answers no function: the platform calls none.
func (*Recorder) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

// All returns everything of a type, or everything at all for "".
func (r *Recorder) All(token string) []pulumi.MockResourceArgs {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var all []pulumi.MockResourceArgs
	for _, args := range r.registered {
		if token == "" || args.TypeToken == token {
			all = append(all, args)
		}
	}
	return all
}

// Find returns the one resource of a type and name.
func (r *Recorder) Find(t *testing.T, token, name string) pulumi.MockResourceArgs {
	t.Helper()
	for _, args := range r.All(token) {
		if args.Name == name {
			return args
		}
	}
	t.Fatalf("no %s named %s among %d resources", token, name, len(r.All("")))
	return pulumi.MockResourceArgs{}
}

// Run runs a program against the recorder.
func (r *Recorder) Run(program pulumi.RunFunc, options ...pulumi.RunOption) error {
	var info pulumi.RunInfo
	for _, option := range options {
		option(&info)
	}
	r.preview = info.DryRun
	return pulumi.RunErr(program, append(options, pulumi.WithMocks("prefect-platform", "dev", r))...)
}

// Preview makes a run a preview: what the recorder adds to the inputs is unknown.
func Preview(info *pulumi.RunInfo) { info.DryRun = true }
