//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// driftImage is the worker's for these tests: a tag of their own of the pinned image, which may be moved and removed while other stacks run.
func driftImage() string { return "prefect-platform-e2e/" + stackName + "-drift:1" }

// TestDrift_TellsEveryDifferenceAndChangesNothing makes each difference happen for real and wants exactly these findings; what drift says is then done, and an `up` mends the rest.
func TestDrift_TellsEveryDifferenceAndChangesNothing(t *testing.T) {
	healAfter(t)
	calm(t)
	expectDrift(t)

	pinned := stack.Container(t, "worker-default").Config.Image
	stack.tag(t, pinned, driftImage())
	t.Cleanup(func() { stack.untag(driftImage()) })
	own := Set("workers[0].image", driftImage())
	if out, err := stack.upWith(own); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	other := stack.commit(t, "worker-default")
	expectDrift(t)

	t.Run("what happens to a stack", func(t *testing.T) { disturb(t, own, pinned, other) })
	t.Run("what people make anew", func(t *testing.T) { remakeByHand(t, own, other) })
}

func disturb(t *testing.T, own Edit, pinned, other string) {
	services, worker, api := stack.Container(t, "services"), stack.Container(t, "worker-default"), stack.Container(t, "api")
	redis, nginx := stack.Container(t, "redis"), stack.Container(t, "nginx")

	// Alive, but not ready: the health check leaves it alone.
	for _, pid := range descendants(t, services.State.Pid) {
		strike(t, pid, syscall.SIGSTOP)
	}
	stack.Exec(t, services.ID, "rm", "-f", "/tmp/alive")
	stack.killOften(t, worker.ID, 6)
	Await(t, time.Minute, "the worker to be healthy again", func() error { return stack.healthIs(t, worker.ID, container.Healthy) })
	stack.killOften(t, api.ID, 8)

	stack.tag(t, other, driftImage())
	foreign := stack.attach(t, redis.Image, "prefect-"+stack.Name+"-app")
	egress := "prefect-" + stack.Name + "-egress"
	for _, id := range []string{services.ID, worker.ID} {
		stack.must(t)(stack.Docker.NetworkDisconnect(t.Context(), egress, client.NetworkDisconnectOptions{Container: id, Force: true}))
	}
	stack.must(t)(stack.Docker.NetworkRemove(t.Context(), egress, client.NetworkRemoveOptions{}))
	removed := stack.removeJob(t, "bootstrap")
	stack.must(t)(stack.Docker.ContainerPause(t.Context(), nginx.ID, client.ContainerPauseOptions{}))
	stack.must(t)(stack.Docker.ContainerStop(t.Context(), redis.ID, client.ContainerStopOptions{}))
	Await(t, time.Minute, "services to be unhealthy", func() error { return stack.healthIs(t, services.ID, container.Unhealthy) })
	stack.Configure(t, own,
		Set("tls", map[string]any{"validityDays": 398, "renewalDays": 397}), // the leaf was made for 90
		Set("rotation.database.since", "2020-02-29"),
		Set("rotation.api", map[string]any{"a": 1, "b": 1, "active": "a", "keep": true, "since": time.Now().AddDate(0, 0, -20).Format(time.DateOnly)}))
	stack.killOften(t, api.ID, 1) // the ninth: Docker waits for 25 seconds before it starts it again

	app := "prefect-" + stack.Name + "-app"
	want := []string{
		"unhealthy " + name(services), "network-changed " + name(services), "restarted-often " + name(worker), "network-changed " + name(worker),
		"restarting " + name(api), "stopped " + name(redis), "paused " + name(nginx),
		"missing " + egress, "unknown-container " + foreign, "tag-moved " + driftImage(),
		"certificate-due certificate/proxy", "credential-due credential/database", "credential-kept credential/api",
	}
	for _, each := range removed {
		want = append(want, "missing "+each)
	}
	next := expectDrift(t, want...)
	for which, command := range map[string]string{
		"paused " + name(nginx):             "docker unpause " + name(nginx),
		"unknown-container " + foreign:      "docker network disconnect --force " + app + " " + foreign,
		"tag-moved " + driftImage():         "docker tag " + worker.Image + " " + driftImage(),
		"network-changed " + name(worker):   "docker rm -f " + name(worker) + " && ",
		"restarted-often " + name(worker):   "docker restart " + name(worker),
		"stopped " + name(redis):            " up --stack " + stack.Name,
		"missing " + egress:                 " up --stack " + stack.Name,
		"certificate-due certificate/proxy": " up --stack " + stack.Name,
		"credential-kept credential/api":    "pulumi config set --stack " + stack.Name + " --path prefect-platform:rotation.api.keep false && ",
	} {
		if !strings.Contains(next[which], command) {
			t.Errorf("%s: next is %q, want %q in it", which, next[which], command)
		}
	}

	// What up does not do by itself, as the findings say it.
	stack.must(t)(stack.Docker.ContainerUnpause(t.Context(), nginx.ID, client.ContainerUnpauseOptions{}))
	stack.must(t)(stack.Docker.NetworkDisconnect(t.Context(), app, client.NetworkDisconnectOptions{Container: foreign, Force: true}))
	stack.tag(t, pinned, driftImage())
	for _, id := range []string{services.ID, worker.ID} {
		stack.must(t)(stack.Docker.ContainerRemove(t.Context(), id, client.ContainerRemoveOptions{Force: true}))
	}
	stack.must(t)(stack.Docker.ContainerRestart(t.Context(), api.ID, client.ContainerRestartOptions{}))
	expectMended(t, own)
}

