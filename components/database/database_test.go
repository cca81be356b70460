package database

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/credential"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

func register(t *testing.T, slots config.Slots, password string, options ...pulumi.RunOption) *mocks.Recorder {
	t.Helper()
	r := &mocks.Recorder{}
	err := r.Run(func(ctx *pulumi.Context) error {
		engine, err := workload.NewEngine(ctx, config.Engine{}, "UTC")
		if err != nil {
			return err
		}
		secret, err := credential.New(ctx, "database", slots, password, "")
		if err != nil {
			return err
		}
		_, err = New(ctx, "database", Args{
			Engine: engine, Image: "postgres:18.6", Size: config.Default().Database, Network: pulumi.String("db"),
			Subnet: netip.MustParsePrefix("10.213.2.0/24"), Credential: secret,
		})
		return err
	}, options...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func roles(t *testing.T, r *mocks.Recorder) string {
	t.Helper()
	return r.Find(t, tokens.Container, "database-roles-files").Inputs["uploads"].String()
}

func TestNew_ShowsTheServerVerifiersAndNoPassword(t *testing.T) {
	r := register(t, config.Slots{A: 1, Active: "a"}, `it's a "p@ssword"`)
	sql := roles(t, r)
	if !strings.Contains(sql, "PASSWORD 'SCRAM-SHA-256$4096:") {
		t.Errorf("no verifier in %s", sql)
	}
	for _, args := range r.All(tokens.Container) {
		if strings.Contains(fmt.Sprint(args.Inputs.Mappable()), "p@ssword") {
			t.Errorf("%s holds the password", args.Name)
		}
	}
}

func TestNew_LetsOnlyValidSlotsLogIn(t *testing.T) {
	for name, each := range map[string]struct {
		slots          config.Slots
		loginA, loginB bool
	}{
		"first day":       {config.Slots{A: 1, Active: "a"}, true, false},
		"during rotation": {config.Slots{A: 1, B: 1, Active: "b", Keep: true}, true, true},
		"after rotation":  {config.Slots{A: 1, B: 1, Active: "b"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			sql := roles(t, register(t, each.slots, ""))
			for role, login := range map[string]bool{"prefect_a": each.loginA, "prefect_b": each.loginB} {
				if got := strings.Contains(sql, "ALTER ROLE "+role+" WITH LOGIN"); got != login {
					t.Errorf("%s can log in: %v, want %v", role, got, login)
				}
			}
		})
	}
}

func TestNew_KeepsTheRolesJobOffEveryNetwork(t *testing.T) {
	r := register(t, config.Slots{A: 1, Active: "a"}, "")
	if mode := r.Find(t, tokens.Container, "database-roles").Inputs["networkMode"].StringValue(); mode != "none" {
		t.Errorf("network mode is %q", mode)
	}
}

func TestNew_StopsTheServerGently(t *testing.T) {
	r := register(t, config.Slots{A: 1, Active: "a"}, "")
	if grace := r.Find(t, tokens.Container, "database-server").Inputs["destroyGraceSeconds"].NumberValue(); grace < 60 {
		t.Errorf("the server is killed after %v s", grace)
	}
}

func TestNew_NamesTheDataVolumeByMajorVersion(t *testing.T) {
	r := register(t, config.Slots{A: 1, Active: "a"}, "")
	volume := r.Find(t, tokens.Volume, "postgres-18")
	if name := volume.Inputs["name"].StringValue(); name != "prefect-dev-postgres-18" {
		t.Errorf("name is %q", name)
	}
	if labels, set := volume.Inputs["labels"]; set {
		t.Errorf("labels are %v; the provider deletes a volume for a changed label", labels)
	}
}

func TestNew_WorksInAPreviewInWhichEverythingIsUnknown(t *testing.T) {
	r := register(t, config.Slots{A: 1, Active: "a"}, "", mocks.Preview)
	if conf := r.Find(t, tokens.Database, "database").Inputs[tokens.InputHBA].StringValue(); !strings.Contains(conf, "host all all all reject") {
		t.Errorf("a policy sees %q", conf)
	}
}
