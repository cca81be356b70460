//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// refusedWithin is how long a value may still be let in after it was retired.
const refusedWithin = time.Minute

// withPatience lets all of a load come from one address.
func withPatience() Edit { return Set("edge.limits.connections", 4096) }

func TestRotation_DropsNothing(t *testing.T) {
	t.Run("of all at once", testRotationOfAll)
	if full {
		t.Run("of each five times", testRotationOfEach)
		t.Run("by hand", testRotationByHand)
		t.Run("of supplied values", testRotationOfSupplied)
		t.Run("kept, gone on with and taken back", testRotationKept)
		t.Run("killed", testRotationKilled)
	}
}

func testRotationOfAll(t *testing.T) {
	withOwnAuthorities(t)
	old := stack.Password
	listeners := listenWith(t, old)
	underLoad(t, func() { rotateNow(t, "all", "--keep") })
	listeners.tell(t, old)
	expectLogins(t, "prefect_a", "prefect_b")
	if stack.Password == old {
		t.Fatal("the value is the old one")
	}
	for which, password := range map[string]string{"old": old, "new": stack.Password} {
		if got := statusOf(t, password); got != http.StatusOK {
			t.Errorf("with the %s value while both are valid: %d, want 200", which, got)
		}
	}

	underLoad(t, func() { rotateNow(t, "all") })
	for _, name := range []string{"database", "redis", "api", "ca"} {
		expectRotated(t, name, "b", false)
	}
	expectLogins(t, "prefect_b")
	if got := statusOf(t, stack.Password); got != http.StatusOK {
		t.Errorf("with the new value: %d, want 200", got)
	}
	expectRetired(t, old)
}

// listeners are WebSockets on the five paths, opened with one value, as those of remote clients are.
type listeners map[string]<-chan string

func listenWith(t *testing.T, password string) listeners {
	t.Helper()
	all := listeners{}
	for _, path := range webSocketPaths {
		connection, answer, err := webSocket(t.Context(), path, stack.User+":"+password)
		if err != nil || !strings.Contains(answer, "auth_success") {
			t.Fatalf("%s answers %q, %v", path, answer, err)
		}
		t.Cleanup(func() { _ = connection.CloseNow() })
		ended := make(chan string, 1)
		all[path] = ended
		began := time.Now()
		go func() {
			for {
				if _, _, err := connection.Read(t.Context()); err != nil {
					ended <- fmt.Sprintf("%s after %s", websocket.CloseStatus(err), time.Since(began).Round(100*time.Millisecond))
					return
				}
			}
		}()
	}
	return all
}