func remakeByHand(t *testing.T, own Edit, other string) {
	worker, redis, nginx := stack.Container(t, "worker-default"), stack.Container(t, "redis"), stack.Container(t, "nginx")
	stack.Configure(t, own)

	ports, err := freePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	stack.recreate(t, nginx, func(_ *container.Config, host *container.HostConfig) {
		for internal := range host.PortBindings {
			host.PortBindings[internal] = []network.PortBinding{{HostIP: host.PortBindings[internal][0].HostIP, HostPort: fmt.Sprint(ports[0])}}
			ports = ports[1:]
		}
	})
	stack.recreate(t, worker, func(config *container.Config, host *container.HostConfig) {
		config.Image = other
		host.PublishAllPorts = true
		config.ExposedPorts = network.PortSet{network.MustParsePort("8080/tcp"): {}}
	})
	stack.untag(driftImage())
	stack.must(t)(stack.Docker.NetworkConnect(t.Context(), "prefect-"+stack.Name+"-egress", client.NetworkConnectOptions{Container: redis.ID}))
	orphan := stack.orphan(t, redis.Image)

	expectDrift(t,
		"recreated "+name(nginx), "port-changed "+name(nginx),
		"recreated "+name(worker), "image-changed "+name(worker), "port-changed "+name(worker),
		"missing "+driftImage(), "network-changed "+name(redis), "unknown-container "+orphan)

	stack.must(t)(stack.Docker.NetworkDisconnect(t.Context(), "prefect-"+stack.Name+"-egress", client.NetworkDisconnectOptions{Container: redis.ID}))
	expectMended(t) // without the tag of its own, which no registry has
}

func TestDrift_SaysThatItCouldNotLook(t *testing.T) {
	for what, c := range map[string]struct {
		edit Edit
		says string
	}{
		"no engine":               {Set("docker:host", "unix:///nonexistent/docker.sock"), "does not answer"},
		"a refused configuration": {Set("edge.httpsPort", 99999), "edge.httpsPort"},
	} {
		t.Run(what, func(t *testing.T) {
			stack.Configure(t, c.edit)
			expectNoLook(t, c.says)
		})
	}
	t.Run("an operation under way", func(t *testing.T) {
		stack.lock(t)
		expectNoLook(t, "is being changed by somebody")
	})
}

func expectNoLook(t *testing.T, says string) {
	t.Helper()
	for _, flags := range [][]string{nil, {"--json"}} {
		out, log, code := stack.drift(t, flags...)
		if code != 1 || out != "" || !strings.Contains(log, says) {
			t.Errorf("drift %v: exit code %d, want 1 and %q\n%s%s", flags, code, says, out, log)
		}
	}
}

// expectMended wants an `up` to put everything right that is left.
func expectMended(t *testing.T, edits ...Edit) {
	t.Helper()
	start := time.Now()
	if out, err := stack.upWith(edits...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("mended in %s", time.Since(start).Round(100*time.Millisecond))
	expectDrift(t)
}

// drift runs the command; the exit code is -1 when it could not be run.
func (s *Stack) drift(t *testing.T, flags ...string) (out, log string, code int) {
	t.Helper()
	cmd := s.command(t.Context(), s.operator(), append([]string{"drift", "--stack", s.Name}, flags...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Error(err)
		return "", "", -1
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func name(c container.InspectResponse) string { return strings.TrimPrefix(c.Name, "/") }
