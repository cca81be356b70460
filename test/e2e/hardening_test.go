//go:build e2e

package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
)

// exactImage is an image reference that always means the same release: a full version or a digest.
var exactImage = regexp.MustCompile(`^[a-z0-9][a-z0-9./-]*(:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?|(:[\w.-]+)?@sha256:[0-9a-f]{64})$`)

// services are the workloads that must run; a container beside these would have gone unnoticed by the other tests.
var services = []string{"api", "nginx", "postgres", "redis", "services", "worker-default"}

func TestHardening_EveryContainer(t *testing.T) {
	if running := expectHardened(t); !slices.Equal(running, services) {
		t.Errorf("running are %v, want %v", running, services)
	}
}

// expectHardened looks at all containers, and returns the workloads of those that serve.
func expectHardened(t *testing.T) (running []string) {
	t.Helper()
	count := map[string]int{}
	for _, c := range stack.Containers(t) {
		role := c.Config.Labels[labelRole]
		count[role]++
		checkLogBounded(t, c)
		switch role {
		case "service":
			running = append(running, c.Config.Labels[labelWorkload])
			checkConfined(t, c)
			checkProcess(t, c)
			if c.Config.Healthcheck == nil || len(c.Config.Healthcheck.Test) < 2 {
				t.Errorf("%s has no health check", c.Name)
			}
			if c.HostConfig.RestartPolicy.Name != container.RestartPolicyUnlessStopped {
				t.Errorf("%s has restart policy %q", c.Name, c.HostConfig.RestartPolicy.Name)
			}
		case "job": // runs once, its exit code is its health
			checkConfined(t, c)
			if c.State.Running || c.State.ExitCode != 0 {
				t.Errorf("job %s: running %t, exit code %d", c.Name, c.State.Running, c.State.ExitCode)
			}
		case "files": // never starts, so that nothing of it can be attacked
			checkImage(t, c)
			if c.State.Status != container.StateCreated || !c.HostConfig.NetworkMode.IsNone() {
				t.Errorf("holder %s is %s, on network %s", c.Name, c.State.Status, c.HostConfig.NetworkMode)
			}
		default:
			t.Errorf("%s has no role", c.Name)
		}
	}
	slices.Sort(running)
	if count["job"] == 0 || count["files"] == 0 {
		t.Errorf("no jobs or holders among %v", count)
	}
	t.Logf("containers: %v", count)
	return running
}

func checkImage(t *testing.T, c container.InspectResponse) {
	t.Helper()
	if !exactImage.MatchString(c.Config.Image) {
		t.Errorf("%s runs %s, which is no exact version", c.Name, c.Config.Image)
	}
}

// checkConfined looks at what the engine was told.
func checkConfined(t *testing.T, c container.InspectResponse) {
	t.Helper()
	checkImage(t, c)
	host := c.HostConfig
	user, _, _ := strings.Cut(c.Config.User, ":")
	for rule, kept := range map[string]bool{
		"a user other than root":   user != "" && user != "0" && user != "root",
		"a read-only root":         host.ReadonlyRootfs,
		"not privileged":           !host.Privileged,
		"no added capability":      len(host.CapAdd) == 0,
		"all capabilities dropped": slices.Equal(host.CapDrop, []string{"ALL"}),
		"no-new-privileges": slices.ContainsFunc(host.SecurityOpt, func(o string) bool {
			return strings.HasPrefix(o, "no-new-privileges") && !strings.HasSuffix(o, "false")
		}),
		"a memory limit":            host.Memory > 0,
		"no swap beyond it":         host.MemorySwap == host.Memory,
		"a CPU limit":               host.NanoCPUs > 0 || host.CPUQuota > 0,
		"its own process namespace": host.PidMode == "" && !host.IpcMode.IsHost() && !host.UTSMode.IsHost(),
		"no device":                 len(host.Devices) == 0,
	} {
		if !kept {
			t.Errorf("%s lacks %s", c.Name, rule)
		}
	}
	for _, mount := range c.Mounts {
		if mount.Type != "volume" || strings.Contains(mount.Destination, "docker.sock") {
			t.Errorf("%s mounts %s from the host's %s", c.Name, mount.Destination, mount.Source)
		}
		if mount.Destination == "/etc/platform" && mount.RW {
			t.Errorf("%s can write its own files", c.Name)
		}
	}
}

// checkLogBounded looks at what the engine keeps of a container's output: compressed files, of which the oldest goes.
func checkLogBounded(t *testing.T, c container.InspectResponse) {
	t.Helper()
	if log := c.HostConfig.LogConfig; log.Type != "local" || log.Config["max-size"] != "10m" || log.Config["max-file"] != "5" {
		t.Errorf("%s has the log %s with %v", c.Name, log.Type, log.Config)
	}
}

// confinement is what the kernel says of a container's first process, and whether its root can be written to.
const confinement = `grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs):' /proc/1/status; if (: >/probe) 2>/dev/null; then echo writable; fi`

// checkProcess looks at what the kernel makes of it.
func checkProcess(t *testing.T, c container.InspectResponse) {
	t.Helper()
	said := stack.Exec(t, c.ID, "sh", "-c", confinement).Stdout
	for _, want := range []*regexp.Regexp{
		regexp.MustCompile(`(?m)^Uid:\t[1-9]`),
		regexp.MustCompile(`(?m)^CapEff:\t0+$`),
		regexp.MustCompile(`(?m)^CapBnd:\t0+$`),
		regexp.MustCompile(`(?m)^NoNewPrivs:\t1$`),
	} {
		if !want.MatchString(said) {
			t.Errorf("%s: the kernel says %q, want %s", c.Name, said, want)
		}
	}
	if strings.Contains(said, "writable") {
		t.Errorf("%s can write to its root", c.Name)
	}
}
