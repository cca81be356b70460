package drift

import (
	"maps"
	"strings"
	"testing"

	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/tokens"
)

func TestCompare_FindsNothingInAStackThatIsAsRecorded(t *testing.T) {
	expect(t, well().compare(t))
}

func TestCompare_FindsWhatIsMissing(t *testing.T) {
	w := well()
	w.remove("c-job")
	w.has.Networks = w.has.Networks[:2] // without edge, whose container `up` would leave as it is
	w.container("c-edge").Networks = on("app")
	delete(w.has.Volumes, "prefect-dev-files-1")
	delete(w.has.Images, "redis:8")
	expect(t, w.compare(t),
		Finding{Missing, "prefect-dev-edge-install", "edge-install", "container c-job", "nothing", "platform up"},
		Finding{Missing, "prefect-dev-edge", "", "network n-edge", "nothing", "platform up"},
		Finding{NetworkChanged, "prefect-dev-nginx", "nginx", "prefect-dev-edge, prefect-dev-app", "prefect-dev-app", "docker rm -f prefect-dev-nginx && platform up"},
		Finding{Missing, "prefect-dev-files-1", "", "volume", "nothing", "platform up"},
		Finding{Missing, "redis:8", "", "image b1", "nothing", "platform up"})
}

func TestCompare_SaysThatDataIsLostWithItsVolume(t *testing.T) {
	w := well()
	delete(w.has.Volumes, "prefect-dev-data")
	expect(t, w.compare(t), Finding{Missing, "prefect-dev-data", "", "volume with data", "nothing", "platform up (makes it anew and empty: bring back a copy of the data after it)"})
}

func TestCompare_SendsWhoHasLostTheDatabaseToItsBackup(t *testing.T) {
	w := well()
	w.resources = append(w.resources, resource(tokens.Volume, "postgres", "prefect-dev-postgres-18", object{"name": "prefect-dev-postgres-18"}, nil))
	expect(t, w.compare(t), Finding{Missing, "prefect-dev-postgres-18", "", "volume with data", "nothing", "platform restore (brings it back from a backup; no `up` makes an empty one)"})
}

func TestCompare_NamesANetworkThatSomebodyMadeInPlaceOfOurs(t *testing.T) {
	w := well()
	w.has.Networks[1] = live.Network{ID: "n-new", Name: "prefect-dev-app"}
	got := w.compare(t)
	expect(t, got, Finding{Missing, "prefect-dev-app", "", "network n-app", "another network of that name", "docker network rm prefect-dev-app && platform up"})
}

func TestCompare_JudgesTheConditionOfAService(t *testing.T) {
	const calm = "platform logs redis && docker restart prefect-dev-redis (counts from 0 again)"
	for name, c := range map[string]struct {
		change func(*live.Container)
		count  int
		want   []Finding
	}{
		"exited":    {func(c *live.Container) { c.State, c.Health = "exited", "" }, 0, []Finding{{Stopped, "prefect-dev-redis", "redis", "running", "exited", "platform up"}}},
		"dead":      {func(c *live.Container) { c.State, c.Health = "dead", "" }, 0, []Finding{{Stopped, "prefect-dev-redis", "redis", "running", "dead", "platform up"}}},
		"paused":    {func(c *live.Container) { c.State = "paused" }, 0, []Finding{{Paused, "prefect-dev-redis", "redis", "running", "paused", "docker unpause prefect-dev-redis"}}},
		"unhealthy": {func(c *live.Container) { c.Health = "unhealthy" }, 0, []Finding{{Unhealthy, "prefect-dev-redis", "redis", "healthy", "unhealthy", "platform logs redis"}}},
		"starting":  {func(c *live.Container) { c.Health = "starting" }, 0, nil},
		"restarting, told once": {
			func(c *live.Container) { c.State = "restarting" }, 9,
			[]Finding{{Restarting, "prefect-dev-redis", "redis", "running", "restarting, 9 times so far", calm}},
		},
		"restarted as often as may be": {func(*live.Container) {}, RestartLimit, nil},
		"restarted more often": {
			func(*live.Container) {}, RestartLimit + 1,
			[]Finding{{RestartedOften, "prefect-dev-redis", "redis", "at most 5 restarts", "6 restarts", calm}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := well()
			c.change(w.container("c-redis"))
			w.restarts["c-redis"] = c.count
			expect(t, w.compare(t), c.want...)
		})
	}
}

