// Package load sends requests to this machine at a fixed rate, whatever becomes of them, and keeps every answer.
package load

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// bodyLimit is how much of an answer is kept, in bytes; the ones that are looked at are far shorter.
const bodyLimit = 4096

// Plan is a load. All fields are required: it ends by itself, and a request that hangs counts as failed.
type Plan struct {
	// Rate is the number of requests per second. It is kept up when the server is slow, as real clients do.
	Rate int
	// Most ends the load after this many requests.
	Most int
	// Timeout is how long one request may take.
	Timeout time.Duration
	// Transport connects; its addresses must be on the loopback interface. One that dials itself must see to that.
	Transport *http.Transport
	// Next makes the nth request, n from 0. It is called from several goroutines.
	Next func(n int) vegeta.Target
}

// Answer is what became of one request. Code is 0 and Err says why when there was none.
type Answer struct {
	At      time.Time // when it was sent
	Latency time.Duration
	Code    int
	Err     string
	Header  http.Header
	Body    []byte
}

// Failed tells whether a client would call it a failure: no answer, or one that is neither success nor redirect.
func (a Answer) Failed() bool { return a.Code < 200 || a.Code >= 400 }

func (a Answer) String() string {
	return fmt.Sprintf("%s after %s: %d %s %s", a.At.Format("15:04:05.000"), a.Latency.Round(time.Millisecond), a.Code, a.Err, a.Body)
}

// Load is a load that runs.
type Load struct {
	attacker *vegeta.Attacker
	done     chan struct{}
	mu       sync.Mutex
	answers  []Answer
}

// Start begins a load.
func Start(plan Plan) (*Load, error) {
	if plan.Rate < 1 || plan.Most < 1 || plan.Timeout <= 0 || plan.Transport == nil || plan.Next == nil {
		return nil, fmt.Errorf("load: unbounded or incomplete plan %+v", plan)
	}
	transport := HTTP1(plan.Transport)
	if plan.Transport.DialContext == nil {
		transport.DialContext = (&net.Dialer{Timeout: plan.Timeout, Control: loopbackOnly}).DialContext
	}
	transport.MaxIdleConnsPerHost = plan.Rate

	load := &Load{done: make(chan struct{})}
	load.attacker = vegeta.NewAttacker(
		vegeta.Client(&http.Client{
			Transport:     transport,
			Timeout:       plan.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		vegeta.MaxBody(bodyLimit),
		vegeta.MaxWorkers(uint64(plan.Rate)*uint64(plan.Timeout/time.Second+1)), // as many as can wait at once
	)
	var mu sync.Mutex
	sent := 0
	next := func(target *vegeta.Target) error {
		mu.Lock()
		n := sent
		sent++
		mu.Unlock()
		*target = plan.Next(n)
		return nil
	}
	results := load.attacker.Attack(next, bounded{vegeta.Rate{Freq: plan.Rate, Per: time.Second}, uint64(plan.Most)}, 0, "")
	go load.collect(results, transport)
	return load, nil
}

func (l *Load) collect(results <-chan *vegeta.Result, transport *http.Transport) {
	defer close(l.done)
	defer transport.CloseIdleConnections()
	for r := range results {
		l.mu.Lock()
		l.answers = append(l.answers, Answer{At: r.Timestamp, Latency: r.Latency, Code: int(r.Code), Err: r.Error, Header: r.Headers, Body: r.Body})
		l.mu.Unlock()
	}
}

// Answers returns what has come back so far.
func (l *Load) Answers() []Answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Answer(nil), l.answers...)
}

// Stop ends the load, waits for what is under way and returns every answer.
func (l *Load) Stop() []Answer {
	l.attacker.Stop()
	<-l.done
	return l.Answers()
}

// Failures returns those that failed.
func Failures(answers []Answer) []Answer {
	var failed []Answer
	for _, a := range answers {
		if a.Failed() {
			failed = append(failed, a)
		}
	}
	return failed
}

// Slowest returns the longest time that any answer took.
func Slowest(answers []Answer) time.Duration {
	var slowest time.Duration
	for _, a := range answers {
		slowest = max(slowest, a.Latency)
	}
	return slowest
}

// bounded is a pace that ends after a number of requests.
type bounded struct {
	pace vegeta.Rate
	most uint64
}

func (b bounded) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	if hits >= b.most {
		return 0, true
	}
	return b.pace.Pace(elapsed, hits)
}

func (b bounded) Rate(elapsed time.Duration) float64 { return b.pace.Rate(elapsed) }

// HTTP1 returns a copy of a transport that speaks HTTP/1.1 as Prefect's clients do, also to a server that offers HTTP/2.
func HTTP1(transport *http.Transport) *http.Transport {
	plain := transport.Clone()
	plain.ForceAttemptHTTP2 = false
	plain.Protocols = new(http.Protocols)
	plain.Protocols.SetHTTP1(true)
	plain.TLSNextProto = nil
	if plain.TLSClientConfig != nil {
		plain.TLSClientConfig.NextProtos = nil // a used transport has added h2
	}
	return plain
}

// loopbackOnly looks at the address that is really dialled, after all names are resolved.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !to.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("load is for this machine only, not for %s", to.Addr())
	}
	return nil
}
