package workload

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/tokens"
)

func register(add func(ctx *pulumi.Context, e *Engine) error) (*mocks.Recorder, error) {
	r := &mocks.Recorder{}
	return r, registerWith(r, add)
}

func registerWith(r *mocks.Recorder, add func(ctx *pulumi.Context, e *Engine) error) error {
	return r.Run(func(ctx *pulumi.Context) error {
		engine, err := NewEngine(ctx, config.Engine{}, "UTC")
		if err != nil {
			return err
		}
		return add(ctx, engine)
	})
}

func example(order Order) Spec {
	return Spec{
		Role:      "example",
		Image:     "example:1.2.3",
		User:      "999:999",
		Files:     map[string]File{"conf": Text("plain"), "key": SecretText(pulumi.String("hidden"))},
		Networks:  []Network{{Name: pulumi.String("app"), Aliases: []string{"example"}}},
		Ports:     []Port{{Address: "127.0.0.1", Published: 8443, Internal: 8443}, {Address: "127.0.0.1", Published: 8080, Internal: 8080}},
		Health:    Health{Command: []string{"true"}, Interval: time.Minute},
		MemoryMiB: 64,
		CPUs:      0.5,
		Grace:     time.Minute,
		Order:     order,
	}
}

func TestRun_GivesEveryContainerTheHardenedShape(t *testing.T) {
	r, err := register(func(ctx *pulumi.Context, e *Engine) error {
		_, err := Run(ctx, e, "it", example(StopFirst))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := r.Find(t, tokens.Container, "it").Inputs
	for key, want := range map[string]resource.PropertyValue{
		"readOnly":            resource.NewProperty(true),
		"init":                resource.NewProperty(true),
		"user":                resource.NewProperty("999:999"),
		"capabilities":        resource.NewProperty(resource.PropertyMap{"drops": resource.NewProperty([]resource.PropertyValue{resource.NewProperty("ALL")})}),
		"securityOpts":        resource.NewProperty([]resource.PropertyValue{resource.NewProperty("no-new-privileges:true")}),
		"memory":              resource.NewProperty(64.0),
		"memorySwap":          resource.NewProperty(64.0),
		"cpus":                resource.NewProperty("0.5"),
		"destroyGraceSeconds": resource.NewProperty(60.0),
		"stopTimeout":         resource.NewProperty(60.0),
		"restart":             resource.NewProperty("unless-stopped"),
		"wait":                resource.NewProperty(true),
		"logDriver":           resource.NewProperty("local"),
		"name":                resource.NewProperty("prefect-dev-example"),
	} {
		if !got[resource.PropertyKey(key)].DeepEquals(want) {
			t.Errorf("%s is %v, want %v", key, got[resource.PropertyKey(key)], want)
		}
	}
	if interval := got["healthcheck"].ObjectValue()["interval"].StringValue(); interval != "1m0s" {
		t.Errorf("interval is spelled %q; the provider reads back 1m0s and would replace the container for ever", interval)
	}
	for _, key := range []resource.PropertyKey{"entrypoints", "command"} {
		if value, set := got[key]; set {
			t.Errorf("%s is %v; what the spec leaves to the image must be left out", key, value)
		}
	}
	if first := got["ports"].ArrayValue()[0].ObjectValue()["internal"].NumberValue(); first != 8080 {
		t.Errorf("the first port is %v; the provider reads them back in ascending order", first)
	}
}

func TestEveryContainer_KeepsABoundedLogOnTheEngine(t *testing.T) {
	r, err := register(func(ctx *pulumi.Context, e *Engine) error {
		if _, err := Job(ctx, e, "once", example(StopFirst)); err != nil {
			return err
		}
		_, err := Run(ctx, e, "it", example(StartFirst))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]bool{}
	for _, c := range r.All(tokens.Container) {
		if driver := c.Inputs["logDriver"]; driver != resource.NewProperty("local") {
			t.Errorf("%s has the log driver %v", c.Name, driver)
		}
		want := resource.PropertyMap{"max-size": resource.NewProperty("10m"), "max-file": resource.NewProperty("5")}
		if options := c.Inputs["logOpts"]; !options.DeepEquals(resource.NewProperty(want)) {
			t.Errorf("%s has the log options %v", c.Name, options)
		}
		roles[c.Name] = true
	}
	if len(roles) != 4 { // two that run, and a holder of files for each
		t.Errorf("containers: %v", roles)
	}
}

func TestEveryContainer_TellsTheCollectorOfItsLinesAndKeepsThemToo(t *testing.T) {
	r, err := register(func(ctx *pulumi.Context, e *Engine) error {
		e.Logs = netip.MustParseAddrPort("10.213.5.254:5514")
		collector := example(StopFirst)
		collector.LogStays = true
		if _, err := Run(ctx, e, "collector", collector); err != nil {
			return err
		}
		if _, err := Job(ctx, e, "once", example(StopFirst)); err != nil {
			return err
		}
		_, err := Run(ctx, e, "it", example(StartFirst))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := resource.NewPropertyMapFromMap(map[string]any{
		"syslog-address": "udp://10.213.5.254:5514", "syslog-format": "rfc5424micro", "tag": "example/{{.Name}}",
		"cache-disabled": "false", "cache-max-size": "10m", "cache-max-file": "5",
	})
	for name, driver := range map[string]string{"once": "syslog", "it-0": "syslog", "collector": "local"} {
		got := r.Find(t, tokens.Container, name).Inputs
		if got["logDriver"].StringValue() != driver || driver == "syslog" && !got["logOpts"].DeepEquals(resource.NewProperty(want)) {
			t.Errorf("%s has the log driver %v with %v", name, got["logDriver"], got["logOpts"])
		}
	}
}

func TestRun_AsksAnImageWithoutAShellDirectly(t *testing.T) {
	r, err := register(func(ctx *pulumi.Context, e *Engine) error {
		s := example(StopFirst)
		s.Health.Command, s.Health.NoShell = []string{"/usr/bin/loki", "-health"}, true
		_, err := Run(ctx, e, "it", s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := r.Find(t, tokens.Container, "it").Inputs["healthcheck"].ObjectValue()["tests"]
	if want := []any{"CMD", "/usr/bin/loki", "-health"}; !tests.DeepEquals(resource.NewPropertyValue(want)) {
		t.Errorf("its health check is %v", tests)
	}
}

func TestRun_ReplacesOwnersOfAVolumeStopFirstAndOthersStartFirst(t *testing.T) {
	for name, each := range map[string]struct {
		order       Order
		container   string
		deleteFirst bool
		fixedName   bool
	}{
		"stop first":  {StopFirst, "it", true, true},
		"start first": {StartFirst, "it-0", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := register(func(ctx *pulumi.Context, e *Engine) error {
				_, err := Run(ctx, e, "it", example(each.order))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			request := r.Find(t, tokens.Container, each.container).RegisterRPC
			if !request.DeleteBeforeReplaceDefined || request.DeleteBeforeReplace != each.deleteFirst {
				t.Errorf("deleteBeforeReplace is %v (defined: %v)", request.DeleteBeforeReplace, request.DeleteBeforeReplaceDefined)
			}
			if len(request.ReplaceOnChanges) != 1 || request.ReplaceOnChanges[0] != "*" {
				t.Errorf("replaceOnChanges is %v", request.ReplaceOnChanges)
			}
			if _, named := r.Find(t, tokens.Container, each.container).Inputs["name"]; named != each.fixedName {
				t.Errorf("has a fixed name: %v", named)
			}
		})
	}
}

func volumeOf(t *testing.T, spec Spec) string {
	t.Helper()
	r, err := register(func(ctx *pulumi.Context, e *Engine) error {
		_, err := Run(ctx, e, "it", spec)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	name := r.Find(t, tokens.Volume, "it-files").Inputs["name"]
	if name.ContainsSecrets() {
		t.Errorf("the volume's name %v is secret, so that nobody could see it in a preview", name)
	}
	return name.StringValue()
}

func TestRun_NamesTheFilesVolumeByWhatItHolds(t *testing.T) {
	first := volumeOf(t, example(StopFirst))
	if again := volumeOf(t, example(StopFirst)); again != first {
		t.Errorf("the same files are on %s and on %s", first, again)
	}
	for name, change := range map[string]File{
		"content": Text("other"),
		"mode":    {Content: pulumi.String("plain"), Mode: Executable},
	} {
		other := example(StopFirst)
		other.Files = map[string]File{"conf": change, "key": other.Files["key"]}
		if got := volumeOf(t, other); got == first {
			t.Errorf("another %s is still on %s", name, got)
		}
	}
	if strings.Contains(first, "hidden") {
		t.Errorf("%s shows a secret", first)
	}
}

func TestRun_KeepsSecretsSecretUntilTheyAreUploaded(t *testing.T) {
	secret := example(StopFirst)
	secret.Files["key"] = SecretText(pulumi.ToSecret(pulumi.String("hidden")).(pulumi.StringOutput))
	r, err := register(func(ctx *pulumi.Context, e *Engine) error {
		_, err := Run(ctx, e, "it", secret)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if uploads := r.Find(t, tokens.Container, "it-files").Inputs["uploads"]; !uploads.ContainsSecrets() {
		t.Errorf("uploads are not secret: %v", uploads)
	}
	for key, value := range r.Find(t, tokens.Container, "it").Inputs {
		if value.ContainsSecrets() || strings.Contains(value.String(), "hidden") {
			t.Errorf("%s of the running container holds a secret", key)
		}
	}
}

func TestJob_FailsWithItsLog(t *testing.T) {
	r := &mocks.Recorder{ExitCode: 3}
	err := registerWith(r, func(ctx *pulumi.Context, e *Engine) error {
		job, err := Job(ctx, e, "migrate", example(StopFirst))
		if err != nil {
			return err
		}
		_, err = Run(ctx, e, "after", example(StartFirst), pulumi.DependsOnInputs(job.Done))
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "migrate failed with exit code 3") || !strings.Contains(err.Error(), "the container's log") {
		t.Fatalf("got %v", err)
	}
	for _, container := range r.All(tokens.Container) {
		if container.Name == "after-0" {
			t.Error("what depends on the job was made although the job failed")
		}
	}
}

func TestJob_RunsAgainOnAnotherVolumeOfTheDatabase(t *testing.T) {
	for _, volume := range []string{"postgres-18", "postgres-2-18"} {
		r, err := register(func(ctx *pulumi.Context, e *Engine) error {
			e.Database = volume
			_, err := Job(ctx, e, "migrate", example(StopFirst))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if envs := r.Find(t, tokens.Container, "migrate").Inputs["envs"].String(); !strings.Contains(envs, "DATABASE_VOLUME="+volume+"}") {
			t.Errorf("%s: told of it: %s", volume, envs)
		}
	}
}

func TestRun_RefusesAnIncompleteSpecBeforeAnythingIsRegistered(t *testing.T) {
	for name, spoil := range map[string]func(*Spec){
		"no role":      func(s *Spec) { s.Role = "" },
		"no image":     func(s *Spec) { s.Image = "" },
		"root":         func(s *Spec) { s.User = "0:0" },
		"no memory":    func(s *Spec) { s.MemoryMiB = 0 },
		"no health":    func(s *Spec) { s.Health.Command = nil },
		"port of all":  func(s *Spec) { s.Ports[0].Address = "" },
		"empty file":   func(s *Spec) { s.Files["conf"] = File{Mode: Public} },
		"modeless":     func(s *Spec) { s.Files["conf"] = File{Content: pulumi.String("")} },
		"two of a one": func(s *Spec) { s.Replicas = 2 },
		"IPv6":         func(s *Spec) { s.Networks[0].Address = netip.MustParseAddr("fd00::1") },
		"two of an IP": func(s *Spec) { s.Networks[0].Address, s.Order = netip.MustParseAddr("10.0.0.1"), StartFirst },
	} {
		t.Run(name, func(t *testing.T) {
			spec := example(StopFirst)
			spoil(&spec)
			r, err := register(func(ctx *pulumi.Context, e *Engine) error {
				_, err := Run(ctx, e, "it", spec)
				return err
			})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, args := range r.All("") {
				if strings.HasPrefix(args.TypeToken, "docker:") {
					t.Errorf("%s %s was registered", args.TypeToken, args.Name)
				}
			}
		})
	}
}

func TestCPUs_AreSpelledAsTheProviderReadsThemBack(t *testing.T) {
	for cores, want := range map[float64]string{1: "1.0", 0.5: "0.5", 2.25: "2.25", 12: "12.0"} {
		if got := cpus(cores); got != want {
			t.Errorf("%v cores are spelled %q, want %q", cores, got, want)
		}
	}
}