// tell says what became of each while both values are valid, and of one that comes with the old value now. A WebSocket has the value inside, where the edge cannot see
// it, so that the server knows one only; docs/operations.md says what a client loses by it.
func (l listeners) tell(t *testing.T, old string) {
	t.Helper()
	for _, path := range webSocketPaths {
		became := "goes on"
		select {
		case became = <-l[path]:
			became = "ended with " + became
		default:
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		answer, err := webSocketAuth(ctx, path, stack.User+":"+old)
		if err == nil {
			t.Errorf("%s lets the old value in: %s", path, answer)
		}
		renewed, failed := webSocketAuth(ctx, path, stack.AuthString())
		if failed != nil || !strings.Contains(renewed, "auth_success") {
			t.Errorf("%s does not let the new value in: %q, %v", path, renewed, failed)
		}
		cancel()
		t.Logf("%s: what was open %s; with the old value now: %v", path, became, err)
	}
}

// expectRetired wants a retired value to open nothing.
func expectRetired(t *testing.T, old string) {
	t.Helper()
	Await(t, refusedWithin, "the old value to be refused", func() error {
		if got := statusOf(t, old); got != http.StatusUnauthorized {
			return fmt.Errorf("GET /api/version: %d, want 401", got)
		}
		return nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if answer, err := webSocketAuth(ctx, "/api/events/out", stack.User+":"+old); err == nil {
		t.Errorf("a WebSocket with the old value answered %s", answer)
	}
}

func testRotationKept(t *testing.T) {
	stack.Up(t, withPatience())
	for _, step := range []struct {
		flags, logins []string
		active        string
		kept          bool
	}{
		{[]string{"--keep"}, []string{"prefect_a", "prefect_b"}, "b", true},
		{nil, []string{"prefect_b"}, "b", false},
		{[]string{"--keep"}, []string{"prefect_a", "prefect_b"}, "a", true},
		{[]string{"--back"}, []string{"prefect_b"}, "b", false},
	} {
		underLoad(t, func() { rotateNow(t, "database", step.flags...) })
		expectRotated(t, "database", step.active, step.kept)
		expectLogins(t, step.logins...)
	}
	out, err := stack.platform("rotate", "database", "--back", "--yes")
	if err == nil || !strings.Contains(out, "is not kept any more") {
		t.Errorf("a value that is not kept was taken back: %v\n%s", err, out)
	}
}

// killRotation kills a rotation once it has made some containers; false when it ended before.
func killRotation(t *testing.T, name string, containers int) (killed bool) {
	t.Helper()
	before := containerIDs(t)
	var out bytes.Buffer
	cmd := stack.command(t.Context(), stack.operator(), "rotate", name, "--yes", "--stack", stack.Name)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var failed error
	ended := make(chan struct{})
	go func() { defer close(ended); failed = cmd.Wait() }()
	made := map[string]bool{}
	over := false
	Await(t, 5*time.Minute, "the containers", func() error {
		for _, id := range containerIDs(t) {
			if !slices.Contains(before, id) {
				made[id] = true // some are gone soon
			}
		}
		select {
		case <-ended:
			if over = true; failed != nil {
				t.Fatalf("%v\n%s", failed, out.String())
			}
		default:
			if len(made) < containers {
				return fmt.Errorf("%d were made", len(made))
			}
		}
		return nil
	})
	if over {
		return false
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-ended
	return true
}

// rotateNow runs the command to its end.
func rotateNow(t *testing.T, name string, flags ...string) {
	t.Helper()
	start := time.Now()
	out, err := stack.platform(append([]string{"rotate", name, "--yes"}, flags...)...)
	if err != nil {
		t.Fatalf("rotate %s %v: %v\n%s", name, flags, err, out)
	}
	t.Logf("rotate %s %v took %s", name, flags, time.Since(start).Round(100*time.Millisecond))
}

// underLoad posts and runs flows with the credential of now while something happens, and wants every request answered and every run whole. Then it learns the credential anew.
func underLoad(t *testing.T, happens func()) {
	t.Helper()
	name := uniqueName("rotated")
	flow, rate := affordable(t, name)
	every := (flowEvery * time.Duration(postRate) / time.Duration(rate)).Round(time.Second)
	runs := startRuns(t, deploy(t, name, nil), every)
	posts := startLoad(t, rate, http.MethodPost, "/api/flow_runs/", func(n int) any {
		return map[string]any{"name": fmt.Sprintf("%s-%d", name, n), "flow_id": flow}
	})
	happens()
	expectStored(t, name, expectServed(t, posts))
	started := runs.stop()
	if err := stack.readAccess(); err != nil {
		t.Fatal(err)
	}
	for _, run := range started {
		awaitState(t, run, "COMPLETED", 2*time.Minute)
		expectWhole(t, run, runs.tasks)
	}
}

// statusOf asks with a password.
func statusOf(t *testing.T, password string) int {
	t.Helper()
	return status(t, http.MethodGet, "/api/version", func(r *http.Request) { r.SetBasicAuth(stack.User, password) })
}

// expectRotated wants the command to tell of a credential what it came to, and nothing to be left to deploy.
func expectRotated(t *testing.T, name, active string, kept bool) {
	t.Helper()
	out, err := stack.platform("credentials", "--age")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	old := "retired"
	if kept {
		old = "valid"
	}
	found := false
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			found = fields[1] == active && strings.Contains(line, old)
		}
	}
	if !found {
		t.Errorf("want %s in slot %s and the old value %s, got\n%s", name, active, old, out)
	}
	if out, err := stack.Preview(t, "--expect-no-changes"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// expectLogins wants exactly these roles of the application to be able to log in at the database.
func expectLogins(t *testing.T, want ...string) {
	t.Helper()
	got := stack.PG(t, "select rolname from pg_roles where rolname in ('prefect_a', 'prefect_b') and rolcanlogin order by 1")
	if !slices.Equal(got, want) {
		t.Errorf("%v can log in, want %v", got, want)
	}
}
