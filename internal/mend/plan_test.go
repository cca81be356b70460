package mend

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/state"
	"prefect-platform/internal/tokens"
)

// entry is a resource as the tests write it.
type entry struct {
	kind, name, id, role string
	exit                 int
	data, deleting       bool
}

func (e entry) fields() map[string]any {
	types := map[string]string{"container": tokens.Container, "network": tokens.Network, "volume": tokens.Volume, "image": tokens.Image, "password": tokens.Password}
	inputs := map[string]any{"name": e.name}
	if !e.data {
		inputs["labels"] = []any{map[string]any{"label": "prefect-platform.role", "value": e.role}}
	}
	return map[string]any{
		"urn": fmt.Sprintf("urn:pulumi:dev::p::%s::%s", types[e.kind], e.name), "type": types[e.kind], "id": e.id,
		"delete":  e.deleting,
		"inputs":  inputs,
		"outputs": map[string]any{"exitCode": e.exit},
	}
}

func deployment(t *testing.T, resources []entry, creating ...entry) *state.Deployment {
	t.Helper()
	all, pending := []any{}, []any{}
	for _, e := range resources {
		all = append(all, e.fields())
	}
	for _, e := range creating {
		pending = append(pending, map[string]any{"type": "creating", "resource": e.fields()})
	}
	text, err := json.Marshal(map[string]any{"deployment": map[string]any{"resources": all, "pending_operations": pending}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := state.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// whole is a stack with nothing wrong.
var whole = []entry{
	{kind: "password", name: "seal", id: "none"},
	{kind: "network", name: "app", id: "n1"},
	{kind: "image", name: "redis:8.0.6", id: "sha256:1redis:8.0.6"},
	{kind: "volume", name: "data", id: "prefect-dev-data", data: true},
	{kind: "volume", name: "files", id: "prefect-dev-redis-files-1"},
	{kind: "container", name: "holder", id: "c1", role: "files"},
	{kind: "container", name: "job", id: "c2", role: "job"},
	{kind: "container", name: "cache", id: "c3", role: "service"},
}

func engineOf(containers ...live.Container) *live.Inventory {
	return &live.Inventory{
		Containers: containers,
		Networks:   []live.Network{{ID: "n0", Name: "bridge"}, {ID: "n1", Name: "prefect-dev-app", Stack: "dev"}},
		Volumes:    map[string]bool{"prefect-dev-data": true, "prefect-dev-redis-files-1": true},
		Images:     map[string]live.Image{"redis:8.0.6": {}},
	}
}

var (
	holder = live.Container{ID: "c1", Name: "holder-1", Stack: "dev", Role: "files", State: "created"}
	job    = live.Container{ID: "c2", Name: "job-1", Stack: "dev", Role: "job", State: "exited"}
	cache  = live.Container{ID: "c3", Name: "prefect-dev-redis", Stack: "dev", Role: "service", State: "running"}
)

func TestNew_FindsNothingWrongWithAWholeStack(t *testing.T) {
	other := live.Container{ID: "x", Name: "other", Stack: "prod", Role: "service", State: "exited"}
	stranger := live.Container{ID: "y", Name: "web", State: "exited"}
	if plan := New("dev", deployment(t, whole), engineOf(holder, job, cache, other, stranger)); !plan.Empty() {
		t.Errorf("got %v", lines(plan))
	}
}

func TestNew_FindsWhatWasRemovedByHand(t *testing.T) {
	has := engineOf(cache) // as `docker container prune` leaves it
	plan := New("dev", deployment(t, whole), has)
	expect(t, plan, "container holder is gone: made anew", "container job is gone: made anew")

	d := deployment(t, whole)
	plan.Edit(d)
	if left := names(d); slices.Contains(left, "holder") || slices.Contains(left, "job") || !slices.Contains(left, "cache") || !slices.Contains(left, "seal") {
		t.Errorf("the state has %v", left)
	}
	if after := New("dev", d, has); !after.Empty() {
		t.Errorf("after mending: %v", lines(after))
	}
}

func TestNew_FindsWhatAPruneOfEverythingRemoved(t *testing.T) {
	has := &live.Inventory{Volumes: map[string]bool{"prefect-dev-data": true}}
	plan := New("dev", deployment(t, whole), has)
	expect(t, plan,
		"network app is gone: made anew", "image redis:8.0.6 is gone: fetched again", "volume files is gone: made anew",
		"container holder is gone: made anew", "container job is gone: made anew", "container cache is gone: made anew")
}

func TestNew_RunsEveryOneShotAgainWhenAVolumeWithDataIsGone(t *testing.T) {
	has := engineOf(holder, job)
	delete(has.Volumes, "prefect-dev-data")
	plan := New("dev", deployment(t, whole), has)
	expect(t, plan, "data volume prefect-dev-data is gone, and its data with it: made anew, empty", "container cache is gone: made anew", "one-shot job did not do its work: runs again")
}

func TestNew_ReplacesAServiceThatWasStopped(t *testing.T) {
	for _, how := range []string{"exited", "created", "dead"} {
		down := cache
		down.State = how
		plan := New("dev", deployment(t, whole), engineOf(holder, job, down))
		expect(t, plan, "container prefect-dev-redis is "+how+": made anew")
		d := deployment(t, whole)
		plan.Edit(d)
		if slices.Contains(names(d), "cache") {
			t.Errorf("%s: still in the state", how)
		}
	}
	for _, how := range []string{"running", "restarting", "paused", "removing"} {
		up := cache
		up.State = how
		if plan := New("dev", deployment(t, whole), engineOf(holder, job, up)); !plan.Empty() {
			t.Errorf("%s: %v", how, lines(plan))
		}
	}
}

func TestNew_RunsAFailedOneShotAgain(t *testing.T) {
	failed := slices.Clone(whole)
	failed[6].exit = 3
	plan := New("dev", deployment(t, failed), engineOf(holder, job, cache))
	expect(t, plan, "one-shot job did not do its work: runs again")
	if want := "urn:pulumi:dev::p::docker:index/container:Container::job"; !slices.Equal(plan.Rerun, []string{want}) {
		t.Errorf("got %v", plan.Rerun)
	}
}

func TestNew_DoesNotRunAOneShotAgainForAnOldVersionThatFailed(t *testing.T) {
	replaced := append(slices.Clone(whole), entry{kind: "container", name: "job", id: "c0", role: "job", exit: 3, deleting: true})
	old := live.Container{ID: "c0", Name: "job-0", Stack: "dev", Role: "job", State: "exited"}
	if plan := New("dev", deployment(t, replaced), engineOf(holder, job, cache, old)); !plan.Empty() {
		t.Errorf("got %v", lines(plan))
	}
}

func TestNew_ForgetsAnOldVersionThatIsGoneAndKeepsTheNewOne(t *testing.T) {
	replaced := append(slices.Clone(whole), entry{kind: "container", name: "cache", id: "c0", role: "service", deleting: true})
	plan := New("dev", deployment(t, replaced), engineOf(holder, job, cache))
	expect(t, plan, "container cache is gone: made anew")
	d := deployment(t, replaced)
	plan.Edit(d)
	if !slices.Contains(names(d), "cache") {
		t.Error("the new version was forgotten with the old one")
	}
}

func TestNew_RemovesWhatAKilledUpLeft(t *testing.T) {
	orphan := live.Container{ID: "c9", Name: "api-1", Stack: "dev", Role: "service", State: "running"}
	has := engineOf(holder, job, cache, orphan)
	has.Networks = append(has.Networks, live.Network{ID: "n9", Name: "prefect-dev-db", Stack: "dev"}, live.Network{ID: "n8", Name: "prefect-prod-db", Stack: "prod"})
	plan := New("dev", deployment(t, whole, entry{kind: "container", name: "api", role: "service"}), has)
	expect(t, plan, "api was interrupted while creating: done again", "container api-1 belongs to no recorded `up`: removed", "network prefect-dev-db belongs to no recorded `up`: removed")
	d := deployment(t, whole, entry{kind: "container", name: "api"})
	plan.Edit(d)
	if len(d.Pending()) != 0 || len(d.Resources()) != len(whole) {
		t.Errorf("%d pending, %d resources", len(d.Pending()), len(d.Resources()))
	}
}

func TestNew_RemovesWhatTheVeryFirstUpLeftWhenItWasKilled(t *testing.T) {
	orphan := live.Container{ID: "c9", Name: "holder-1", Stack: "dev", Role: "files", State: "created"}
	made := []entry{{kind: "volume", name: "data", id: "prefect-dev-data", data: true}}
	plan := New("dev", deployment(t, made, entry{kind: "container", name: "holder"}), engineOf(orphan))
	if len(plan.Orphans) != 1 || len(plan.Foreign) != 0 {
		t.Errorf("got %+v", plan)
	}
}

// The folder with the state was lost, or another clone runs a stack of the same name on the same engine: with the same volume names, but other containers.
func TestNew_TouchesNothingOfAStackOfTheSameNameThatTheStateDoesNotKnow(t *testing.T) {
	theirs := live.Container{ID: "z1", Name: "prefect-dev-redis", Stack: "dev", Role: "service", State: "running"}
	fresh := []entry{{kind: "password", name: "seal", id: "none"}, {kind: "volume", name: "data", id: "prefect-dev-data", data: true}}
	for name, d := range map[string]*state.Deployment{"empty": deployment(t, nil), "only names": deployment(t, fresh)} {
		plan := New("dev", d, engineOf(theirs))
		if len(plan.Foreign) != 1 || plan.Foreign[0].ID != "z1" {
			t.Errorf("%s: foreign %+v", name, plan.Foreign)
		}
		if len(plan.Orphans)+len(plan.OrphanNetworks)+len(plan.Stopped) != 0 {
			t.Errorf("%s: something would be removed: %+v", name, plan)
		}
	}
}

func expect(t *testing.T, plan Plan, want ...string) {
	t.Helper()
	if got := lines(plan); !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	if plan.Empty() {
		t.Error("the plan calls itself empty")
	}
}

func lines(plan Plan) []string {
	var all []string
	for _, item := range plan.Items() {
		all = append(all, item.Found+": "+item.Action)
	}
	return all
}

func names(d *state.Deployment) []string {
	var all []string
	for _, r := range d.Resources() {
		all = append(all, r.Name())
	}
	return all
}
