package lock

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const locked = `error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the lock file with ` + "`pulumi cancel`" + `.
  file:///home/ann/clone/.state/.pulumi/locks/organization/prefect-platform/dev/1.json: created by ann@laptop (pid 4711) at 2026-11-23T10:00:00+01:00
  file:///home/ann/clone/.state/.pulumi/locks/organization/prefect-platform/dev/2.json: created by bob@ci-7 (pid 12) at 2026-11-23T10:00:05Z`

func TestFromError_FindsEveryHolder(t *testing.T) {
	got := FromError(locked)
	if len(got) != 2 || got[0].PID != 4711 || got[0].User != "ann" || got[0].Host != "laptop" || got[1].Host != "ci-7" || got[1].Since.IsZero() {
		t.Errorf("got %+v", got)
	}
}

func TestFromError_IgnoresOtherErrors(t *testing.T) {
	if got := FromError("error: file created by ann@laptop (pid 1) at noon"); got != nil {
		t.Errorf("got %+v", got)
	}
}

func TestFromFolder_ReadsLocksAsPulumiWritesThem(t *testing.T) {
	backend := t.TempDir()
	folder := filepath.Join(backend, ".pulumi", "locks", "organization", "prefect-platform", "dev")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a.json":       `{"pid":4711,"username":"ann","hostname":"laptop","timestamp":"2026-11-23T10:00:00.5+01:00"}`,
		"a.json.attrs": `{}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := FromFolder(backend, "prefect-platform", "dev")
	if err != nil || len(got) != 1 || got[0].PID != 4711 || got[0].Since.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFromFolder_FindsNoneWhereNeverOneWas(t *testing.T) {
	if got, err := FromFolder(t.TempDir(), "prefect-platform", "dev"); err != nil || got != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestStale_OnlyWhenEveryHolderWasHereAndIsGone(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	gone := Holder{PID: endedProcess(t), Host: host, Since: time.Now()}
	running := Holder{PID: pulumiLike(t), Host: host}
	unnoticed := Holder{PID: pulumiLike(t), Host: host}
	end(t, unnoticed.PID)
	reused := Holder{PID: os.Getpid(), Host: host} // now the number of a process that is no pulumi
	elsewhere := Holder{PID: gone.PID, Host: host + "-2"}
	for name, c := range map[string]struct {
		holders []Holder
		want    bool
	}{
		"nobody":                {nil, false},
		"gone":                  {[]Holder{gone}, true},
		"ended but not noticed": {[]Holder{unnoticed}, true},
		"running":               {[]Holder{running}, false},
		"one of two running":    {[]Holder{gone, running}, false},
		"number used again":     {[]Holder{reused}, true},
		"on another machine":    {[]Holder{elsewhere}, false},
		"one of two elsewhere":  {[]Holder{gone, elsewhere}, false},
	} {
		if got := Stale(c.holders); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func endedProcess(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// pulumiLike starts a process that goes by the name pulumi.
func pulumiLike(t *testing.T) int {
	t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	named := filepath.Join(t.TempDir(), "pulumi")
	if err := os.Symlink(sleep, named); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(named, "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// end kills a child and waits until it has ended, without noticing it as a parent does.
func end(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !zombie(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not end")
		}
	}
}
