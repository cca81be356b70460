//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"prefect-platform/test/e2e/history"
	"prefect-platform/test/e2e/load"
)

// drill is something that goes wrong while clients post and a flow runs.
type drill struct {
	name   string
	budget time.Duration // from its end until all is served again
	strike func(t *testing.T) (repair func())
	loses  string // what may be missing afterwards of the running flow, and why; empty for nothing
}

// TestDrills_LoseNothingThatWasAcknowledged is for faults that no other test has.
func TestDrills_LoseNothingThatWasAcknowledged(t *testing.T) {
	drillsOnly(t)
	for _, d := range []drill{
		{"the database cannot be reached", time.Minute, cutOffDatabase, ""},
		{"the disk of the database is full", 2 * time.Minute, fillDatabase, ""},
		{"Redis is emptied", 2 * time.Minute, emptyRedis, "task runs whose events were in Redis only"},
	} {
		t.Run(d.name, func(t *testing.T) { d.underLoad(t) })
	}
}

func drillsOnly(t *testing.T) {
	t.Helper()
	if !full {
		t.Skip("a drill takes minutes: make drills")
	}
}

func (d drill) underLoad(t *testing.T) {
	const rate = 5
	name := uniqueName("drill")
	var flow struct {
		ID string `json:"id"`
	}
	stack.API(t, http.MethodPost, "/flows/", map[string]any{"name": name}, &flow)
	run := startRun(t, deploy(t, name, nil), map[string]any{"tasks": 30, "pause": 0.5, "until": stopFile(name)})
	awaitState(t, run, "RUNNING", time.Minute)
	posts := startLoad(t, rate, http.MethodPost, "/api/flow_runs/", func(n int) any {
		return map[string]any{"name": fmt.Sprintf("%s-%d", name, n), "flow_id": flow.ID}
	})

	if repair := d.strike(t); repair != nil {
		defer repair()
	}
	took := Await(t, d.budget, "everything to be served again", func() error {
		if err := stack.TryAPI(t, http.MethodPost, "/flows/count", map[string]any{}, nil); err != nil {
			return err
		}
		return stack.Healthy(t)
	})
	t.Logf("served again after %s, budget %s", took.Round(100*time.Millisecond), d.budget)

	release(t, name)
	awaitState(t, run, "COMPLETED", 3*time.Minute)
	answers := posts.Stop()
	t.Logf("clients saw %s", seen(answers))
	expectStored(t, name, answers)
	if d.loses == "" {
		expectWhole(t, run, tasksOf(t, run))
	} else {
		t.Logf("%d of %d task runs are recorded; may be missing: %s", len(stack.PG(t, "select id from task_run where flow_run_id = '"+run+"'")), tasksOf(t, run), d.loses)
	}
	expectPlanned(t, name)
}

// seen counts the answers of a load by what they said.
func seen(answers []load.Answer) string {
	counts := map[string]int{}
	for _, a := range answers {
		said := strconv.Itoa(a.Code)
		if a.Code == 0 {
			said = "no answer"
		}
		counts[said]++
	}
	var all []string
	for _, said := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%d x %s", counts[said], said))
	}
	return strings.Join(all, ", ")
}

// expectPlanned makes a deployment with a schedule and runs it once: the periodic services work, and a new run is whole.
func expectPlanned(t *testing.T, name string) {
	t.Helper()
	deployment := deploy(t, name+"-after", map[string]any{"schedules": []any{map[string]any{"active": true, "schedule": map[string]any{"interval": 3600}}}})
	defer stack.deleteDeployment(deployment)
	took := Await(t, 2*time.Minute, "a new schedule to be planned", func() error {
		if stack.PG(t, "select count(*) from flow_run where deployment_id = '"+deployment+"'")[0] == "0" {
			return fmt.Errorf("no run is planned")
		}
		return nil
	})
	t.Logf("a new schedule was planned after %s", took.Round(100*time.Millisecond))
	run := startRun(t, deployment, map[string]any{"tasks": 3, "pause": 0})
	awaitState(t, run, "COMPLETED", 2*time.Minute)
	expectWhole(t, run, 3)
}

// cutOffDatabase drops what the database would answer to API and services for 20 s, without a word to either side.
func cutOffDatabase(t *testing.T) (repair func()) {
	database := stack.Container(t, "postgres")
	network := "prefect-" + stack.Name + "-db"
	route := func(verb string) {
		for _, workload := range []string{"api", "services"} {
			for _, c := range stack.Running(t, workload) {
				at := c.NetworkSettings.Networks[network].IPAddress.String()
				command(t, "nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", database.State.Pid), "ip", "route", verb, "blackhole", at+"/32")
			}
		}
	}
	route("add")
	time.Sleep(20 * time.Second) // of the fault
	route("delete")
	return nil
}

