package state

import (
	"slices"
	"testing"
	"time"
)

const recordedStack = `{"deployment": {"resources": [
  {"urn": "u::p::t::nginx", "type": "docker:index/container:Container", "id": "c1", "initErrors": ["not healthy"], "created": "2026-11-23T10:00:00.5Z",
   "inputs": {"name": "fixed", "ports": [{"ip": "127.0.0.1", "external": 8443, "internal": 8444, "protocol": "tcp"}, {"internal": 53, "protocol": "udp"}],
              "networksAdvanced": [{"name": "prefect-dev-edge"}, {"name": "prefect-dev-app", "aliases": ["nginx"]}]},
   "outputs": {"name": "generated-1a2b3c4"}},
  {"urn": "u::p::t::proxy", "type": "tls:index/locallySignedCert:LocallySignedCert", "id": "l1", "outputs": {"validityEndTime": "2027-02-24T22:10:13.123456Z"}},
  {"urn": "u::p::t::bare", "type": "docker:index/container:Container", "id": "c2", "inputs": {"ports": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}}},
  {"urn": "u::p::t::data", "type": "docker:index/volume:Volume", "id": "prefect-dev-data", "inputs": {"name": "prefect-dev-data"}}
]}}`

func recordedResource(t *testing.T, id string) Resource {
	t.Helper()
	d, err := Parse([]byte(recordedStack))
	if err != nil {
		t.Fatal(err)
	}
	return resource(t, d, id)
}

func TestResource_TellsPortsNetworksAndTimes(t *testing.T) {
	nginx := recordedResource(t, "c1")
	if want := []Port{{"127.0.0.1", 8443, 8444, "tcp"}, {"", 0, 53, "udp"}}; !slices.Equal(nginx.Ports(), want) {
		t.Errorf("ports %+v", nginx.Ports())
	}
	if want := []string{"prefect-dev-edge", "prefect-dev-app"}; !slices.Equal(nginx.Networks(), want) {
		t.Errorf("networks %v", nginx.Networks())
	}
	if want := time.Date(2026, 11, 23, 10, 0, 0, 500_000_000, time.UTC); !nginx.Created().Equal(want) || !nginx.Ends().IsZero() {
		t.Errorf("created %s, ends %s", nginx.Created(), nginx.Ends())
	}
	if want := time.Date(2027, 2, 24, 22, 10, 13, 123_456_000, time.UTC); !recordedResource(t, "l1").Ends().Equal(want) {
		t.Errorf("the certificate ends %s", recordedResource(t, "l1").Ends())
	}
}

func TestResource_TellsNothingWhereNothingIsRecordedOrItIsEncrypted(t *testing.T) {
	bare := recordedResource(t, "c2")
	if len(bare.Ports()) != 0 || len(bare.Networks()) != 0 || !bare.Created().IsZero() || !bare.Ends().IsZero() {
		t.Errorf("ports %v, networks %v, created %s, ends %s", bare.Ports(), bare.Networks(), bare.Created(), bare.Ends())
	}
}

func TestEngineName_IsTheGeneratedOneBeforeThatOfTheProgram(t *testing.T) {
	for id, want := range map[string]string{"c1": "generated-1a2b3c4", "c2": "bare", "prefect-dev-data": "prefect-dev-data"} {
		if got := recordedResource(t, id).EngineName(); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
}

func TestFailed_TellsWhatAnUpCouldNotFinish(t *testing.T) {
	if !recordedResource(t, "c1").Failed() || recordedResource(t, "c2").Failed() {
		t.Error("the container that did not become healthy is to be told from the other")
	}
}
