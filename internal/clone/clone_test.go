package clone

import (
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"
)

func variables(set map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := set[name]
		return value, ok
	}
}

func TestEnvironment_OfTheDevStackNeedsNothingFromTheUser(t *testing.T) {
	got := Folder("/clone").Environment("dev", variables(nil))
	want := map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_BACKEND_URL": "file:///clone/.state", "PULUMI_CONFIG_PASSPHRASE": "dev"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestEnvironment_LeavesAloneWhatTheUserSet(t *testing.T) {
	for name, set := range map[string]map[string]string{
		"all":              {"PULUMI_BACKEND_URL": "s3://bucket", "PULUMI_CONFIG_PASSPHRASE": "mine"},
		"passphrase file":  {"PULUMI_BACKEND_URL": "s3://bucket", "PULUMI_CONFIG_PASSPHRASE_FILE": "/secret"},
		"empty passphrase": {"PULUMI_BACKEND_URL": "s3://bucket", "PULUMI_CONFIG_PASSPHRASE": ""},
	} {
		if got := Folder("/clone").Environment("dev", variables(set)); len(got) != 1 {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestEnvironment_OfAnotherStackHasNoPassphraseThatEverybodyKnows(t *testing.T) {
	if got := Folder("/clone").Environment("prod", variables(nil)); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestLocalBackend_IsThatOfAFileURL(t *testing.T) {
	for url, want := range map[string]string{
		"file:///clone/.state":                 "/clone/.state",
		"file:///clone/.state?no_tmp_dir=true": "/clone/.state",
		"s3://bucket":                          "",
		"":                                     "",
	} {
		if got := LocalBackend(nil, variables(map[string]string{"PULUMI_BACKEND_URL": url})); got != want {
			t.Errorf("%s: got %q", url, got)
		}
	}
	if got := LocalBackend(map[string]string{"PULUMI_BACKEND_URL": "file:///ours"}, variables(nil)); got != "/ours" {
		t.Errorf("got %q", got)
	}
}

func TestFind_LooksInTheFoldersAbove(t *testing.T) {
	root := t.TempDir()
	below := filepath.Join(root, "lab", "cmd")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(below); err == nil || !strings.Contains(err.Error(), "change into the clone") {
		t.Errorf("got %v", err)
	}
	for folder, name := range map[string]string{root: "prefect-platform", filepath.Join(root, "lab"): "another-project"} {
		if err := os.WriteFile(filepath.Join(folder, "Pulumi.yaml"), []byte("name: "+name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Find(below); err != nil || string(got) != root {
		t.Errorf("got %s, %v", got, err)
	}
}

// A salt that does not fit would make `pulumi stack init` fail; without one it would change a committed file.
func TestDevStackFile_HasTheSaltOfTheDocumentedPassphrase(t *testing.T) {
	text, err := os.ReadFile("../../Pulumi.dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Salt string `yaml:"encryptionsalt"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitN(file.Salt, ":", 3) // v1:salt:proof
	if len(parts) != 3 {
		t.Fatalf("encryptionsalt is %q", file.Salt)
	}
	salt, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	proof, err := config.NewSymmetricCrypterFromPassphrase(devPassphrase, salt).DecryptValue(t.Context(), parts[2])
	if err != nil || proof != "pulumi" {
		t.Errorf("got %q, %v", proof, err)
	}
}
