package prefect

import (
	"net/netip"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/images"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/sqlexporter"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

func example(engine *workload.Engine) Args {
	c := config.Default()
	return Args{
		Engine:     engine,
		Image:      images.Resolve(c.Images, images.Prefect),
		PublicURL:  "https://prefect.example.org",
		API:        c.API,
		Services:   c.Services,
		Workers:    c.Workers,
		Retention:  c.Database,
		Networks:   Networks{App: pulumi.String("app"), DB: pulumi.String("db"), Egress: pulumi.String("egress")},
		AppSubnet:  netip.MustParsePrefix("10.213.1.0/24"),
		Slot:       "a",
		Generation: 1,
		Secrets: Secrets{
			DatabaseURL:   pulumi.ToSecret(pulumi.String("the-database-url")).(pulumi.StringOutput),
			AuthString:    pulumi.ToSecret(pulumi.String("prefect:the-password")).(pulumi.StringOutput),
			DocketURL:     pulumi.ToSecret(pulumi.String("the-docket-url")).(pulumi.StringOutput),
			RedisPassword: pulumi.ToSecret(pulumi.String("the-redis-password")).(pulumi.StringOutput),
			Workers:       map[string]string{"WAREHOUSE_TOKEN": "the-token"},
		},
		After: pulumi.ToResourceArray(nil).ToResourceArrayOutput(),
	}
}

func register(t *testing.T, change func(*Args), options ...pulumi.RunOption) (*mocks.Recorder, error) {
	t.Helper()
	r := &mocks.Recorder{}
	err := r.Run(func(ctx *pulumi.Context) error {
		engine, err := workload.NewEngine(ctx, config.Engine{}, "UTC")
		if err != nil {
			return err
		}
		args := example(engine)
		change(&args)
		_, err = New(ctx, "prefect", args)
		return err
	}, options...)
	return r, err
}

func mustRegister(t *testing.T, change func(*Args), options ...pulumi.RunOption) *mocks.Recorder {
	t.Helper()
	r, err := register(t, change, options...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func unchanged(*Args) {}

func environment(t *testing.T, r *mocks.Recorder, name string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, line := range r.Find(t, tokens.Container, name).Inputs["envs"].ArrayValue() {
		key, value, _ := strings.Cut(line.StringValue(), "=")
		env[key] = value
	}
	return env
}

func networks(t *testing.T, r *mocks.Recorder, name string) []string {
	t.Helper()
	var names []string
	for _, each := range r.Find(t, tokens.Container, name).Inputs["networksAdvanced"].ArrayValue() {
		names = append(names, each.ObjectValue()["name"].StringValue())
	}
	return names
}

func TestNew_PutsEachPartOnTheNetworksItNeedsAndNoOther(t *testing.T) {
	r := mustRegister(t, unchanged)
	for container, want := range map[string][]string{
		"prefect-migrate":          {"app", "db"},
		"prefect-api-0":            {"app", "db"},
		"prefect-services-0":       {"app", "db", "egress"},
		"prefect-bootstrap":        {"app"},
		"prefect-worker-default-0": {"app", "egress"},
	} {
		if got := networks(t, r, container); !slices.Equal(got, want) {
			t.Errorf("%s is on %v, want %v", container, got, want)
		}
	}
}

func TestNew_KeepsEverySharedStateInRedis(t *testing.T) {
	r := mustRegister(t, unchanged)
	for _, container := range []string{"prefect-api-0", "prefect-services-0", "prefect-migrate"} {
		env := environment(t, r, container)
		for name, want := range map[string]string{
			"PREFECT_SERVER_EVENTS_MESSAGING_BROKER":              "prefect_redis.messaging",
			"PREFECT_SERVER_EVENTS_MESSAGING_CACHE":               "prefect_redis.messaging",
			"PREFECT_SERVER_EVENTS_CAUSAL_ORDERING":               "prefect_redis.ordering",
			"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE":            "prefect_redis.lease_storage",
			"PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": "prefect_redis.cleanup_queue",
			"PREFECT_REDIS_WORKER_CLEANUP_QUEUE_HOST":             "redis",
			"PREFECT_SERVER_DATABASE_MIGRATE_ON_START":            "false",
			"PREFECT_SERVER_ANALYTICS_ENABLED":                    "false",
			"PREFECT_SERVER_EPHEMERAL_ENABLED":                    "false",
		} {
			if env[name] != want {
				t.Errorf("%s: %s is %q, want %q", container, name, env[name], want)
			}
		}
	}
}

func TestNew_HandsSecretsOverInFilesOnly(t *testing.T) {
	r := mustRegister(t, func(a *Args) { a.Workers[0].SecretEnvironment = []string{"WAREHOUSE_TOKEN"} })
	for _, args := range r.All(tokens.Container) {
		for key, value := range args.Inputs {
			if key == "uploads" {
				continue
			}
			if value.ContainsSecrets() || strings.Contains(value.String(), "the-") {
				t.Errorf("%s of %s holds a secret: %v", key, args.Name, value)
			}
		}
	}
	for holder, want := range map[string]string{
		"prefect-api-files":            "the-database-url",
		"prefect-services-files":       "the-redis-password",
		"prefect-worker-default-files": "the-token",
	} {
		uploads := r.Find(t, tokens.Container, holder).Inputs["uploads"]
		if !strings.Contains(uploads.String(), want) {
			t.Errorf("%s lacks %s", holder, want)
		}
		for _, upload := range uploads.ArrayValue() {
			file := upload.ObjectValue()
			if file["content"].ContainsSecrets() && file["permissions"].StringValue() != "0440" {
				t.Errorf("%s holds a secret with mode %s", file["file"].StringValue(), file["permissions"].StringValue())
			}
		}
	}
}

func TestNew_GivesAWorkerNothingOfTheDatabase(t *testing.T) {
	r := mustRegister(t, unchanged)
	uploads := r.Find(t, tokens.Container, "prefect-worker-default-files").Inputs["uploads"].String()
	for _, secret := range []string{"the-database-url", "the-redis-password", "the-docket-url"} {
		if strings.Contains(uploads, secret) {
			t.Errorf("a worker holds %s", secret)
		}
	}
}

func TestNew_LetsAWorkerFinishItsFlows(t *testing.T) {
	r := mustRegister(t, func(a *Args) { a.Workers[0].DrainSeconds = 600 })
	args := r.Find(t, tokens.Container, "prefect-worker-default-0").Inputs
	if grace := args["destroyGraceSeconds"].NumberValue(); grace <= 600 {
		t.Errorf("a worker that drains for 600 s is killed after %v s", grace)
	}
}

func TestNew_AsksForACanaryInThePoolOfTheFirstWorkers(t *testing.T) {
	pools := func(a *Args) {
		gpu := config.DefaultWorker()
		gpu.Pool = "GPU"
		a.Workers = []config.Worker{gpu, config.DefaultWorker()}
	}
	for want, change := range map[string]func(*Args){
		`"canary":null`:                          pools,
		`"canary":{"pool":"GPU","interval":300}`: func(a *Args) { pools(a); a.Canary = 5 * time.Minute },
	} {
		if files := uploads(t, mustRegister(t, change), "prefect-bootstrap-files"); !strings.Contains(files["wanted.json"], want) {
			t.Errorf("it is to make %s, not %s", files["wanted.json"], want)
		}
	}
}

func TestNew_NamesTheCanaryAsMonitoringDoes(t *testing.T) {
	files := uploads(t, mustRegister(t, unchanged), "prefect-bootstrap-files")
	for name, want := range map[string]string{
		"bootstrap.py": `CANARY = "` + sqlexporter.Canary + `"`,
		"canary.py":    `@flow(name="` + sqlexporter.Canary + `"`,
	} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s does not say %s", name, want)
		}
	}
}

// uploads are the texts that a holder carries, by the names of their files.
func uploads(t *testing.T, r *mocks.Recorder, holder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, upload := range r.Find(t, tokens.Container, holder).Inputs["uploads"].ArrayValue() {
		file := upload.ObjectValue()
		if content := file["content"]; content.IsString() {
			files[path.Base(file["file"].StringValue())] = content.StringValue()
		}
	}
	return files
}

func TestNew_WorksInAPreviewInWhichEverythingIsUnknown(t *testing.T) {
	r := mustRegister(t, unchanged, mocks.Preview)
	// Jobs and their exit codes are unknown, and yet everything that a policy judges must be there.
	for _, container := range []string{"prefect-migrate", "prefect-api-0", "prefect-services-0", "prefect-worker-default-0"} {
		if envs := r.Find(t, tokens.Container, container).Inputs["envs"]; envs.ContainsUnknowns() {
			t.Errorf("the environment of %s is unknown in a preview", container)
		}
	}
}

func TestNew_RecordsWhatAPolicyJudges(t *testing.T) {
	r := mustRegister(t, unchanged)
	recorded := r.Find(t, tokens.Prefect, "prefect").Inputs
	if !recorded["authenticated"].BoolValue() || recorded["apiReplicas"].NumberValue() != 1 {
		t.Errorf("recorded %v", recorded)
	}
	for key, value := range recorded {
		if value.ContainsSecrets() {
			t.Errorf("%s is secret", key)
		}
	}
}

func TestNew_RefusesToRunWithoutASecret(t *testing.T) {
	for name, spoil := range map[string]func(*Args){
		"database":  func(a *Args) { a.Secrets.DatabaseURL = nil },
		"api":       func(a *Args) { a.Secrets.AuthString = nil },
		"docket":    func(a *Args) { a.Secrets.DocketURL = nil },
		"redis":     func(a *Args) { a.Secrets.RedisPassword = nil },
		"image":     func(a *Args) { a.Image = "" },
		"network":   func(a *Args) { a.Networks.DB = nil },
		"no server": func(a *Args) { a.API.Replicas = 0 },
		"workers":   func(a *Args) { a.Workers, a.Canary = nil, time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			r, err := register(t, spoil)
			if err == nil {
				t.Fatal("accepted")
			}
			if n := len(r.All(tokens.Container)); n > 0 {
				t.Errorf("%d containers were registered before the refusal", n)
			}
		})
	}
}