// fillDatabase moves the files of the database to a small disk, and fills that for 20 s. The repair moves them back.
func fillDatabase(t *testing.T) (repair func()) {
	const disk, kept = "/e2e-database", "/e2e-keep"
	database := stack.Container(t, "postgres")
	at := database.Mounts[slices.IndexFunc(database.Mounts, func(m container.MountPoint) bool { return m.Name == dataVolume() })].Source
	stop(t, database)
	asEngine(t, fmt.Sprintf("cp -a %s %s && truncate -s $(($(du -sm %[2]s | cut -f 1) + 512))M %s", at, kept, disk))
	command(t, "mkfs.ext4", "-q", fmt.Sprintf("/proc/%d/root%s", enginePid(t), disk))
	asEngine(t, fmt.Sprintf("mount -o loop %s %s", disk, at))
	repair = func() {
		stop(t, database)
		asEngine(t, fmt.Sprintf("rm -rf %[3]s && cp -a %[2]s %[3]s && umount %[2]s && rm -rf %[2]s/* && cp -a %[3]s/. %[2]s && rm -rf %[3]s %[1]s", disk, at, kept))
		start(t, database)
		Await(t, 2*time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })
	}
	defer func() {
		if t.Failed() {
			repair()
		}
	}()
	asEngine(t, fmt.Sprintf("cp -a %s/. %s", kept, at))
	start(t, database)
	Await(t, time.Minute, "the database to serve", func() error { return stack.TryAPI(t, http.MethodPost, "/flows/count", map[string]any{}, nil) })

	asEngine(t, fmt.Sprintf("dd if=/dev/zero of=%s/filler bs=1M 2>/dev/null || true", at))
	Await(t, time.Minute, "a client to be refused", func() error {
		if err := stack.TryAPI(t, http.MethodPost, "/flows/", map[string]any{"name": uniqueName("full")}, nil); err == nil {
			return fmt.Errorf("the database still writes")
		}
		return nil
	})
	time.Sleep(20 * time.Second) // of the fault
	asEngine(t, fmt.Sprintf("rm %s/filler", at))
	return repair
}

// emptyRedis takes away all that Redis has but its accounts, as when its disk was lost.
func emptyRedis(t *testing.T) (repair func()) {
	redis := stack.Container(t, "redis")
	at := redis.Mounts[slices.IndexFunc(redis.Mounts, func(m container.MountPoint) bool { return m.Destination == "/data" })].Source
	if _, err := stack.Docker.ContainerKill(t.Context(), redis.ID, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		t.Fatal(err)
	}
	asEngine(t, fmt.Sprintf("find %s -mindepth 1 -not -name users.acl -delete", at))
	start(t, redis)
	return nil
}

// TestDrills_AClockThatIsWrongHarmsNobody runs flows outside with clocks that are off. (One that is behind by more than the age of the edge's certificate is refused by TLS.)
func TestDrills_AClockThatIsWrongHarmsNobody(t *testing.T) {
	drillsOnly(t)
	const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
	text, err := os.ReadFile(library)
	if err != nil {
		t.Fatalf("%v: .ci/packages installs it", err)
	}
	for _, off := range []string{"-1m", "+2h"} {
		t.Run(off, func(t *testing.T) {
			p := stack.StartPython(t, Script{
				Code:  outsideSteady,
				Env:   []string{"PAUSE=0.1", "LD_PRELOAD=/e2e/faketime.so", "FAKETIME=" + off},
				Files: map[string]string{"/e2e/flows/steady.py": steadyFlow, "/e2e/faketime.so": string(text), "/e2e/stop": "now"},
			})
			run, _, _ := strings.Cut(p.Wait(t), "\n")
			awaitState(t, run, "COMPLETED", time.Minute)
			expectWhole(t, run, tasksOf(t, run))
		})
	}
}

