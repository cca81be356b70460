//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"prefect-platform/test/e2e/history"
	"prefect-platform/test/e2e/load"
	"prefect-platform/test/e2e/pages"
)

// drill is something that goes wrong while clients post and a flow runs.
type drill struct {
	name      string
	page      string
	strike    func(t *testing.T, page pages.Page) (repair func())
	pause     float64 // between the tasks of the flow, in seconds
	loseTasks string  // why task runs may miss afterwards; empty when they may not
	planning  bool    // is what is disturbed, and what the figure is of
}

// TestDrills_LoseNothingThatWasAcknowledged is for faults that no other test has.
func TestDrills_LoseNothingThatWasAcknowledged(t *testing.T) {
	drillsOnly(t)
	const inFlight = "their events were in Redis only"
	for _, d := range []drill{
		{"database cut off", "cut-off", cutOffDatabase, 0.5, "", false},
		{"disk of the database full", "disk-full", fillDatabase, 0.5, "", false},
		{"Redis emptied", "redis-emptied", emptyRedis(pages.DoIt), 0.02, inFlight, true},
		{"Redis emptied with its disk", "redis-emptied", emptyRedis("Do it with its disk"), 0.02, inFlight, true},
	} {
		t.Run(strings.ReplaceAll(d.name, " ", "_"), func(t *testing.T) { d.underLoad(t) })
	}
}

func drillsOnly(t *testing.T) {
	t.Helper()
	if !full {
		t.Skip("a drill takes minutes: make drills")
	}
}

// traffic is what goes on in a stack: clients post, and a flow runs in the worker.
type traffic struct {
	name, run string
	vigil     *vigil
	posts     *load.Load
}

// startTraffic has clients post runs that have ended already, so that all that is open afterwards is what somebody has lost sight of.
func startTraffic(t *testing.T, what string, pause float64) *traffic {
	t.Helper()
	const rate = 5
	name := uniqueName(what)
	var flow struct {
		ID string `json:"id"`
	}
	stack.API(t, http.MethodPost, "/flows/", map[string]any{"name": name}, &flow)
	b := &traffic{name: name, vigil: startVigil(t)}
	b.run = startRun(t, deploy(t, name, nil), map[string]any{"tasks": 30, "pause": pause, "until": stopFile(name)})
	awaitState(t, b.run, "RUNNING", time.Minute)
	b.posts = startLoad(t, rate, http.MethodPost, "/api/flow_runs/", func(n int) any {
		return map[string]any{"name": fmt.Sprintf("%s-%d", name, n), "flow_id": flow.ID, "state": map[string]any{"type": "COMPLETED"}}
	})
	return b
}

// awaitServed waits until all is served and healthy, and returns how long that took.
func awaitServed(t *testing.T, budget time.Duration) time.Duration {
	t.Helper()
	return Await(t, budget, "everything to be served again", func() error {
		if err := stack.TryAPI(t, http.MethodPost, "/flows/", map[string]any{"name": uniqueName("served")}, nil); err != nil {
			return err // to read is possible sooner
		}
		return stack.Healthy(t)
	})
}

