package engine

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"prefect-platform/lab/internal/state"
)

func TestHost_IsShortEnoughForASocketAddress(t *testing.T) {
	for _, length := range []int{10, 60, 75, 76, 77, 100, 300} {
		e := New(state.Dir("/" + strings.Repeat("x", length)))
		path := strings.TrimPrefix(e.Host(), "unix://")
		if len(path) > maxSocketPath {
			t.Errorf("a clone path of %d bytes gives a socket path of %d bytes", length, len(path))
		}
	}
	if New("/a/"+state.Dir(strings.Repeat("x", 200))).Host() == New("/b/"+state.Dir(strings.Repeat("x", 200))).Host() {
		t.Error("two clones share a socket")
	}
	if got := New("/a").Host(); got != "unix:///a/engine/root/run/lab.sock" {
		t.Errorf("a short path is not used as it is: %s", got)
	}
}

func TestRunning_TakesNoOtherProcessForTheDaemon(t *testing.T) {
	e := New(state.Dir(t.TempDir()))
	for _, pid := range []string{"", "1", "0", "-1", "x", strconv.Itoa(os.Getpid()), "999999999"} {
		if err := state.WriteFile(e.pidFile(), []byte(pid), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := e.Running(); got != 0 {
			t.Errorf("pid file %q: process %d is taken for the daemon", pid, got)
		}
	}
}

func TestDaemonArgs_KeepClearOfTheProgramsNetworks(t *testing.T) {
	args := strings.Join(New("/a").daemonArgs(), " ")
	if strings.Contains(args, "10.213.") {
		t.Errorf("the daemon would hand out addresses that the program uses: %s", args)
	}
}

func TestAPIAtLeast_ComparesNumbersNotText(t *testing.T) {
	for _, c := range []struct {
		api  string
		want bool
	}{{"1.44", true}, {"1.51", true}, {"2.0", true}, {"1.100", true}, {"1.43", false}, {"1.9", false}, {"", false}, {"1", false}, {"x.y", false}} {
		if got := apiAtLeast(c.api, "1.44"); got != c.want {
			t.Errorf("%q at least 1.44: %v, want %v", c.api, got, c.want)
		}
	}
}

func TestRefuseMounts_NoticesWhatLiesBelow(t *testing.T) {
	const mountinfo = `22 28 0:20 / /proc rw - proc proc rw
31 28 8:1 /x /lab/engine/root/proc rw - proc proc rw
32 28 8:1 /x /lab-other rw - ext4 /dev/x rw
`
	for dir, free := range map[string]bool{"/lab": false, "/lab/engine/root/proc": false, "/lab/engine/data": true, "/la": true, "/elsewhere": true} {
		if err := refuseMounts(strings.NewReader(mountinfo), dir); (err == nil) != free {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
