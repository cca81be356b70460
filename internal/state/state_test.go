package state

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"prefect-platform/internal/tokens"
)

// exported is a small state: job and service depend on a network, an old version of the job waits for its deletion, and an interrupted `up` was making a container.
const exported = `{
  "version": 3,
  "someNewField": {"kept": 12345678901234567890},
  "deployment": {
    "manifest": {"magic": "abc"},
    "resources": [
      {"urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", "type": "pulumi:pulumi:Stack", "outputs": {"url": "https://localhost:8443"}},
      {"urn": "urn:pulumi:dev::p::docker:index/network:Network::app", "type": "docker:index/network:Network", "id": "net1"},
      {"urn": "urn:pulumi:dev::p::docker:index/container:Container::job", "type": "docker:index/container:Container", "id": "job2",
       "inputs": {"labels": [{"label": "prefect-platform.role", "value": "job"}]}, "outputs": {"exitCode": 3},
       "dependencies": ["urn:pulumi:dev::p::docker:index/network:Network::app"],
       "propertyDependencies": {"networksAdvanced": ["urn:pulumi:dev::p::docker:index/network:Network::app"], "image": null}},
      {"urn": "urn:pulumi:dev::p::docker:index/container:Container::job", "type": "docker:index/container:Container", "id": "job1", "delete": true},
      {"urn": "urn:pulumi:dev::p::docker:index/container:Container::service", "type": "docker:index/container:Container", "id": "service1",
       "dependencies": ["urn:pulumi:dev::p::docker:index/container:Container::job", "urn:pulumi:dev::p::docker:index/network:Network::app"],
       "replaceWith": ["urn:pulumi:dev::p::docker:index/container:Container::job"],
       "deletedWith": "urn:pulumi:dev::p::docker:index/network:Network::app"},
      {"urn": "urn:pulumi:dev::p::random:index/randomPassword:RandomPassword::api-a", "type": "random:index/randomPassword:RandomPassword", "id": "none",
       "outputs": {"result": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "\"a\\\"b\""}}},
      {"urn": "urn:pulumi:dev::p::random:index/randomPassword:RandomPassword::api-b", "type": "random:index/randomPassword:RandomPassword", "id": "none",
       "outputs": {"result": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "AAAA"}}}
    ],
    "pending_operations": [
      {"type": "creating", "resource": {"urn": "urn:pulumi:dev::p::docker:index/container:Container::api", "type": "docker:index/container:Container",
       "inputs": {"labels": [{"label": "prefect-platform.workload", "value": "api"}]}}}
    ]
  }
}`

func parsed(t *testing.T) *Deployment {
	t.Helper()
	d, err := Parse([]byte(exported))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func resource(t *testing.T, d *Deployment, id string) Resource {
	t.Helper()
	for _, r := range d.Resources() {
		if r.ID() == id {
			return r
		}
	}
	t.Fatalf("no resource %s", id)
	return Resource{}
}

func TestParse_ReadsResources(t *testing.T) {
	job := resource(t, parsed(t), "job2")
	if job.Name() != "job" || job.Type() != tokens.Container || job.ExitCode() != 3 || job.Label("prefect-platform.role") != "job" {
		t.Errorf("got %+v", job)
	}
	if service := resource(t, parsed(t), "service1"); service.ExitCode() != 0 {
		t.Errorf("exit code %d of a container that has none", service.ExitCode())
	}
}

func TestParse_RefusesWhatIsNoState(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `{"deployment": null}`, "error: no stack named dev"} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestName_KeepsColons(t *testing.T) {
	if got := Name("urn:pulumi:dev::p::docker:index/remoteImage:RemoteImage::mirror:5000/a::b"); got != "mirror:5000/a::b" {
		t.Errorf("got %s", got)
	}
}

func TestForget_TakesTheResourceOutOfEveryDependency(t *testing.T) {
	d := parsed(t)
	d.Forget(func(r Resource) bool { return r.ID() == "net1" })
	text := string(mustJSON(t, d))
	if strings.Contains(text, "::app") {
		t.Errorf("the network is still mentioned:\n%s", text)
	}
	if !strings.Contains(text, `"image":[]`) && !strings.Contains(text, `"image":null`) {
		t.Errorf("another property lost its entry:\n%s", text)
	}
}

func TestForget_KeepsReferencesToAnotherVersionOfTheSameResource(t *testing.T) {
	d := parsed(t)
	d.Forget(func(r Resource) bool { return r.ID() == "job1" })
	service := resource(t, d, "service1")
	if len(list(service.fields["dependencies"])) != 2 || len(list(service.fields["replaceWith"])) != 1 {
		t.Errorf("the service lost a dependency that is still there: %v", service.fields)
	}
	d.Forget(func(r Resource) bool { return r.ID() == "job2" })
	service = resource(t, d, "service1")
	if len(list(service.fields["dependencies"])) != 1 || len(list(service.fields["replaceWith"])) != 0 {
		t.Errorf("the service depends on what is gone: %v", service.fields)
	}
}

func TestForgetPending_LeavesTheResources(t *testing.T) {
	d := parsed(t)
	before := len(d.Resources())
	if pending := d.Pending(); len(pending) != 1 || pending[0].Operation != "creating" || pending[0].Resource.Label("prefect-platform.workload") != "api" {
		t.Fatalf("got %+v", pending)
	}
	d.ForgetPending()
	if len(d.Pending()) != 0 || len(d.Resources()) != before {
		t.Errorf("%d pending, %d of %d resources", len(d.Pending()), len(d.Resources()), before)
	}
}

func TestJSON_KeepsWhatItDoesNotKnow(t *testing.T) {
	var before, after any
	if err := json.Unmarshal([]byte(exported), &before); err != nil {
		t.Fatal(err)
	}
	text := mustJSON(t, parsed(t))
	if err := json.Unmarshal(text, &after); err != nil {
		t.Fatal(err)
	}
	if want, got := string(mustMarshal(t, before)), string(mustMarshal(t, after)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.Contains(string(text), "12345678901234567890") {
		t.Error("a large number was rounded")
	}
}

func TestPassword_IsReadWhenShown(t *testing.T) {
	got, err := parsed(t).Password("api-a")
	if err != nil || got != `a"b` {
		t.Errorf("got %q, %v", got, err)
	}
}

// An `up` that was killed while it rotated leaves both.
func TestPassword_IsTheNewOneWhileTheOldOneWaitsForItsDeletion(t *testing.T) {
	const password = `{"urn": "urn:pulumi:dev::p::random:index/randomPassword:RandomPassword::api-b", "type": "random:index/randomPassword:RandomPassword", "id": "none", %s
		"outputs": {"result": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "\"%s\""}}}`
	text := fmt.Sprintf(`{"version": 3, "deployment": {"resources": [%s, %s]}}`, fmt.Sprintf(password, `"delete": true,`, "old"), fmt.Sprintf(password, "", "new"))
	deployed, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := deployed.Password("api-b"); err != nil || got != "new" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestPassword_SaysWhatIsMissing(t *testing.T) {
	for name, want := range map[string]string{"api-b": "still encrypted", "api-c": "no password named api-c"} {
		if _, err := parsed(t).Password(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestStackOutput_IsEmptyWhenMissing(t *testing.T) {
	d := parsed(t)
	if got := d.StackOutput("url"); got != "https://localhost:8443" {
		t.Errorf("got %q", got)
	}
	if got := d.StackOutput("nothing"); got != "" {
		t.Errorf("got %q", got)
	}
}

func mustJSON(t *testing.T, d *Deployment) []byte {
	t.Helper()
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