func (d drill) underLoad(t *testing.T) {
	page := readPage(t, d.page)
	b := startTraffic(t, "drill", d.pause)
	b.vigil.loseTasks = d.loseTasks

	if repair := d.strike(t, page); repair != nil {
		defer repair()
	}
	over := time.Now()
	took := awaitServed(t, page.Budget)
	if d.planning {
		took = expectPlanned(t, b.name).Sub(over)
	}
	awaitOver(t, page)

	release(t, b.name)
	awaitState(t, b.run, "COMPLETED", 3*time.Minute)
	answers := b.posts.Stop()
	expectStored(t, b.name, answers)
	if d.loseTasks == "" {
		expectWhole(t, b.run, tasksOf(t, b.run))
	}
	if !d.planning {
		expectPlanned(t, b.name)
	}
	lost := b.vigil.expectIntact(t, append(acknowledgedBy(answers), b.run))
	record(t, d.name, page.Budget, took, lost, seen(answers))
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

// expectPlanned makes a deployment with a schedule and runs it once: the periodic services work, and a new run is whole. It returns when it was planned.
func expectPlanned(t *testing.T, name string) (planned time.Time) {
	t.Helper()
	deployment := deploy(t, name+"-after", map[string]any{"schedules": []any{map[string]any{"active": true, "schedule": map[string]any{"interval": 3600}}}})
	defer stack.deleteDeployment(deployment)
	took := Await(t, 2*time.Minute, "a new schedule to be planned", func() error {
		if stack.PG(t, "select count(*) from flow_run where deployment_id = '"+deployment+"'")[0] == "0" {
			return fmt.Errorf("no run is planned")
		}
		return nil
	})
	planned = time.Now()
	t.Logf("a new schedule was planned after %s", took.Round(100*time.Millisecond))
	run := startRun(t, deployment, map[string]any{"tasks": 3, "pause": 0})
	awaitState(t, run, "COMPLETED", 2*time.Minute)
	expectWhole(t, run, 3)
	return planned
}

func cutOffDatabase(t *testing.T, page pages.Page) (repair func()) {
	typed(t, page, pages.DoIt)
	return nil
}

// fillDatabase has the database on a small disk, and that full for 20 s.
func fillDatabase(t *testing.T, page pages.Page) (repair func()) {
	typedOnHost(t, page, "Prepare it")
	repair = func() {
		typedOnHost(t, page, "Put it back")
		Await(t, 2*time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })
	}
	defer func() {
		if t.Failed() {
			repair()
		}
	}()
	Await(t, time.Minute, "the database to serve", func() error { return stack.TryAPI(t, http.MethodPost, "/flows/count", map[string]any{}, nil) })

	typedOnHost(t, page, pages.DoIt)
	Await(t, time.Minute, "a client to be refused", func() error {
		if err := stack.TryAPI(t, http.MethodPost, "/flows/", map[string]any{"name": uniqueName("full")}, nil); err == nil {
			return fmt.Errorf("the database still writes")
		}
		return nil
	})
	time.Sleep(20 * time.Second) // of the fault
	typedOnHost(t, page, "End it")
	return repair
}

func emptyRedis(section string) func(*testing.T, pages.Page) func() {
	return func(t *testing.T, page pages.Page) func() {
		typed(t, page, section)
		return nil
	}
}

// fakeClock is put into a process to have its clock off.
const fakeClock = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

// TestDrills_AClientsClockThatIsWrongHarmsNobody runs flows outside with clocks that are off. (One that is behind by more than the age of the edge's certificate is
// refused by TLS.)
func TestDrills_AClientsClockThatIsWrongHarmsNobody(t *testing.T) {
	drillsOnly(t)
	text, err := os.ReadFile(fakeClock)
	if err != nil {
		t.Fatalf("%v: .ci/packages installs it", err)
	}
	for _, off := range []string{"-1m", "+2h"} {
		t.Run(off, func(t *testing.T) {
			v := startVigil(t)
			v.skewed = true
			began := time.Now()
			p := stack.StartPython(t, Script{
				Code:  outsideSteady,
				Env:   []string{"PAUSE=0.1", outsideTrace, "LD_PRELOAD=/e2e/faketime.so", "FAKETIME=" + off},
				Files: map[string]string{"/e2e/flows/steady.py": steadyFlow, "/e2e/faketime.so": string(text), "/e2e/stop": "now"},
			})
			run, trace, _ := strings.Cut(p.Wait(t), "\n")
			awaitState(t, run, "COMPLETED", time.Minute)
			expectWhole(t, run, tasksOf(t, run))
			lost := v.expectIntact(t, []string{run}, parseTrace(t, trace)...)
			record(t, "client's clock "+off, 0, time.Since(began), lost, "nothing")
		})
	}
}

