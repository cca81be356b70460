package config

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

func project(t *testing.T) *workspace.Project {
	t.Helper()
	loaded, err := workspace.LoadProject("../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestProject_DeclaresEveryTopLevelKeyAndNoOther(t *testing.T) {
	kinds := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Struct: "object", reflect.Slice: "array"}
	declared := project(t).Config
	cfg := reflect.TypeFor[Config]()
	for i := range cfg.NumField() {
		name := cfg.Field(i).Tag.Get("json")
		if name == "-" {
			continue
		}
		key, ok := declared[name]
		if !ok {
			t.Errorf("%s is not declared in Pulumi.yaml", name)
			continue
		}
		if want := kinds[cfg.Field(i).Type.Kind()]; *key.Type != want {
			t.Errorf("%s is declared as %s, want %s", name, *key.Type, want)
		}
		if key.Description == "" || key.Default == nil {
			t.Errorf("%s needs a description and a default: the CLI asks for what has none", name)
		}
		delete(declared, name)
	}
	for name := range declared {
		t.Errorf("%s is declared in Pulumi.yaml and unknown to the program", name)
	}
}

func TestProject_HasTheNameThatKeysBeginWith(t *testing.T) {
	if name := string(project(t).Name); name != Namespace {
		t.Errorf("the project is %s, its keys %s", name, Namespace)
	}
}

// TestProject_DefaultsAreThoseOfTheProgram parses an empty stack the way the CLI would complete it from Pulumi.yaml.
func TestProject_DefaultsAreThoseOfTheProgram(t *testing.T) {
	completed := map[string]any{}
	for name, key := range project(t).Config {
		completed[name] = key.Default
	}
	values, secretKeys := asHandedOver(t, marshal(t, map[string]any{"config": completed}))
	got, _ := Parse(values, secretKeys) // the empty allowlist is refused
	if want := Default(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func stackFile(t *testing.T, name string) (string, Problems) {
	t.Helper()
	text, err := os.ReadFile("../" + name)
	if err != nil {
		t.Fatal(err)
	}
	values, secretKeys := asHandedOver(t, string(text))
	cfg, err := Parse(values, secretKeys)
	if err == nil {
		return string(text), cfg.Validate()
	}
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	return string(text), problems
}

func TestStacks_DevWorksUntouched(t *testing.T) {
	if _, problems := stackFile(t, "Pulumi.dev.yaml"); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestStacks_ProdAsksForNothingButHostAllowlistCertificateRepositoryAndWhoIsTold(t *testing.T) {
	_, problems := stackFile(t, "Pulumi.prod.yaml")
	want := []string{
		"backup.repository: found local, want one elsewhere, in production: a disk takes its backups with it; or backup.enabled: false, where somebody else makes them (pulumi config set --path backup.repository s3:https://s3.your-company.com/bucket/prefect)",
		"edge.allow: found an empty list, want the networks of your people and remote clients: nobody else can connect (pulumi config set --path 'edge.allow[0]' 192.168.1.0/24)",
		`host: found "prefect.example.com", want the name under which your people reach the edge, in production (pulumi config set host prefect.your-company.com)`,
		"monitoring.receivers: found nobody, want somebody who is told of alerts, in production (pulumi config set --path 'monitoring.receivers[0].name' team)",
		`tls.certificate: found nothing, want the PEM chain of the edge's certificate, leaf first (pulumi config set --path tls.certificate "$(cat chain.pem)")`,
		"tlsKey: found nothing, want the unencrypted PEM key of the certificate (pulumi config set --secret tlsKey < key.pem)",
		"watchdogUrl: found nothing, want the URL of a heartbeat service elsewhere, in production: a host that is down tells nobody itself (pulumi config set --secret watchdogUrl)",
	}
	if got := lines(problems); !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestStacks_HoldNothingEncrypted(t *testing.T) {
	for name, words := range map[string][]string{
		"Pulumi.dev.yaml":  {"secure:", "encryptedkey", "secretsprovider"},
		"Pulumi.prod.yaml": {"secure:", "encryptedkey", "secretsprovider", "encryptionsalt"},
	} {
		text, _ := stackFile(t, name)
		for _, word := range words {
			if strings.Contains(text, word) {
				t.Errorf("%s holds %s: what is encrypted belongs to one team, this file to everybody", name, word)
			}
		}
	}
}