func TestCompare_FindsAContainerThatWasMadeAnewByHand(t *testing.T) {
	w := well()
	edge := w.container("c-edge")
	edge.ID, edge.Image, edge.ImageID = "0123456789abcdef", "nginx:2", "sha256:a2"
	edge.Ports = []live.Port{{Address: "0.0.0.0", Port: 443, Internal: 8443, Protocol: "tcp"}}
	expect(t, w.compare(t),
		Finding{Recreated, "prefect-dev-nginx", "nginx", "container c-edge", "another one of that name, 0123456789ab, running", "platform up"},
		Finding{ImageChanged, "prefect-dev-nginx", "nginx", "nginx:1 a1", "nginx:2 a2", "platform up"},
		Finding{PortChanged, "prefect-dev-nginx", "nginx", "127.0.0.1:8443->8443/tcp", "0.0.0.0:443->8443/tcp", "platform up"})

	// Without our label `up` would not remove it, and then trip over its name.
	edge.Stack, edge.Role, edge.Workload = "", "", ""
	for _, f := range w.compare(t) {
		if f.Next != "docker rm -f prefect-dev-nginx && platform up" {
			t.Errorf("%s: %s", f.Kind, f.Next)
		}
	}
}

func TestCompare_FindsAnotherImageThanTheRecordedOne(t *testing.T) {
	w := well()
	w.container("c-redis").ImageID = "sha256:b9"
	urn := w.recorded("cache-redis")["urn"].(string)
	expect(t, w.compare(t), Finding{ImageChanged, "prefect-dev-redis", "redis", "redis:8 b1", "redis:8 b9", "pulumi up --stack dev --replace '" + urn + "'"})
}

func TestMadeOf_NamesAnImageWithoutATagOnce(t *testing.T) {
	for want, c := range map[string]live.Container{
		"redis:8 0123456789ab": {Image: "redis:8", ImageID: "sha256:0123456789abcdef"},
		"0123456789ab":         {Image: "sha256:0123456789abcdef", ImageID: "sha256:0123456789abcdef"},
		"redis:8":              {Image: "redis:8"},
	} {
		if got := madeOf(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCompare_FindsATagThatMoved(t *testing.T) {
	w := well()
	w.has.Images["redis:8"] = live.Image{ID: "sha256:b2"}
	expect(t, w.compare(t), Finding{TagMoved, "redis:8", "", "image b1", "image b2, while prefect-dev-redis run the recorded one", "docker tag sha256:b1 redis:8"})

	w.container("c-redis").ImageID = "sha256:b2" // nobody may have the old one
	image, redis := w.recorded("redis:8")["urn"].(string), w.recorded("cache-redis")["urn"].(string)
	expect(t, w.compare(t),
		Finding{TagMoved, "redis:8", "", "image b1", "image b2", "pulumi up --stack dev --replace '" + image + "' (records it)"},
		Finding{ImageChanged, "prefect-dev-redis", "redis", "redis:8 b1", "redis:8 b2", "pulumi up --stack dev --replace '" + redis + "'"})
}

func TestCompare_FindsAPortThatIsPublishedOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		id          string
		ports       []live.Port
		want, found string
	}{
		"another address": {"c-edge", []live.Port{{Address: "0.0.0.0", Port: 8443, Internal: 8443, Protocol: "tcp"}}, "127.0.0.1:8443->8443/tcp", "0.0.0.0:8443->8443/tcp"},
		"another port":    {"c-edge", []live.Port{{Address: "127.0.0.1", Port: 443, Internal: 8443, Protocol: "tcp"}}, "127.0.0.1:8443->8443/tcp", "127.0.0.1:443->8443/tcp"},
		"none":            {"c-edge", nil, "127.0.0.1:8443->8443/tcp", "no port"},
		"where none is recorded": {
			"c-redis",
			[]live.Port{{Address: "::", Port: 6379, Internal: 6379, Protocol: "tcp"}, {Address: "0.0.0.0", Port: 6379, Internal: 6379, Protocol: "udp"}},
			"no port", "0.0.0.0:6379->6379/udp, [::]:6379->6379/tcp",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := well()
			w.container(c.id).Ports = c.ports
			on := w.container(c.id)
			expect(t, w.compare(t), Finding{PortChanged, on.Name, on.Workload, c.want, c.found, "docker rm -f " + on.Name + " && platform up"})
		})
	}
}

func TestCompare_DoesNotMissThePortsOfAContainerThatIsStopped(t *testing.T) {
	w := well()
	edge := w.container("c-edge")
	edge.State, edge.Health, edge.Ports = "exited", "", nil
	expect(t, w.compare(t), Finding{Stopped, "prefect-dev-nginx", "nginx", "running", "exited", "platform up"})
}

func TestCompare_FindsAContainerOnOtherNetworksThanRecorded(t *testing.T) {
	w := well()
	w.container("c-redis").Networks = append(on("app"), live.Attachment{ID: "n-bridge", Name: "bridge"})
	w.container("c-edge").Networks = on("edge")
	expect(t, w.compare(t),
		Finding{NetworkChanged, "prefect-dev-redis", "redis", "prefect-dev-app", "prefect-dev-app, bridge", "docker network disconnect --force bridge prefect-dev-redis"},
		Finding{NetworkChanged, "prefect-dev-nginx", "nginx", "prefect-dev-edge, prefect-dev-app", "prefect-dev-edge", "docker rm -f prefect-dev-nginx && platform up"})
}

