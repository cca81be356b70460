package load

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func post(url string) func(int) vegeta.Target {
	return func(int) vegeta.Target { return vegeta.Target{Method: http.MethodPost, URL: url, Body: []byte("x")} }
}

func start(t *testing.T, plan Plan) *Load {
	t.Helper()
	plan.Transport = &http.Transport{}
	running, err := Start(plan)
	if err != nil {
		t.Fatal(err)
	}
	return running
}

func TestLoad_KeepsItsRateWhenTheServerIsSlow(t *testing.T) {
	var arrived atomic.Int64
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1); <-release }))
	defer server.Close()

	running := start(t, Plan{Rate: 50, Most: 25, Timeout: 10 * time.Second, Next: post(server.URL)})
	defer running.Stop()
	defer close(release)
	for deadline := time.Now().Add(5 * time.Second); arrived.Load() < 25; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d requests arrived while none was answered, want 25", arrived.Load())
		}
	}
}

func TestLoad_EndsAfterTheAgreedNumber(t *testing.T) {
	var arrived atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	defer server.Close()

	running := start(t, Plan{Rate: 200, Most: 20, Timeout: time.Second, Next: post(server.URL)})
	<-running.done
	if got := len(running.Answers()); got != 20 || arrived.Load() != 20 {
		t.Errorf("%d answers of %d requests, want 20", got, arrived.Load())
	}
}

func TestLoad_KeepsEveryFailureWithItsTimeAndReason(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/0":
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, "made")
		case "/1":
			http.Error(w, "away", http.StatusBadGateway)
		case "/2":
			time.Sleep(time.Second) // longer than the client waits
		case "/3":
			connection, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = connection.Close()
			}
		}
	}))
	defer server.Close()

	began := time.Now()
	running := start(t, Plan{Rate: 100, Most: 4, Timeout: 200 * time.Millisecond, Next: func(n int) vegeta.Target {
		return vegeta.Target{Method: http.MethodPost, URL: server.URL + "/" + string(rune('0'+n))}
	}})
	<-running.done
	answers := running.Stop()
	failed := Failures(answers)
	if len(answers) != 4 || len(failed) != 3 {
		t.Fatalf("%d answers, %d failed, want 4 and 3: %v", len(answers), len(failed), answers)
	}
	var text []string
	for _, f := range failed {
		if f.At.Before(began) || f.At.After(time.Now()) {
			t.Errorf("failure without its time: %v", f)
		}
		text = append(text, f.String())
	}
	for _, reason := range []string{"502", "away", "Timeout", "EOF"} {
		if !strings.Contains(strings.Join(text, "\n"), reason) {
			t.Errorf("no failure tells %q: %v", reason, text)
		}
	}
	if Slowest(answers) < 200*time.Millisecond {
		t.Errorf("the slowest took %s, one waited 200 ms", Slowest(answers))
	}
}

func TestLoad_NumbersEachRequestOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	var mu sync.Mutex
	seen := map[int]int{}
	running := start(t, Plan{Rate: 500, Most: 100, Timeout: time.Second, Next: func(n int) vegeta.Target {
		mu.Lock()
		defer mu.Unlock()
		seen[n]++
		return vegeta.Target{Method: http.MethodPost, URL: server.URL}
	}})
	<-running.done
	for n := range 100 {
		if seen[n] != 1 {
			t.Errorf("request %d was made %d times", n, seen[n])
		}
	}
}

func TestLoad_GoesToThisMachineOnly(t *testing.T) {
	for address, allowed := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "[::ffff:127.0.0.1]:1": true, "192.0.2.1:1": false, "[2001:db8::1]:1": false} {
		if err := loopbackOnly("tcp", address, nil); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
	running := start(t, Plan{Rate: 10, Most: 1, Timeout: time.Second, Next: post("http://" + net.JoinHostPort("192.0.2.1", "80"))})
	<-running.done
	if answers := running.Stop(); len(answers) != 1 || !strings.Contains(answers[0].Err, "this machine only") {
		t.Errorf("a request for another machine: %v", answers)
	}
}

func TestLoad_SpeaksHTTP1ToAServerThatOffersMore(t *testing.T) {
	versions := make(chan int, 2)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { versions <- r.ProtoMajor }))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	used := server.Client()
	answer, err := used.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if version := <-versions; version != 2 {
		t.Fatalf("the server offers HTTP/%d", version)
	}

	running, err := Start(Plan{Rate: 10, Most: 1, Timeout: 10 * time.Second, Transport: used.Transport.(*http.Transport), Next: post(server.URL)})
	if err != nil {
		t.Fatal(err)
	}
	<-running.done
	if failed := Failures(running.Stop()); len(failed) > 0 {
		t.Fatal(failed)
	}
	if version := <-versions; version != 1 {
		t.Errorf("spoke HTTP/%d", version)
	}
}

func TestStart_RefusesAnUnboundedPlan(t *testing.T) {
	whole := Plan{Rate: 1, Most: 1, Timeout: time.Second, Transport: &http.Transport{}, Next: post("http://localhost")}
	for name, spoil := range map[string]func(*Plan){
		"rate": func(p *Plan) { p.Rate = 0 }, "number": func(p *Plan) { p.Most = 0 }, "timeout": func(p *Plan) { p.Timeout = 0 },
		"transport": func(p *Plan) { p.Transport = nil }, "requests": func(p *Plan) { p.Next = nil },
	} {
		plan := whole
		spoil(&plan)
		if _, err := Start(plan); err == nil {
			t.Errorf("accepted a plan without %s", name)
		}
	}
}
