//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// fault is something real that goes wrong, and the alert that tells of it.
type fault struct {
	name, alert string
	path        string // at which somebody is told; empty: /alerts
	begin, over func(*testing.T)
}

// trouble is a fault that has begun.
type trouble struct {
	fault
	receiver     *Process
	before       int // notifications until then
	began, fired time.Time
}

// testFaults lets one thing after another go wrong. The certificate ends in two days since the up that began at a time, of which somebody was told meanwhile.
func testFaults(t *testing.T, receiver *Process, began time.Time) {
	soon := trouble{fault: fault{name: "certificate near its end", alert: "CertificateExpires", over: func(t *testing.T) {
		if out, err := stack.upWith(watching()...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}}, receiver: receiver, began: began}
	soon.told(t, time.Minute)
	soon.ended(t)

	failed := begin(t, receiver, fault{name: "flow failed", alert: "PrefectFlowRunFailed", begin: failFlow, over: func(*testing.T) {}})
	failed.told(t, time.Minute)
	failed.ended(t)

	if full {
		testWorkerAway(t, receiver)
	}
	for _, each := range []fault{
		{"edge without auth", "EdgeWithoutAuth", "", openEdge, closeEdge},
		{"exporter down", "TargetDown", "", stopping("node-exporter"), starting("node-exporter")},
		{"disk nearly full", "HostDiskFull", "", fillDisk, emptyDisk},
		{"a receiver fails", "AlertmanagerNotificationsFailing", "/spare", breakReceiver(receiver), mendReceiver(receiver)},
		{"server killed", "PrefectApiDown", "", killServer, func(*testing.T) {}},
		{"connections of PostgreSQL taken", "PostgresConnectionsExhausted", "", takeConnections, giveConnections},
		{"PostgreSQL stopped", "PostgresDown", "", stopping("postgres"), starting("postgres")},
	} {
		each.run(t, receiver)
		Await(t, 2*time.Minute, "all to be well again", func() error { return stack.Healthy(t) })
	}
	if full {
		each := fault{"server hangs", "PrefectApiDown", "", func(t *testing.T) {
			for _, pid := range descendants(t, stack.Container(t, "api").State.Pid) {
				strike(t, pid, syscall.SIGSTOP)
			}
		}, func(*testing.T) {}}
		each.run(t, receiver)
	}
	testOtherWays(t, receiver)
}

// testWorkerAway is what takes minutes to be noticed, as a worker's heartbeats do, and something that comes and goes meanwhile.
func testWorkerAway(t *testing.T, receiver *Process) {
	t.Helper()
	worker, deployment := stack.Container(t, "worker-default"), deploymentOf(t, "late")
	late := begin(t, receiver, fault{name: "flow runs late", alert: "PrefectLateRuns", begin: func(t *testing.T) {
		stop(t, worker)
		startRun(t, deployment, map[string]any{})
	}, over: func(t *testing.T) { stack.API(t, "DELETE", "/deployments/"+deployment, nil, nil) }}) // and with it what was planned of it
	gone := begin(t, receiver, fault{name: "worker stopped", alert: "PrefectWorkersGone", begin: func(*testing.T) {}, over: func(t *testing.T) { start(t, worker) }})
	missing := begin(t, receiver, fault{name: "canary missing", alert: "CanaryMissing", begin: func(*testing.T) {}, over: func(*testing.T) {}})

	fault{"scrape job removed", "TargetMissing", "", removeJob, restoreJob}.run(t, receiver)
	late.told(t, 2*time.Minute)
	gone.told(t, 3*time.Minute)
	missing.told(t, 3*time.Minute)
	gone.ended(t)
	late.ended(t) // the canary's runs are late too until there is a worker
	missing.ended(t)
}

// testOtherWays looks at what arrived by chat and by mail meanwhile.
func testOtherWays(t *testing.T, receiver *Process) {
	t.Helper()
	var chat, mail string
	for _, n := range notifications(t, receiver, 0) {
		for _, a := range n.Body.Attachments {
			if strings.Contains(a.Title, "PostgresDown") {
				chat = a.Text
			}
		}
		if strings.Contains(n.Mail, "Subject: ") && strings.Contains(n.Mail, "PostgresDown") {
			mail = n.Mail
		}
	}
	if !strings.Contains(chat, "docs/runbooks/PostgresDown.md") {
		t.Errorf("the chat was told %q", chat)
	}
	if !strings.Contains(mail, "To: team@corp.net") || !strings.Contains(mail, "PostgresDown.md") {
		t.Errorf("by mail came %q", mail)
	}
}

func (f fault) run(t *testing.T, receiver *Process) {
	t.Helper()
	now := begin(t, receiver, f)
	now.told(t, 3*time.Minute)
	now.ended(t)
}

// begin lets it happen.
func begin(t *testing.T, receiver *Process, f fault) *trouble {
	t.Helper()
	now := &trouble{fault: f, receiver: receiver, before: len(notifications(t, receiver, 0)), began: time.Now()}
	f.begin(t)
	return now
}

func (now *trouble) await(t *testing.T, within time.Duration, status string) {
	t.Helper()
	at := now.path
	if at == "" {
		at = "/alerts"
	}
	Await(t, within, now.alert+" to be "+status, func() error { return tells(t, now.receiver, at, now.before, now.alert, status) })
}

// told waits until somebody has heard of it.
func (now *trouble) told(t *testing.T, within time.Duration) {
	t.Helper()
	now.await(t, within, "firing")
	now.fired = time.Now()
	t.Logf("%-32s %-34s told after %s", now.name, now.alert, now.fired.Sub(now.began).Round(100*time.Millisecond))
}

// ended takes the fault away, and waits until somebody has heard of that and all is as it was.
func (now *trouble) ended(t *testing.T) {
	t.Helper()
	start := time.Now()
	now.over(t)
	now.await(t, 3*time.Minute, "resolved")
	t.Logf("%-32s %-34s over after %s", now.name, now.alert, time.Since(start).Round(100*time.Millisecond))
	Await(t, 2*time.Minute, "all sources to answer", func() error { return targetsUp(t) })
}

func stopping(workload string) func(*testing.T) {
	return func(t *testing.T) { stop(t, stack.Container(t, workload)) }
}

func starting(workload string) func(*testing.T) {
	return func(t *testing.T) { start(t, of(t, workload, "service")) }
}

// of returns the one container of a workload, running or not.
func of(t *testing.T, workload, role string) container.InspectResponse {
	t.Helper()
	all := stack.Containers(t, labelWorkload+"="+workload, labelRole+"="+role)
	if len(all) != 1 {
		t.Fatalf("%d containers of %s with the role %s, want 1", len(all), workload, role)
	}
	return all[0]
}

// stop has a container away for a while; it is there again when the test ends.
func stop(t *testing.T, c container.InspectResponse) {
	t.Helper()
	if _, err := stack.Docker.ContainerStop(t.Context(), c.ID, client.ContainerStopOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = stack.Docker.ContainerStart(context.Background(), c.ID, client.ContainerStartOptions{}) })
}