func TestCompare_FindsStrangersOnOurNetworks(t *testing.T) {
	w := well()
	w.container("c-other").Networks = append(w.container("c-other").Networks, on("app", "edge")...)
	w.has.Containers = append(w.has.Containers, live.Container{ID: "x", Name: "sleeper", Image: "busybox", State: "created", Networks: []live.Attachment{{Name: "prefect-dev-app"}}})
	expect(t, w.compare(t),
		Finding{UnknownContainer, "web", "", "nothing", "running, image web, on prefect-dev-app, prefect-dev-edge", "docker network disconnect --force prefect-dev-app web && docker network disconnect --force prefect-dev-edge web"},
		Finding{UnknownContainer, "sleeper", "", "nothing", "created, image busybox, on prefect-dev-app", "docker network disconnect --force prefect-dev-app sleeper"})
}

func TestCompare_FindsWhatAKilledUpLeft(t *testing.T) {
	w := well()
	w.pending = []any{object{"type": "creating", "resource": recordedContainer("prefect-api-0", "", "api", "service", "prefect:3")}}
	w.has.Containers = append(w.has.Containers, live.Container{ID: "x", Name: "prefect-api-0-1", Image: "prefect:3", Stack: "dev", Workload: "api", Role: "service", State: "running"})
	w.has.Networks = append(w.has.Networks, live.Network{ID: "n-9", Name: "prefect-dev-db", Stack: "dev"})
	expect(t, w.compare(t),
		Finding{Interrupted, "prefect-api-0", "", "creating began", "its end was never recorded", "platform up"},
		Finding{UnknownContainer, "prefect-api-0-1", "api", "nothing", "running, image prefect:3", "platform up (removes it)"},
		Finding{UnknownNetwork, "prefect-dev-db", "", "nothing", "network n-9", "platform up (removes it)"})
}

func TestCompare_FindsAContainerWithWhichAnUpFailed(t *testing.T) {
	w := well()
	w.recorded("cache-redis")["initErrors"] = []string{"container failed to be in healthy state"}
	expect(t, w.compare(t), Finding{Interrupted, "prefect-dev-redis", "redis", "the up that made it failed with it", "no up has succeeded since", "platform up"})
}

func TestCompare_FindsAJobThatFailed(t *testing.T) {
	w := well()
	w.recorded("proxy-install")["outputs"].(object)["exitCode"] = 3
	expect(t, w.compare(t), Finding{FailedJob, "prefect-dev-edge-install", "edge-install", "exit code 0", "exit code 3", "platform up (runs it again)"})
}

func TestCompare_FindsAnOldVersionThatWaitsForItsRemovalAndDoesNotJudgeIt(t *testing.T) {
	w := well()
	old := maps.Clone(w.recorded("cache-redis"))
	old["id"], old["delete"] = "c-old", true
	w.resources = append(w.resources, old)
	w.has.Containers = append(w.has.Containers, live.Container{ID: "c-old", Name: "prefect-dev-redis-old", Stack: "dev", Role: "service", State: "paused", ImageID: "sha256:b0", Networks: on("app")})
	expect(t, w.compare(t), Finding{Interrupted, "prefect-dev-redis", "redis", "an old version, to be removed", "not removed yet", "platform up"})

	w.remove("c-old")
	expect(t, w.compare(t), Finding{Missing, "prefect-dev-redis", "redis", "container c-old, an old version that waits for its removal", "nothing", "platform up"})
}

func TestCompare_SendsToTheDoctorWhereAnotherStateOwnsAStackOfThisName(t *testing.T) {
	w := well()
	w.has.Networks = w.has.Networks[:1]
	for i := range w.has.Containers {
		w.has.Containers[i].ID += "-theirs"
	}
	got := w.compare(t)
	if len(got) != 4 {
		t.Errorf("%d findings, want one for each labelled container: %+v", len(got), got)
	}
	for _, f := range got {
		if f.Kind != UnknownContainer || !strings.HasPrefix(f.Next, "platform doctor") {
			t.Errorf("got %+v", f)
		}
	}
}

func TestCompare_IsQuietAboutAStackThatIsDown(t *testing.T) {
	w := well()
	kept := []object(nil)
	for _, r := range w.resources {
		if token := r["type"]; token != tokens.Container && token != tokens.Network {
			kept = append(kept, r)
		}
	}
	w.resources = kept
	w.has.Containers, w.has.Networks = nil, nil
	expect(t, w.compare(t))
	if notes := Notes(w.record(t), now); len(notes) == 0 || notes[0].Subject != "stack" || !strings.Contains(notes[0].Text, "platform up") {
		t.Errorf("got %+v", notes)
	}
}
