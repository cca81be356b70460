package doctor

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/lock"
	"prefect-platform/internal/mend"
)

// well is a stack with nothing to find, before its first `up`.
func well() Seen {
	return Seen{
		Stack:    "dev",
		Command:  func(verb string) string { return "platform " + verb },
		Tools:    []Tool{{Name: "pulumi", Version: "3.259.0", Least: "3.259.0"}},
		Config:   config.Default(),
		EngineAt: "unix:///run/docker.sock",
		Local:    true,
		Facts:    &live.Facts{Version: "28.5.2", API: "1.51", CPUs: 2, MemoryMiB: 32 << 10},
		Has:      &live.Inventory{},
		FreeDisk: 100 << 30,
		Mend:     &mend.Plan{},
	}
}

func running(name string) live.Container {
	return live.Container{Name: name, Stack: "dev", Workload: name, Role: "service", State: "running", Health: "healthy"}
}

func TestAll_FindsNothingWrongWithAWellStack(t *testing.T) {
	if findings := All(well()); Worst(findings) != Fine {
		t.Errorf("got %+v", findings)
	}
}

func TestAll_HasAFindingWithARemedyForEveryIll(t *testing.T) {
	edge := config.Default().Edge
	for name, c := range map[string]struct {
		ill    func(*Seen)
		level  Level
		found  string
		remedy string
	}{
		"no pulumi": {func(s *Seen) { s.Tools = []Tool{{Name: "pulumi", Remedy: "https://example.com/install"}} }, Problem, "pulumi is not on the PATH", "example.com/install"},
		"old go": {func(s *Seen) {
			s.Tools = []Tool{{Name: "go", Version: "1.21", Least: "1.26", Old: true, Remedy: "install"}}
		}, Problem, "go 1.21 is older than 1.26", "install"},
		"bad config": {func(s *Seen) {
			s.ConfigErr = config.Problems{{Key: "edge.httpsPort", Found: "99999", Want: "1 to 65535", Fix: "pulumi config set …"}}
		}, Problem, "edge.httpsPort: found 99999, want 1 to 65535", "pulumi config set …"},
		"unreadable config": {func(s *Seen) { s.ConfigErr = errors.New("incorrect passphrase") }, Problem, "incorrect passphrase", ""},
		"no engine": {func(s *Seen) {
			s.EngineErr = errors.New("engine X does not answer: refused")
			s.Facts, s.Has = nil, nil
		}, Problem, "engine X does not answer", "start Docker"},
		"old engine":      {func(s *Seen) { s.Facts.API = "1.41" }, Problem, "too old", "Docker 28"},
		"clock a bit off": {func(s *Seen) { s.Facts.Skew = -7 * time.Second }, Warning, "7s off", "NTP"},
		"clock wrong":     {func(s *Seen) { s.Facts.Skew = time.Hour }, Problem, "1h0m0s off", "NTP"},
		"port of another container": {func(s *Seen) {
			s.Has.Containers = []live.Container{{Name: "web", Ports: []live.Port{{Address: "0.0.0.0", Port: edge.HTTPSPort}}}}
		}, Problem, "is taken by container web", "edge.httpsPort"},
		"port of another stack": {func(s *Seen) {
			s.Has.Containers = []live.Container{{Name: "prefect-prod-nginx", Stack: "prod", Ports: []live.Port{{Address: edge.Address, Port: edge.HTTPPort}}}}
		}, Problem, "is taken by container prefect-prod-nginx", "edge.httpPort"},
		"port of a process": {func(s *Seen) { s.PortTaken = func(_ string, port int) bool { return port == edge.HTTPPort } }, Problem, "taken by a process", "edge.httpPort"},
		"disk short":        {func(s *Seen) { s.FreeDisk = 5 << 30 }, Warning, "5GiB free", "docker system df"},
		"disk full":         {func(s *Seen) { s.FreeDisk = 1 << 30 }, Problem, "1GiB free", "docker system df"},
		"little memory":     {func(s *Seen) { s.Facts.MemoryMiB = 512 }, Warning, "on a machine with 512 MiB", "memoryMiB"},
		"lab image in production": {func(s *Seen) {
			s.Config.Production = true
			s.Has.Images = map[string]live.Image{"postgres:18.6": {LabMade: true}}
		}, Problem, "postgres:18.6 was built by the lab", "docker rmi postgres:18.6"},
		"foreign stack":     {func(s *Seen) { s.Mend.Foreign = []live.Container{running("prefect-dev-redis")} }, Problem, "this state does not know", "another clone"},
		"lock elsewhere":    {func(s *Seen) { s.Locks = []lock.Holder{{User: "bob", Host: "ci-7", PID: 12}} }, Warning, "locked by bob on ci-7", "wait for it"},
		"lock of the dead":  {func(s *Seen) { s.Locks = []lock.Holder{{User: "bob", Host: hostname(t), PID: 1 << 30}} }, Warning, "is gone", "platform up"},
		"stopped container": {func(s *Seen) { s.Mend.Stopped = []live.Container{{Name: "api-1", State: "exited"}} }, Problem, "container api-1 is exited", "platform up (made anew)"},
		"unhealthy": {func(s *Seen) {
			s.Has.Containers = []live.Container{{Name: "api-1", Stack: "dev", Workload: "api", Role: "service", State: "running", Health: "unhealthy"}}
		}, Problem, "api-1 is unhealthy", "platform logs api"},
		"restarting": {func(s *Seen) {
			s.Has.Containers = []live.Container{{Name: "api-1", Stack: "dev", Workload: "api", Role: "service", State: "restarting"}}
		}, Problem, "api-1 ends again and again", "platform logs api"},
		"paused": {func(s *Seen) {
			s.Has.Containers = []live.Container{{Name: "api-1", Stack: "dev", Role: "service", State: "paused"}}
		}, Problem, "api-1 is paused", "docker unpause api-1"},
		"starting": {func(s *Seen) {
			s.Has.Containers = []live.Container{{Name: "api-1", Stack: "dev", Role: "service", State: "running", Health: "starting"}}
		}, Warning, "api-1 is starting", ""},
	} {
		t.Run(name, func(t *testing.T) {
			seen := well()
			c.ill(&seen)
			findings := All(seen)
			if Worst(findings) != c.level {
				t.Errorf("worst is %d, want %d: %+v", Worst(findings), c.level, findings)
			}
			for _, f := range findings {
				if f.Level == c.level && strings.Contains(f.Found, c.found) && strings.Contains(f.Remedy, c.remedy) {
					return
				}
			}
			t.Errorf("no finding %q with remedy %q in %+v", c.found, c.remedy, findings)
		})
	}
}