// TestDrills_TheServicesClockThatIsWrongHarmsNobody has a twin of the services, whose clock is ahead, plan and find runs late, while a schedule has some due.
func TestDrills_TheServicesClockThatIsWrongHarmsNobody(t *testing.T) {
	drillsOnly(t)
	const every, watched = 20 * time.Second, 90 * time.Second
	page := readPage(t, "clock")
	b := startTraffic(t, "clock", 0.5)
	b.vigil.skewed = true
	scheduled := deploy(t, b.name+"-schedule", map[string]any{
		"parameters": map[string]any{"tasks": 1, "pause": 0},
		"schedules":  []any{map[string]any{"active": true, "schedule": map[string]any{"interval": every.Seconds()}}},
	})
	defer stack.deleteDeployment(scheduled)

	ended := false
	defer func() {
		if !ended {
			_, _ = stack.shell(script(t, page, "End it"))
		}
	}()
	typed(t, page, pages.DoIt)
	began := time.Now()
	Await(t, 2*time.Minute, "the twin to plan", func() error {
		if stack.PG(t, "select count(*) from flow_run where deployment_id = '"+scheduled+"' and expected_start_time > now()")[0] == "0" {
			return fmt.Errorf("no run is planned")
		}
		return nil
	})
	t.Logf("the twin planned after %s", time.Since(began).Round(100*time.Millisecond))
	time.Sleep(watched)
	early := atoi(t, stack.PG(t, "select count(*) from flow_run where deployment_id = '"+scheduled+"' and state_name = 'Late' and expected_start_time > now()")[0])
	typed(t, page, "End it")
	ended = true
	took := awaitServed(t, page.Budget)
	t.Logf("the periodic services rest until %s from now", nextPeriodic(t).Round(time.Second))
	typed(t, page, "Plan anew")
	awaitOver(t, page)

	// The twin planned from where its clock was, and whoever looks now finds enough runs ahead.
	gap, err := time.ParseDuration(stack.PG(t, `select coalesce(round(extract(epoch from max(gap))), 0) || 's' from (select expected_start_time - lag(expected_start_time) over (order by expected_start_time) gap
		from flow_run where deployment_id = '`+scheduled+`') g`)[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the widest gap between planned runs is %s", gap)
	for _, verb := range []string{"pause", "resume"} { // what switching it off and on in the UI does
		stack.API(t, http.MethodPost, "/deployments/"+scheduled+"/"+verb+"_deployment", nil, nil)
	}
	Await(t, 2*time.Minute, "the schedule to be planned anew", func() error {
		if planned := atoi(t, stack.PG(t, "select count(*) from flow_run where deployment_id = '"+scheduled+"' and expected_start_time between now() and now() + interval '5 minutes'")[0]); planned < 10 {
			return fmt.Errorf("%d runs are planned for the next minutes", planned)
		}
		return nil
	})
	expectPlanned(t, b.name)
	release(t, b.name)
	awaitState(t, b.run, "COMPLETED", time.Minute)
	answers := b.posts.Stop()
	ran := atoi(t, stack.PG(t, "select count(*) from flow_run where deployment_id = '"+scheduled+"' and state_type = 'COMPLETED'")[0])
	ahead := atoi(t, stack.PG(t, "select count(*) from flow_run where deployment_id = '"+scheduled+"' and start_time < expected_start_time - interval '1 second'")[0])
	t.Logf("%d planned runs ran, %d before their time; %d were shown as late before it", ran, ahead, early)
	if ran < int(watched/every)-1 || ahead > 0 {
		t.Errorf("%d planned runs ran, %d of them before their time", ran, ahead)
	}
	stack.deleteDeployment(scheduled) // or there is always one of it at work
	lost := b.vigil.expectIntact(t, append(acknowledgedBy(answers), b.run))
	record(t, "services' clock +2h", page.Budget, took, lost, fmt.Sprintf("%s; %d runs shown as Late before their time, a gap of %s in a schedule", seen(answers), early, gap))
}

// nextPeriodic is when the periodic service runs next that runs first.
func nextPeriodic(t *testing.T) time.Duration {
	t.Helper()
	said := stack.Exec(t, stack.Container(t, "services").ID, "python", "-c", `
import redis, time, tomllib
docket = redis.from_url(tomllib.load(open("/etc/platform/prefect.toml", "rb"))["server"]["docket"]["url"])
print(f"{docket.zrange('prefect:queue', 0, 0, withscores=True)[0][1] - time.time():.0f}s")`)
	next, err := time.ParseDuration(strings.TrimSpace(said.Stdout))
	if err != nil {
		t.Logf("%v: %s", err, said.Stderr)
	}
	return next
}

// TestDrills_FiveHundredLateRunsRunOnceEach stops the worker for what looks like three days.
func TestDrills_FiveHundredLateRunsRunOnceEach(t *testing.T) {
	drillsOnly(t)
	const runs, days = 500, 3
	page := readPage(t, "late-runs")
	name := uniqueName("late")
	v := startVigil(t)
	deployment := deploy(t, name, nil)
	worker := stack.Container(t, "worker-default")
	typed(t, page, pages.DoIt)
	t.Cleanup(func() { _, _ = stack.shell(script(t, page, "End it")) })
	var ids []string
	for i := range runs {
		due := time.Now().Add(-days * 24 * time.Hour * time.Duration(runs-i) / runs).UTC().Format(time.RFC3339Nano)
		var created struct {
			ID string `json:"id"`
		}
		stack.API(t, http.MethodPost, "/deployments/"+deployment+"/create_flow_run", map[string]any{
			"name": fmt.Sprintf("%s-%d", name, i), "parameters": map[string]any{"tasks": 1, "pause": 0},
			"state": map[string]any{"type": "SCHEDULED", "state_details": map[string]any{"scheduled_time": due}},
		}, &created)
		ids = append(ids, created.ID)
	}
	Await(t, 2*time.Minute, "the runs to be late", func() error {
		if late := atoi(t, stack.PG(t, "select count(*) from flow_run where deployment_id = '"+deployment+"' and state_name = 'Late'")[0]); late < runs {
			return fmt.Errorf("%d of %d are", late, runs)
		}
		return nil
	})
	typed(t, page, "End it")
	began := time.Now()
	unfinished := map[string]any{
		"deployments": map[string]any{"id": map[string]any{"any_": []string{deployment}}},
		"flow_runs":   map[string]any{"state": map[string]any{"type": map[string]any{"not_any_": []string{"COMPLETED"}}}},
	}
	Await(t, page.Budget, "all late runs to finish", func() error {
		var left int
		if stack.API(t, http.MethodPost, "/flow_runs/count", unfinished, &left); left > 0 {
			return fmt.Errorf("%d have not", left)
		}
		return nil
	})
	took := time.Since(began)
	for _, problem := range history.Incomplete("late runs", runs, flowRuns(t, "r.deployment_id = '"+deployment+"'")) {
		t.Error(problem)
	}
	awaitOver(t, page)
	after := stack.Container(t, "worker-default")
	peak := stack.Exec(t, after.ID, "sh", "-c", "cat /sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes 2>/dev/null").Stdout // of one version or the other
	used := fmt.Sprintf("the worker used at most %d MiB of %d", atoi(t, strings.TrimSpace(peak))>>20, after.HostConfig.Memory>>20)
	if after.State.OOMKilled || after.RestartCount > worker.RestartCount {
		t.Errorf("the worker ran out of memory: %+v", after.State)
	}
	record(t, fmt.Sprintf("%d late runs", runs), page.Budget, took, v.expectIntact(t, ids), "runs wait; "+used)
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
	if out, err := other.platform("up", "--yes"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	other.open(t)

	prune := drill{name: "pruned", page: "pruned", pause: 0.5, strike: func(t *testing.T, page pages.Page) (repair func()) {
		typed(t, page, pages.DoIt)
		typed(t, page, "End it")
		return nil
	}}
	t.Run(prune.name, prune.underLoad)

	t.Run("power", func(t *testing.T) {
		page := readPage(t, "power-lost")
		b := startTraffic(t, "power", 0.5)
		Await(t, time.Minute, "some to be acknowledged", func() error {
			if len(b.posts.Answers()) < 50 {
				return fmt.Errorf("%d are", len(b.posts.Answers()))
			}
			return nil
		})
		typed(t, page, pages.DoIt, "/run/docker.pid", filepath.Join(engine.root, "run", "docker.pid"))
		engine.losePower(t) // the rest of it: containerd, and what it knows
		answers := b.posts.Stop()
		engine.start(t)
		took := awaitServed(t, page.Budget) // with nobody's help
		awaitOver(t, page)
		expectStored(t, b.name, answers)
		awaitState(t, b.run, "CRASHED", 10*time.Minute)
		expectPlanned(t, b.name)
		lost := b.vigil.expectIntact(t, append(acknowledgedBy(answers), b.run))
		record(t, "power lost", page.Budget, took, lost, seen(answers)+"; the flow in the worker is Crashed")
	})
}
