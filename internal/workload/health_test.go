//go:build lab

package workload_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// container is a shell prelude that stands for a container: PID 1 is this shell, /tmp is its own, $victim is the workload.
// check runs one health check whose command exits with the given code; limit 3, timeout 1 s.
const container = `
mount -t tmpfs none /tmp
sleep 1000 & victim=$!
check() { sh ./health.sh 3 1 sh -c "exit $1"; echo "check $1: $?"; }
alive() { if kill -0 $victim 2>/dev/null; then echo alive; else echo dead; fi; }
`

// unshare runs script as PID 1 of new PID, mount and user namespaces.
func unshare(script string) *exec.Cmd {
	return exec.Command("unshare", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "sh", "-c", container+script)
}

// inContainer returns what script prints there.
func inContainer(t *testing.T, script string) string {
	t.Helper()
	command := unshare(script)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String()
}

func expect(t *testing.T, script string, want ...string) {
	t.Helper()
	got := strings.Split(strings.TrimSpace(inContainer(t, script)), "\n")
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestHealth_PassesOnHealthyAndNotReady(t *testing.T) {
	expect(t, `check 0; check 1; alive`, "check 0: 0", "check 1: 1", "alive")
}

func TestHealth_KillsAfterLimitInARow(t *testing.T) {
	expect(t, `check 0; check 2; check 2; alive; check 2; wait $victim 2>/dev/null; alive`,
		"check 0: 0", "no answer, 1 of 3", "check 2: 1", "no answer, 2 of 3", "check 2: 1", "alive",
		"no answer, 3 of 3", "check 2: 1", "dead")
}

func TestHealth_AnAnswerInBetweenResetsTheCount(t *testing.T) {
	for _, answer := range []string{"0", "1"} {
		got := inContainer(t, `check 0; check 2; check 2; check `+answer+`; check 2; check 2; alive`)
		if !strings.HasSuffix(got, "no answer, 2 of 3\ncheck 2: 1\nalive\n") {
			t.Errorf("after exit code %s:\n%s", answer, got)
		}
	}
}

func TestHealth_NeverKillsWhatHasNotBeenHealthy(t *testing.T) {
	expect(t, `check 2; check 2; check 2; check 2; check 1; check 2; alive`,
		"check 2: 1", "check 2: 1", "check 2: 1", "check 2: 1", "check 1: 1", "check 2: 1", "alive")
}

func TestHealth_NoEndInTimeIsNoAnswer(t *testing.T) {
	expect(t, `check 0; sh ./health.sh 3 0.2 sleep 60; echo $?; alive`, "check 0: 0", "no answer, 1 of 3", "1", "alive")
}

func TestHealth_ACommandThatIgnoresTermIsEndedToo(t *testing.T) {
	got := inContainer(t, `check 0; sh ./health.sh 3 0.2 sh -c 'trap "" TERM; sleep 60'; echo $?`)
	if !strings.HasSuffix(got, "no answer, 1 of 3\n1\n") {
		t.Error(got)
	}
}

func TestHealth_KillsStoppedProcesses(t *testing.T) {
	got := inContainer(t, `check 0; kill -STOP $victim; check 2; check 2; check 2; wait $victim; alive`)
	if !strings.HasSuffix(got, "dead\n") {
		t.Error(got)
	}
}

func TestHealth_CountsOnAFullDisk(t *testing.T) {
	got := inContainer(t, `mount -o remount,size=64k /tmp; check 0; cat /dev/zero >/tmp/full 2>/dev/null; check 2; check 2; check 2; wait $victim; alive`)
	if !strings.HasSuffix(got, "dead\n") {
		t.Error(got)
	}
}

func TestHealth_KeepsArgumentsWhole(t *testing.T) {
	expect(t, `sh ./health.sh 3 1 sh -c 'test "$1" = "a  b*"' sh 'a  b*'; echo $?`, "0")
}

// A stopped init would never notice that its child has ended. It is stopped from outside here, as from inside it cannot be.
func TestHealth_WakesAStoppedInit(t *testing.T) {
	command := unshare(`check 0; check 2; check 2; (read go; check 2) & echo ready; wait $victim 2>/dev/null; echo woken`)
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
	}

	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	init, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(init, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}

	overdue := time.AfterFunc(10*time.Second, func() { _ = command.Process.Kill() })
	defer overdue.Stop()
	last := ""
	for lines.Scan() {
		last = lines.Text()
	}
	if err := command.Wait(); err != nil || last != "woken" {
		t.Errorf("%v, last line %q", err, last)
	}
}
