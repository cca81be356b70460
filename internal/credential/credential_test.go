package credential

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/tokens"
)

const password = tokens.Password

func newFor(t *testing.T, slots config.Slots, suppliedA, suppliedB string) (*mocks.Recorder, *Credential, map[string]string) {
	t.Helper()
	r := &mocks.Recorder{}
	var made *Credential
	values := map[string]string{}
	err := r.Run(func(ctx *pulumi.Context) error {
		var err error
		if made, err = New(ctx, "api", slots, suppliedA, suppliedB); err != nil {
			return err
		}
		pulumi.All(made.Active().Secret, made.Idle().Secret).ApplyT(func(v []any) error {
			values["active"], values["idle"] = v[0].(string), v[1].(string)
			return nil
		})
		if !pulumi.IsSecret(made.A.Secret) || !pulumi.IsSecret(made.B.Secret) {
			t.Error("a slot is not secret")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, made, values
}

func TestNew_MakesBothSlotsFromTheFirstDay(t *testing.T) {
	r, made, values := newFor(t, config.Slots{A: 1, Active: "a"}, "", "")
	if values["active"] != "generated-for-api-a" || values["idle"] != "generated-for-api-b" {
		t.Errorf("values are %v", values)
	}
	if !made.Valid("a") || made.Valid("b") {
		t.Error("slot b is valid although it is neither active nor kept")
	}
	for _, args := range r.All(password) {
		if special := args.Inputs["special"]; special.BoolValue() {
			t.Errorf("%s has special characters, which not every file format carries", args.Name)
		}
	}
}

func TestNew_TakesWhatTheUserSupplies(t *testing.T) {
	r, _, values := newFor(t, config.Slots{A: 1, B: 1, Active: "b", Keep: true}, "", "p@ss/w:rd of my own")
	if values["active"] != "p@ss/w:rd of my own" || values["idle"] != "generated-for-api-a" {
		t.Errorf("values are %v", values)
	}
	for _, args := range r.All(password) {
		if args.Name == "api-b" {
			t.Error("a value was generated for the slot that has one")
		}
	}
}

func TestNew_MakesAnotherValueOnlyForAnotherGeneration(t *testing.T) {
	keeper := func(slots config.Slots) string {
		r, _, _ := newFor(t, slots, "", "")
		return r.Find(t, password, "api-a").Inputs["keepers"].ObjectValue()["generation"].StringValue()
	}
	first := keeper(config.Slots{A: 1, Active: "a"})
	if other := keeper(config.Slots{A: 1, B: 2, Active: "b", Keep: true}); other != first {
		t.Errorf("turning to slot b changes slot a from %s to %s", first, other)
	}
	if second := keeper(config.Slots{A: 2, Active: "a"}); second == first {
		t.Error("another generation keeps the value")
	}
}

func TestNewKey_LetsNobodyReplaceWhatOpensTheBackups(t *testing.T) {
	for active, want := range map[string]map[string]bool{"a": {"backup-a": true, "backup-b": false}, "b": {"backup-a": false, "backup-b": true}} {
		r := &mocks.Recorder{}
		if err := r.Run(func(ctx *pulumi.Context) error {
			_, err := NewKey(ctx, "backup", config.Slots{A: 1, B: 1, Active: active, Keep: true}, "", "")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for name, protected := range want {
			if r.Find(t, password, name).RegisterRPC.GetProtect() != protected {
				t.Errorf("with slot %s active %s is protected: %v", active, name, !protected)
			}
		}
	}
}