func TestPrerequisites_LeaveOutWhatUpMends(t *testing.T) {
	seen := well()
	seen.Mend.Stopped = []live.Container{{Name: "api-1", State: "exited"}}
	seen.Has.Containers = []live.Container{{Name: "api-1", Stack: "dev", Role: "service", State: "restarting"}}
	if findings := Prerequisites(seen); Worst(findings) != Fine {
		t.Errorf("got %+v", findings)
	}
}

func TestPorts_OfTheStackItselfAreFine(t *testing.T) {
	seen := well()
	edge := seen.Config.Edge
	nginx := running("prefect-dev-nginx")
	nginx.Ports = []live.Port{{Address: edge.Address, Port: edge.HTTPSPort}, {Address: edge.Address, Port: edge.HTTPPort}}
	seen.Has.Containers = []live.Container{nginx}
	seen.PortTaken = func(string, int) bool { return true } // by Docker's proxy
	if findings := All(seen); Worst(findings) != Fine {
		t.Errorf("got %+v", findings)
	}
}

func TestPorts_OnAnotherAddressDoNotMatter(t *testing.T) {
	seen := well()
	seen.Has.Containers = []live.Container{{Name: "web", Ports: []live.Port{{Address: "192.0.2.7", Port: seen.Config.Edge.HTTPSPort}}}}
	if findings := All(seen); Worst(findings) != Fine {
		t.Errorf("got %+v", findings)
	}
}

func TestPorts_OfARemoteEngineAreNotLookedForHere(t *testing.T) {
	seen := well()
	seen.Local = false
	seen.PortTaken = func(string, int) bool { t.Error("asked"); return true }
	if findings := All(seen); Worst(findings) != Fine {
		t.Errorf("got %+v", findings)
	}
}

func TestLimitsMiB_CountsReplicas(t *testing.T) {
	c := config.Config{
		Edge: config.Edge{MemoryMiB: 1}, Database: config.Database{MemoryMiB: 10}, Redis: config.Redis{MemoryMiB: 100},
		API: config.API{Replicas: 2, MemoryMiB: 1000}, Services: config.Services{Replicas: 3, MemoryMiB: 10_000},
		Workers: []config.Worker{{Replicas: 4, MemoryMiB: 100_000}, {Replicas: 1, MemoryMiB: 1_000_000}},
	}
	if got := limitsMiB(c); got != 1_432_111 {
		t.Errorf("got %d", got)
	}
}

func TestPrint_ShowsWhatMattersWithItsRemedy(t *testing.T) {
	findings := []Finding{{Fine, "engine", "Docker 28", ""}, {Problem, "ports", "taken", "stop it"}}
	var all, bad strings.Builder
	Print(&all, findings, Fine)
	Print(&bad, findings, Warning)
	if want := "ok     engine   Docker 28\nERROR  ports    taken\n                -> stop it\n"; all.String() != want {
		t.Errorf("got\n%s", all.String())
	}
	if want := "ERROR  ports    taken\n                -> stop it\n"; bad.String() != want {
		t.Errorf("got\n%s", bad.String())
	}
}

func hostname(t *testing.T) string {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return host
}
