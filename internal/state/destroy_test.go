package state

import (
	"slices"
	"testing"
)

const mixed = `{"deployment": {"resources": [
  {"urn": "u::p::t::stack", "type": "pulumi:pulumi:Stack"},
  {"urn": "u::p::t::engine", "type": "pulumi:providers:docker"},
  {"urn": "u::p::t::edge", "type": "prefect-platform:proxy:Proxy"},
  {"urn": "u::p::t::ca", "type": "tls:index/privateKey:PrivateKey"},
  {"urn": "u::p::t::api-a", "type": "random:index/randomPassword:RandomPassword"},
  {"urn": "u::p::t::redis:8.0.6", "type": "docker:index/remoteImage:RemoteImage"},
  {"urn": "u::p::t::app", "type": "docker:index/network:Network"},
  {"urn": "u::p::t::data", "type": "docker:index/volume:Volume", "id": "prefect-dev-data"},
  {"urn": "u::p::t::files", "type": "docker:index/volume:Volume", "id": "prefect-dev-files-1", "inputs": {"labels": [{"label": "prefect-platform.role", "value": "files"}]}},
  {"urn": "u::p::t::cache", "type": "docker:index/container:Container"}
]}}`

func TestDisposable_KeepsDataSecretsAndCertificates(t *testing.T) {
	d, err := Parse([]byte(mixed))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := d.Disposable(), []string{"u::p::t::app", "u::p::t::files", "u::p::t::cache"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := d.DataVolumes(), []string{"prefect-dev-data"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