func start(t *testing.T, c container.InspectResponse) {
	t.Helper()
	if _, err := stack.Docker.ContainerStart(t.Context(), c.ID, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
}

// failFlow runs a flow whose code does not exist.
func failFlow(t *testing.T) {
	run := startRun(t, deploy(t, "fails", map[string]any{"entrypoint": "steady.py:missing"}), map[string]any{})
	Await(t, time.Minute, "the flow run to fail", func() error {
		if state, err := runState(t, run); err != nil || state != "FAILED" && state != "CRASHED" {
			return fmt.Errorf("it is %s (%w)", state, errors.Join(err))
		}
		return nil
	})
}

// deploymentOf is a deployment on the default pool whose code nobody needs to have.
func deploymentOf(t *testing.T, name string) string {
	t.Helper()
	var flow, deployment struct {
		ID string `json:"id"`
	}
	stack.API(t, "POST", "/flows/", map[string]any{"name": name}, &flow)
	stack.API(t, "POST", "/deployments/", map[string]any{"name": name, "flow_id": flow.ID, "work_pool_name": "default", "entrypoint": "nowhere.py:nothing"}, &deployment)
	return deployment.ID
}

// edgeConf is the configuration that nginx runs.
func edgeConf(t *testing.T) (file, text string) {
	t.Helper()
	nginx := stack.Container(t, "nginx").ID
	real := stack.Exec(t, nginx, "readlink", "-f", "/srv/edge/current/nginx.conf")
	return strings.TrimSpace(real.Stdout), stack.Exec(t, nginx, "cat", "/srv/edge/current/nginx.conf").Stdout
}

// rewriteEdge puts a change into the edge's configuration behind Pulumi's back, as somebody in a hurry would.
func rewriteEdge(t *testing.T, from, to string) {
	t.Helper()
	file, text := edgeConf(t)
	if !strings.Contains(text, from) {
		t.Fatalf("nginx.conf has no %q", from)
	}
	stack.CopyIn(t, of(t, "edge-install", "job").ID, map[string]string{file: strings.ReplaceAll(text, from, to)})
	if done := stack.Exec(t, stack.Container(t, "nginx").ID, "nginx", "-e", "stderr", "-c", "/srv/edge/current/nginx.conf", "-s", "reload"); done.Code != 0 {
		t.Fatal(done.Stderr)
	}
}

const demand, demandNothing = `auth_basic "Prefect";`, `auth_basic off; # "Prefect"`

func openEdge(t *testing.T) { rewriteEdge(t, demand, demandNothing) }

func closeEdge(t *testing.T) { rewriteEdge(t, demandNothing, demand) }

const scrapeFile = "/etc/platform/prometheus.yml"

var nodeJob = regexp.MustCompile(`(?ms)^ *- job_name: node$.*?(^ *- job_name: )`)

var wholeScrapes string

// restartPrometheus has it run with another configuration, as a new container of it would. A reload while it looks at its targets may leave a removed job in place
// (scrape/manager.go, "invalid config id").
func restartPrometheus(t *testing.T, text string) {
	t.Helper()
	stack.CopyIn(t, of(t, "prometheus", "files").ID, map[string]string{scrapeFile: text})
	if _, err := stack.Docker.ContainerRestart(t.Context(), stack.Container(t, "prometheus").ID, client.ContainerRestartOptions{}); err != nil {
		t.Fatal(err)
	}
}

func removeJob(t *testing.T) {
	wholeScrapes = stack.Exec(t, stack.Container(t, "prometheus").ID, "cat", scrapeFile).Stdout
	without := nodeJob.ReplaceAllString(wholeScrapes, "$1")
	if without == wholeScrapes {
		t.Fatal("there is no job node to remove")
	}
	restartPrometheus(t, without)
}

func restoreJob(t *testing.T) { restartPrometheus(t, wholeScrapes) }

// breakReceiver has it refuse what it is told, and something happen that it is to be told.
func breakReceiver(receiver *Process) func(*testing.T) {
	return func(t *testing.T) {
		stack.CopyIn(t, receiver.id, map[string]string{"/tmp/broken": ""})
		stop(t, stack.Container(t, "node-exporter"))
	}
}

func mendReceiver(receiver *Process) func(*testing.T) {
	return func(t *testing.T) {
		start(t, of(t, "node-exporter", "service"))
		if done := stack.Exec(t, receiver.id, "rm", "/tmp/broken"); done.Code != 0 {
			t.Fatal(done.Stderr)
		}
	}
}

// killServer ends the API at once, as the kernel does when memory is short. Docker starts it again by itself.
func killServer(t *testing.T) { strike(t, stack.Container(t, "api").State.Pid, syscall.SIGKILL) }

// takeConnections opens connections as Prefect until PostgreSQL has none left for it.
func takeConnections(t *testing.T) {
	settings := stack.Exec(t, stack.Container(t, "api").ID, "cat", "/etc/platform/prefect.toml").Stdout
	connections = stack.StartHelper(t, Helper{
		Image: stack.Container(t, "api").Config.Image, Command: []string{"python", "/e2e/script.py"}, Network: "prefect-" + stack.Name + "-db",
		Files: withScript(map[string]string{"/e2e/prefect.toml": settings}, `
import asyncio, tomllib, asyncpg
url = tomllib.load(open("/e2e/prefect.toml", "rb"))["server"]["database"]["connection_url"].replace("+asyncpg", "").split("?")[0]
async def main():
    held = []
    while True:
        try:
            held.append(await asyncpg.connect(url))
        except asyncpg.exceptions.TooManyConnectionsError:
            print("took", len(held), flush=True)
            await asyncio.sleep(1)
asyncio.run(main())
`),
	})
}

// connections is who holds them.
var connections *Process

func giveConnections(t *testing.T) {
	if _, err := stack.Docker.ContainerStop(t.Context(), connections.id, client.ContainerStopOptions{Signal: "KILL"}); err != nil {
		t.Fatal(err)
	}
}

// smallDisk is a file system of 24 MiB, which stands for the disk on which Docker keeps everything: it is mounted over the one volume that the node exporter has there.
const smallDisk = "/e2e-disk.img"

func fillDisk(t *testing.T) {
	exporter := stack.Container(t, "node-exporter")
	at := filesOf(exporter)
	stop(t, exporter)
	image := fmt.Sprintf("/proc/%d/root%s", enginePid(t), smallDisk)
	if out, err := exec.Command("sh", "-ec", "truncate -s 24M "+image+"; mkfs.ext4 -q "+image).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	asEngine(t, fmt.Sprintf(`
mkdir -p /e2e-keep
cp -a %[2]s/. /e2e-keep
mount -o loop %[1]s %[2]s
cp -a /e2e-keep/. %[2]s
fallocate -l 19M %[2]s/full
`, smallDisk, at))
	t.Cleanup(func() {
		asEngine(t, fmt.Sprintf("umount %[2]s 2>/dev/null || true; rm -rf /e2e-keep %[1]s", smallDisk, at))
	})
	start(t, exporter)
}

// filesOf is where the engine keeps the files of a container.
func filesOf(c container.InspectResponse) string {
	return c.Mounts[slices.IndexFunc(c.Mounts, func(m container.MountPoint) bool { return m.Destination == "/etc/platform" })].Source
}

func emptyDisk(t *testing.T) {
	asEngine(t, "rm "+path.Join(filesOf(of(t, "node-exporter", "service")), "full"))
}

// asEngine runs a script where the engine of this machine sees its files.
func asEngine(t *testing.T, script string) {
	t.Helper()
	cmd := exec.Command("nsenter", "-t", strconv.Itoa(enginePid(t)), "-m", "sh", "-ec", script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// enginePid asks the engine's socket whose it is.
func enginePid(t *testing.T) int {
	t.Helper()
	connection, err := net.Dial("unix", strings.TrimPrefix(stack.Docker.DaemonHost(), "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	raw, err := connection.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var peer *syscall.Ucred
	if failed := raw.Control(func(fd uintptr) {
		peer, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	return int(peer.Pid)
}