// TestDrills_FiveHundredLateRunsRunOnceEach stops the worker for what looks like three days.
func TestDrills_FiveHundredLateRunsRunOnceEach(t *testing.T) {
	drillsOnly(t)
	const runs, days = 500, 3
	name := uniqueName("late")
	deployment := deploy(t, name, nil)
	worker := stack.Container(t, "worker-default")
	stop(t, worker)
	for i := range runs {
		due := time.Now().Add(-days * 24 * time.Hour * time.Duration(runs-i) / runs).UTC().Format(time.RFC3339Nano)
		stack.API(t, http.MethodPost, "/deployments/"+deployment+"/create_flow_run", map[string]any{
			"name": fmt.Sprintf("%s-%d", name, i), "parameters": map[string]any{"tasks": 1, "pause": 0},
			"state": map[string]any{"type": "SCHEDULED", "state_details": map[string]any{"scheduled_time": due}},
		}, nil)
	}
	Await(t, 2*time.Minute, "the runs to be late", func() error {
		if late := atoi(t, stack.PG(t, "select count(*) from flow_run where deployment_id = '"+deployment+"' and state_name = 'Late'")[0]); late < runs {
			return fmt.Errorf("%d of %d are", late, runs)
		}
		return nil
	})
	start(t, worker)
	began := time.Now()
	unfinished := map[string]any{
		"deployments": map[string]any{"id": map[string]any{"any_": []string{deployment}}},
		"flow_runs":   map[string]any{"state": map[string]any{"type": map[string]any{"not_any_": []string{"COMPLETED"}}}},
	}
	Await(t, 45*time.Minute, "all late runs to finish", func() error {
		var left int
		if stack.API(t, http.MethodPost, "/flow_runs/count", unfinished, &left); left > 0 {
			return fmt.Errorf("%d have not", left)
		}
		return nil
	})
	t.Logf("%d late runs took %s", runs, time.Since(began).Round(time.Second))
	for _, problem := range history.Incomplete("late runs", runs, flowRuns(t, "r.deployment_id = '"+deployment+"'")) {
		t.Error(problem)
	}
	after := stack.Container(t, "worker-default")
	peak := stack.Exec(t, after.ID, "sh", "-c", "cat /sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes 2>/dev/null").Stdout // of one version or the other
	t.Logf("the worker used at most %d MiB of %d", atoi(t, strings.TrimSpace(peak))>>20, after.HostConfig.Memory>>20)
	if after.State.OOMKilled || after.RestartCount > worker.RestartCount {
		t.Errorf("the worker ran out of memory: %+v", after.State)
	}
}

// TestDrills_AHostIsPrunedAndLosesPower happens on the second engine, because it is nobody else's.
func TestDrills_AHostIsPrunedAndLosesPower(t *testing.T) {
	drillsOnly(t)
	engine := secondEngine(t)
	if engine.root == "" {
		t.Fatal("this is for an engine that may be killed, and there is none")
	}
	other := newElsewhere(t, engine.host, passphrase)
	other.output(t, "sh", "-c", `. .lab/env && pulumi stack init "$0"`, stack.Name)
	up := func() string {
		t.Helper()
		out, err := other.platform("up", "--yes")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return out
	}
	up()
	other.open(t)

	prune := drill{name: "pruned", budget: time.Minute, strike: func(t *testing.T) (repair func()) {
		t.Log(other.output(t, "docker", "system", "prune", "--force", "--volumes"))
		t.Log(up())
		return nil
	}}
	t.Run(prune.name, prune.underLoad)

	t.Run("power", func(t *testing.T) {
		const budget = 2 * time.Minute
		name := uniqueName("power")
		var flow struct {
			ID string `json:"id"`
		}
		stack.API(t, http.MethodPost, "/flows/", map[string]any{"name": name}, &flow)
		run := startRun(t, deploy(t, name, nil), map[string]any{"tasks": 30, "pause": 0.5, "until": stopFile(name)})
		awaitState(t, run, "RUNNING", time.Minute)
		posts := startLoad(t, 5, http.MethodPost, "/api/flow_runs/", func(n int) any {
			return map[string]any{"name": fmt.Sprintf("%s-%d", name, n), "flow_id": flow.ID}
		})
		Await(t, time.Minute, "some to be acknowledged", func() error {
			if len(posts.Answers()) < 50 {
				return fmt.Errorf("%d are", len(posts.Answers()))
			}
			return nil
		})
		engine.losePower(t)
		answers := posts.Stop()
		engine.start(t)
		took := Await(t, budget, "everything to be served again, with nobody's help", func() error {
			if err := stack.TryAPI(t, http.MethodPost, "/flows/count", map[string]any{}, nil); err != nil {
				return err
			}
			return stack.Healthy(t)
		})
		t.Logf("served again %s after the engine was back, budget %s; clients saw %s", took.Round(100*time.Millisecond), budget, seen(answers))
		expectStored(t, name, answers)
		awaitState(t, run, "CRASHED", 10*time.Minute)
		expectPlanned(t, name)
	})
}
