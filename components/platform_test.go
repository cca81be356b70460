package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/tokens"
)

func run(t *testing.T, change func(*config.Config), options ...pulumi.RunOption) *mocks.Recorder {
	t.Helper()
	c := config.Default()
	c.Edge.Allow = []string{"0.0.0.0/0"}
	change(&c)
	r := &mocks.Recorder{}
	err := r.Run(func(ctx *pulumi.Context) error {
		platform, err := NewPlatform(ctx, c)
		if err != nil {
			return err
		}
		ctx.Export("caCertificate", platform.CACertificate)
		return nil
	}, options...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func unchanged(*config.Config) {}

func TestNewPlatform_ComesToItsEndInAPreviewInWhichEverythingIsUnknown(t *testing.T) {
	r := run(t, unchanged, mocks.Preview)
	for _, name := range []string{"database-server", "cache-server", "prefect-api-0", "prefect-services-0", "prefect-worker-default-0", "proxy-nginx"} {
		r.Find(t, tokens.Container, name)
	}
}

func TestNewPlatform_PublishesPortsOfTheEdgeOnly(t *testing.T) {
	r := run(t, unchanged)
	for _, args := range r.All(tokens.Container) {
		ports, named := args.Inputs["ports"]
		published := named && len(ports.ArrayValue()) > 0
		if published != (args.Name == "proxy-nginx") {
			t.Errorf("%s publishes ports: %v", args.Name, published)
		}
	}
}

func TestNewPlatform_KeepsItsDataWhenTheStackGoes(t *testing.T) {
	r := run(t, unchanged)
	for volume, protected := range map[string]bool{"postgres-18": true, "redis-8": true, "results-default": false, "flow-logs": false} {
		request := r.Find(t, tokens.Volume, volume).RegisterRPC
		if !request.GetRetainOnDelete() {
			t.Errorf("%s is deleted with the stack", volume)
		}
		if request.GetProtect() != protected {
			t.Errorf("%s is protected: %v", volume, request.GetProtect())
		}
	}
}

func TestNewPlatform_ReachesTheDatabaseAsTheActiveSlotOnly(t *testing.T) {
	for slot, want := range map[string]string{"a": "prefect_a:generated-for-database-a@postgres", "b": "prefect_b:generated-for-database-b@postgres"} {
		r := run(t, func(c *config.Config) { c.Rotation.Database = config.Slots{A: 1, B: 1, Active: slot, Keep: true} })
		uploads := r.Find(t, tokens.Container, "prefect-api-files").Inputs["uploads"].String()
		if !strings.Contains(uploads, want) {
			t.Errorf("with slot %s active the API's files lack %s", slot, want)
		}
	}
}

func TestNewPlatform_GivesSecretsToNobodyByTheEnvironment(t *testing.T) {
	r := run(t, unchanged)
	for _, args := range r.All(tokens.Container) {
		for _, key := range []resource.PropertyKey{"envs", "command", "entrypoints", "labels", "healthcheck"} {
			if value := args.Inputs[key]; value.ContainsSecrets() || strings.Contains(value.String(), "generated-for-") {
				t.Errorf("%s of %s holds a secret", key, args.Name)
			}
		}
	}
}

func TestNewPlatform_AddsTheConfiguredNumberOfContainers(t *testing.T) {
	r := run(t, func(c *config.Config) {
		c.API.Replicas, c.Services.Replicas = 3, 2
		c.Workers = []config.Worker{config.DefaultWorker(), {Pool: "GPU", Replicas: 2, Limit: 1, MemoryMiB: 512, CPUs: 1}}
	})
	for _, name := range []string{"prefect-api-2", "prefect-services-1", "prefect-worker-default-0", "prefect-worker-gpu-1"} {
		r.Find(t, tokens.Container, name)
	}
}
