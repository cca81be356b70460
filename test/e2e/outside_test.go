//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Addresses of another network, from the range that RFC 2544 sets aside for tests: one end is the host, the other a client's machine with two addresses.
const (
	hostEnd = "198.18.0.1"
	allowed = "198.18.0.2"
	denied  = "198.18.0.3"
)

// burstRate is the rate of the API in this test: low enough to exceed at once, high enough for a flow.
const burstRate = 10

func TestOutside_AllowlistAndRateLimitsHoldForRealAddresses(t *testing.T) {
	outside := newMachine(t)
	stack.Up(t,
		Set("edge.address", "0.0.0.0"),
		Set("edge.allow", []any{allowed + "/32", networkBase}),
		Set("edge.limits.api", map[string]any{"perSecond": burstRate, "burst": burstRate}),
	)

	from := func(source string) *http.Client { return outside.client(t, source) }
	for _, path := range []string{"/", "/api/version", "/api/health", "/docs"} {
		if got := get(t, from(denied), path, nil); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s from an address that is not allowed, with the credential: %s, want 403", path, got.Status)
		}
	}
	if got := get(t, from(allowed), "/api/version", nil); got.StatusCode != http.StatusOK {
		t.Errorf("from an allowed address, with the credential: %s, want 200", got.Status)
	}
	for _, header := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"} {
		value := allowed
		if header == "Forwarded" {
			value = "for=" + allowed
		}
		if got := get(t, from(denied), "/api/version", map[string]string{header: value}); got.StatusCode != http.StatusForbidden {
			t.Errorf("from an address that is not allowed, with %s: %s: %s, want 403", header, value, got.Status)
		}
	}

	burst(t, from(allowed))
	flowUnderLimit(t)
}

// burst asks ten times as often as allowed, each time with another forged address, and wants to be told when to come back.
func burst(t *testing.T, client *http.Client) {
	t.Helper()
	const requests = 10 * burstRate
	var passed, limited, other atomic.Int32
	var group sync.WaitGroup
	start := time.Now()
	for i := range requests {
		group.Go(func() {
			answer := get(t, client, "/api/version", map[string]string{"X-Forwarded-For": fmt.Sprintf("192.0.2.%d", i)})
			switch {
			case answer.StatusCode == http.StatusOK:
				passed.Add(1)
			case answer.StatusCode == http.StatusTooManyRequests && seconds(answer.Header.Get("Retry-After")) > 0:
				limited.Add(1)
			default:
				other.Add(1)
				t.Errorf("in a burst: %s, Retry-After %q", answer.Status, answer.Header.Get("Retry-After"))
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	most := int32(burstRate + 1 + took.Seconds()*burstRate)
	t.Logf("burst of %d in %s: %d passed, %d told to wait", requests, took.Round(time.Millisecond), passed.Load(), limited.Load())
	if limited.Load() == 0 || passed.Load() > most {
		t.Errorf("%d of a burst of %d passed in %s, want %d or fewer: the rate does not hold, or a forged address counts", passed.Load(), requests, took, most)
	}
}

func seconds(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// limitedFlow makes more requests than the rate allows; Prefect's client waits as it is told.
const limitedFlow = `
import asyncio, os
from prefect import flow, task
from prefect.client.orchestration import get_client

@flow
async def ask(times):
    async with get_client() as client:
        await asyncio.gather(*(client.read_flows(limit=1) for _ in range(times)))
    return times

print(asyncio.run(ask(int(os.environ["TIMES"]))))
`

// flowUnderLimit runs a flow outside whose client is refused many times, and still ends well.
func flowUnderLimit(t *testing.T) {
	t.Helper()
	times := 3 * burstRate // Prefect asks six times at most
	before := refusals(t)
	start := time.Now()
	out := stack.Python(t, limitedFlow, fmt.Sprintf("TIMES=%d", times))
	if strings.TrimSpace(out) != strconv.Itoa(times) {
		t.Errorf("the flow printed %q", out)
	}
	refused := refusals(t) - before
	t.Logf("a flow with %d requests at once ended in %s, %d were refused first", times, time.Since(start).Round(time.Millisecond), refused)
	if refused == 0 {
		t.Error("none of the flow's requests met the limit: the test shows nothing")
	}
}

// refusals counts the 429s in the edge's log.
func refusals(t *testing.T) int {
	t.Helper()
	log, _ := stack.Logs(t, stack.Container(t, "nginx").ID)
	return strings.Count(log, `"status":429,`)
}

// get asks for a path with the credential; the answer's body is read and closed.
func get(t *testing.T, client *http.Client, path string, headers map[string]string) *http.Response {
	t.Helper()
	request := stack.Request(t, "GET", path, nil)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return &http.Response{Status: err.Error(), Header: http.Header{}}
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Error(err)
	}
	return answer
}

// machine is one of its own as far as the network is concerned, joined to the host by one cable.
type machine struct{ name string }

func newMachine(t *testing.T) machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("run this test as root: it makes a network namespace")
	}
	// Always the same names: what a run left that was ended would otherwise keep its address, and get the answers.
	const name, host, client = "e2e-outside", "e2e-host", "e2e-client"
	_ = exec.Command("ip", "link", "del", host).Run()
	_ = exec.Command("ip", "netns", "del", name).Run()
	t.Cleanup(func() {
		for _, args := range [][]string{{"link", "del", host}, {"netns", "del", name}} {
			if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
				t.Errorf("ip %v: %v %s", args, err, out)
			}
		}
	})
	for _, args := range [][]string{
		{"netns", "add", name},
		{"link", "add", host, "type", "veth", "peer", "name", client, "netns", name},
		{"addr", "add", hostEnd + "/24", "dev", host},
		{"link", "set", host, "up"},
		{"-n", name, "addr", "add", allowed + "/24", "dev", client},
		{"-n", name, "addr", "add", denied + "/24", "dev", client},
		{"-n", name, "link", "set", client, "up"},
		{"-n", name, "link", "set", "lo", "up"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v %s", args, err, out)
		}
	}
	return machine{name}
}

// client connects from within the namespace, from one of its addresses, whatever the host of the request is.
func (n machine) client(t *testing.T, source string) *http.Client {
	t.Helper()
	dialer := &net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	transport := &http.Transport{TLSClientConfig: stack.TLS(), DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return n.dial(ctx, dialer, network, net.JoinHostPort(hostEnd, port))
	}}
	return &http.Client{Timeout: time.Minute, Transport: transport}
}

// dial opens a socket in the namespace; a socket stays in the namespace where it was made.
func (n machine) dial(ctx context.Context, dialer *net.Dialer, network, address string) (net.Conn, error) {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	defer func() { _ = home.Close() }()
	there, err := os.Open("/var/run/netns/" + n.name)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	defer func() { _ = there.Close() }()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	connection, dialing := dialer.DialContext(ctx, network, address)
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err // the thread stays locked and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return connection, dialing
}
