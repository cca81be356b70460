package rotation

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	pulumi "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"prefect-platform/config"
)

// The command line has one type for what follows --path, and finds out what a value is; the stack file must read back as what was planned.
func TestEdits_ReadBackFromAStackFileAsPlanned(t *testing.T) {
	c := credentialOf(API, config.Slots{A: 1, Active: "a"})
	turned, err := forward("test", []Credential{c}, today)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Back([]Credential{turned[0][0].After}, today)
	if err != nil {
		t.Fatal(err)
	}
	file := &workspace.ProjectStack{Config: pulumi.Map{pulumi.MustMakeKey(config.Namespace, "edge"): pulumi.NewObjectValue(`{"allow":["192.168.1.0/24"]}`)}}
	for _, step := range []Step{turned[0], back[0], back[1]} {
		for _, edit := range step.Edits() {
			if err := file.Config.Set(pulumi.MustParseKey(edit.Key), pulumi.NewValue(edit.Value), true); err != nil {
				t.Fatal(err)
			}
		}
		text, err := encoding.YAML.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		read, err := workspace.LoadProjectStackBytes(nil, &workspace.Project{Name: config.Namespace}, text, "Pulumi.test.yaml", encoding.YAML)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]string{}
		for key, value := range read.Config {
			plain, err := value.Value(pulumi.NopDecrypter)
			if err != nil {
				t.Fatal(err)
			}
			values[key.String()] = plain
		}
		parsed, err := config.Parse(values, nil)
		if err != nil {
			shown, _ := json.Marshal(values)
			t.Fatalf("%v\n%s\n%s", err, text, shown)
		}
		if want := step[0].After.Slots; parsed.Rotation.API != want {
			t.Errorf("%s: got %+v, want %+v, from\n%s", step[0].Action, parsed.Rotation.API, want, text)
		}
	}
}
