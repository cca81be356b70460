package components

import (
	"slices"
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

// TestNewPlatform_TellsClientsInsideOfTheGenerationThatKnowsTheirCredential holds decision 13.
func TestNewPlatform_TellsClientsInsideOfTheGenerationThatKnowsTheirCredential(t *testing.T) {
	for host, slots := range map[string]config.Slots{
		"prefect-api-a1": {A: 1, Active: "a"},
		"prefect-api-b2": {A: 1, B: 2, Active: "b", Keep: true},
		"prefect-api-a7": {A: 7, B: 2, Active: "a"},
	} {
		r := run(t, func(c *config.Config) { monitored(c); c.Rotation.API = slots })
		names := map[string][]string{}
		for _, network := range r.Find(t, tokens.Container, "prefect-api-0").Inputs["networksAdvanced"].ArrayValue() {
			if aliases, named := network.ObjectValue()["aliases"]; named {
				for _, alias := range aliases.ArrayValue() {
					on := network.ObjectValue()["name"].StringValue()
					names[on[strings.LastIndex(on, "-")+1:]] = append(names[on[strings.LastIndex(on, "-")+1:]], alias.StringValue())
				}
			}
		}
		metrics := strings.Replace(host, "api-", "api-metrics-", 1)
		if !slices.Equal(names["app"], []string{"prefect-api", host}) || !slices.Equal(names["mon"], []string{metrics}) {
			t.Errorf("%s: the API is known as %v", host, names)
		}
		if env := r.Find(t, tokens.Container, "prefect-worker-default-0").Inputs["envs"].String(); !strings.Contains(env, "PREFECT_API_URL=http://"+host+":4200/api") {
			t.Errorf("%s: a worker is told %s", host, env)
		}
		if conf := r.Find(t, tokens.Proxy, "proxy").Inputs["nginxConf"].StringValue(); !strings.Contains(conf, "server "+host+":4200 resolve") {
			t.Errorf("the edge does not lead to %s", host)
		}
		if scraped := uploads(t, r, "monitoring-prometheus-files"); !strings.Contains(scraped, metrics) {
			t.Errorf("%s is not scraped", metrics)
		}
	}
}

// TestNewPlatform_LeadsTheEdgeToTheAPIOnlyWhenItIsThere: an edge that turned first would lead nowhere.
func TestNewPlatform_LeadsTheEdgeToTheAPIOnlyWhenItIsThere(t *testing.T) {
	r := run(t, unchanged)
	for _, urn := range r.Find(t, tokens.Container, "proxy-install").RegisterRPC.GetDependencies() {
		if strings.HasSuffix(urn, "::prefect-api-0") {
			return
		}
	}
	t.Error("its configuration is made current without waiting for the API")
}

// TestNewPlatform_TurnsThePasswordOfRedisWithoutAnotherContainer: its files do not depend on the slots, so that only the job runs again.
func TestNewPlatform_TurnsThePasswordOfRedisWithoutAnotherContainer(t *testing.T) {
	described := func(slots config.Slots) (server, job string) {
		r := run(t, func(c *config.Config) { c.Rotation.Redis = slots })
		return r.Find(t, tokens.Container, "cache-server-files").Inputs["uploads"].String(), r.Find(t, tokens.Container, "cache-accounts-files").Inputs["uploads"].String()
	}
	server, job := described(config.Slots{A: 1, Active: "a"})
	turnedServer, turnedJob := described(config.Slots{A: 1, B: 1, Active: "b", Keep: true})
	if server != turnedServer {
		t.Errorf("Redis would be made anew, from\n%s\nto\n%s", server, turnedServer)
	}
	if job == turnedJob {
		t.Error("nobody would tell Redis of the new password")
	}
}
