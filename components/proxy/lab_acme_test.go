//go:build lab

package proxy

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// The images of the authority, which `lab image pebble challtestsrv` provides.
const (
	pebbleImage  = "ghcr.io/letsencrypt/pebble:2.10.0"
	recordsImage = "ghcr.io/letsencrypt/pebble-challtestsrv:2.10.0"
)

// life is how long the certificates of the authority are valid.
const life = 90 * time.Second

const pebbleConfig = `{"pebble": {
	"listenAddress": "0.0.0.0:14000", "managementListenAddress": "0.0.0.0:15000", "certificate": "/etc/platform/cert.pem", "privateKey": "/etc/platform/key.pem",
	"httpPort": 8080, "tlsPort": 5001, "ocspResponderURL": "", "externalAccountBindingRequired": false, "retryAfter": {"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
	"profiles": {"default": {"description": "short", "validityPeriod": %d}}
}}`

// certified is an edge that asks a Pebble for its certificate.
type certified struct {
	*labEdge
	volumes   acmeVolumes
	network   string // where the authority is
	authority string // container
	asks      string // container
}

// newCertified starts an authority that asks a server of names at dns, and an edge that has no certificate yet.
func newCertified(t *testing.T, dns string, change func(*config.ACME)) *certified {
	t.Helper()
	e := &certified{labEdge: newEdge(t)}
	e.volumes = acmeVolumes{&workload.Volume{Name: e.name + "-acme"}, &workload.Volume{Name: e.name + "-reports"}}
	for _, volume := range []*workload.Volume{e.volumes.certificates, e.volumes.reports} {
		docker(t, "volume", "create", "--label", e.name, volume.Name)
		docker(t, "create", "--label", e.name, "-v", volume.Name+":/var/tmp", testImage)
	}
	chain, key := pair(t, time.Now().Add(time.Hour), "pebble")
	e.args.TLS = config.TLS{Mode: config.ACMEMode, ACME: config.ACME{Directory: "https://pebble:14000/dir", Email: "team@corp.net", Challenge: config.ChallengeHTTP}}
	if change != nil {
		change(&e.args.TLS.ACME)
	}
	docker(t, "network", "create", "--label", e.name, e.name+"-egress")
	if e.network = e.name + "-edge"; e.args.TLS.ACME.Challenge == config.ChallengeDNS {
		e.network = e.name + "-egress"
	}
	e.args.ACME = &ACME{Image: images.Pins()[images.Lego], Network: pulumi.String(e.name + "-egress"), Egress: config.Egress{CACertificates: chain}, Secrets: map[string]string{"HTTPREQ_PASSWORD": "gJ7rT2mW9qLx4VbN"}}
	e.cert, e.certificates = &certificate{}, e.volumes.certificates
	e.upstream()
	e.start()

	if dns == "names:8053" {
		e.awaitReady(e.python("names", "names.py", e.container[:12]))
	}
	e.authority = e.helper(workload.Spec{
		Image: pebbleImage, User: "65534:65534", Entrypoint: []string{"/app"}, Command: []string{"-config", workload.FilesDir + "/config.json", "-dnsserver", dns}, MemoryMiB: 64,
		Env: map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"},
		Files: map[string]workload.File{
			"config.json": workload.Text(fmt.Sprintf(pebbleConfig, int(life.Seconds()))), "cert.pem": workload.Text(chain), "key.pem": workload.Text(key),
		},
	}, "pebble")
	root := docker(t, "wait", e.python("fetch", "fetch.py", "https://pebble:15000/roots/0"))
	if root != "0" {
		t.Fatal("the authority does not answer")
	}
	e.roots = x509.NewCertPool()
	e.roots.AppendCertsFromPEM([]byte(docker(t, "logs", e.name+"-fetch")))
	return e
}

// helper runs something on the network of the authority, under a name.
func (e *certified) helper(spec workload.Spec, alias string) string {
	e.t.Helper()
	spec.Networks = []workload.Network{{Name: pulumi.String(e.network), Aliases: []string{alias}}}
	return docker(e.t, append([]string{"run", "-d", "--name", e.name + "-" + alias}, e.arguments(spec)...)...)
}

// python runs a program of testdata.
func (e *certified) python(alias, program string, arguments ...string) string {
	e.t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", program))
	if err != nil {
		e.t.Fatal(err)
	}
	return e.helper(workload.Spec{
		Image: images.Pins()[images.Prefect], User: "1001:1001", Entrypoint: []string{"python", "-u", workload.FilesDir + "/" + program}, Command: arguments, MemoryMiB: 64,
		Files: map[string]workload.File{program: workload.Text(string(text))},
	}, alias)
}

// of is the same for a subtest.
func (e *certified) of(t *testing.T) *certified {
	of := *e
	of.labEdge = e.labEdge.of(t)
	return &of
}

func (e *certified) awaitReady(container string) {
	e.t.Helper()
	await(e.t, 30*time.Second, "a helper", func() error {
		if log := docker(e.t, "logs", container); !strings.Contains(log, "ready") {
			return fmt.Errorf("it says %q", log)
		}
		return nil
	})
}

// begin has the authority asked.
func (e *certified) begin() {
	e.t.Helper()
	e.asks = docker(e.t, append([]string{"run", "-d"}, e.arguments(e.args.acme(e.volumes))...)...)
	e.t.Cleanup(func() { // before everything is removed
		if e.t.Failed() {
			e.t.Logf("it says\n%s\nthe authority says\n%s", docker(e.t, "logs", e.asks), docker(e.t, "logs", "--tail", "40", e.authority))
		}
	})
}

// shown is what a new client is shown that trusts the authority.
func (e *certified) shown() (*x509.Certificate, error) {
	connection, err := e.dial("localhost")
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	return connection.ConnectionState().PeerCertificates[0], nil
}

// awaitAnother waits for another certificate than before.
func (e *certified) awaitAnother(than *x509.Certificate) (next *x509.Certificate) {
	e.t.Helper()
	await(e.t, life, "another certificate", func() (err error) {
		if next, err = e.shown(); err == nil && than != nil && next.Equal(than) {
			err = errors.New("it is still the one from before")
		}
		return err
	})
	return next
}

func (e *certified) inside(command ...string) string {
	e.t.Helper()
	return docker(e.t, append([]string{"exec", e.asks}, command...)...)
}

// reports wants a number of failures in what the exporter of the host's figures reads.
func (e *certified) reports(failures int) error {
	out, err := tryDocker(nil, "exec", e.asks, "cat", "/reports/certificate.prom")
	if want := fmt.Sprintf("prefect_certificate_failures %d\n", failures); err != nil || !strings.Contains(out, want) {
		return fmt.Errorf("%v, the report is %q", err, out)
	}
	return nil
}

func (e *certified) restart() {
	e.t.Helper()
	e.inside("rm", "/reports/certificate.prom")
	docker(e.t, "restart", e.asks)
	await(e.t, 10*time.Second, "it to look again", func() error {
		_, err := tryDocker(nil, "exec", e.asks, "test", "-e", "/reports/certificate.prom")
		return err
	})
}

// plain asks without TLS.
func (e *certified) plain(path string) int {
	e.t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+e.http+path, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	request.Host = "localhost"
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		e.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// arrivals are new clients, twenty a second, until the result is called: how many came, and what failed.
func (e *certified) arrivals() (stop func() (came int, failed []error)) {
	end, came := make(chan struct{}), 0
	var failed []error
	var done sync.WaitGroup
	done.Go(func() {
		for ticker := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-end:
				ticker.Stop()
				return
			case <-ticker.C:
			}
			came++
			client := e.client()
			if got, err := e.try(client, http.MethodGet, "/api/version"); err != nil || got.status != http.StatusOK {
				failed = append(failed, fmt.Errorf("%d, %w", got.status, err))
			}
			client.CloseIdleConnections()
		}
	})
	return func() (int, []error) { close(end); done.Wait(); return came, failed }
}

func TestEdge_IsCertifiedByAnAuthority(t *testing.T) {
	e := newCertified(t, "names:8053", nil)
	began := docker(t, "inspect", "--format", "{{.State.StartedAt}}", e.container)
	e.args.Host = "localhost"
	if got, err := e.shown(); err == nil {
		t.Fatalf("before the first certificate it shows one of %s", got.Issuer)
	}
	e.begin()
	first := e.awaitAnother(nil)

	t.Run("and again in time, while clients come", func(t *testing.T) {
		e := e.of(t)
		stop := e.arrivals()
		next := e.awaitAnother(first)
		came, failed := stop()
		if t.Logf("%d of %d clients failed", len(failed), came); len(failed) > 0 || came < 100 {
			t.Errorf("the first that failed: %v", failed[:min(len(failed), 3)])
		}
		if passed := next.NotBefore.Sub(first.NotBefore); passed < life*6/10 || passed > life*8/10 {
			t.Errorf("it was renewed after %s of %s, want two thirds", passed, life)
		}
	})
	t.Run("and keeps what it has from one that is away", func(t *testing.T) {
		e := e.of(t)
		now, err := e.shown()
		if err != nil {
			t.Fatal(err)
		}
		docker(t, "network", "disconnect", e.network, e.authority)
		e.inside("sh", "-c", `read -r _ ends </srv/acme/current/life && echo "0 $ends" >/srv/acme/current/life`) // as if two thirds had passed
		await(t, life, "a failed attempt", func() error { return e.reports(1) })
		if got, err := e.shown(); err != nil || !got.Equal(now) {
			t.Errorf("another certificate is shown, %v", err)
		}
		attempts := e.inside("cat", "/srv/acme/attempts")
		e.restart()
		if err := e.reports(1); err != nil || e.inside("cat", "/srv/acme/attempts") != attempts {
			t.Errorf("after a restart: %v, attempts %s, before %s", err, e.inside("cat", "/srv/acme/attempts"), attempts)
		}
		docker(t, "network", "connect", "--alias", "pebble", e.network, e.authority)
		e.inside("rm", "/srv/acme/attempts") // as docs/runbooks/CertificateRenewalFailing.md says
		e.restart()
		e.awaitAnother(now)
		await(t, 10*time.Second, "no failure", func() error { return e.reports(0) })
	})
	t.Run("and lets nothing else in", func(t *testing.T) {
		e := e.of(t)
		const route = "/.well-known/acme-challenge/"
		for path, want := range map[string]int{route + "x": 502, route: 308, route + "x/y": 308, route + "../../api/version": 308, "/": 308} {
			if got := e.plain(path); got != want {
				t.Errorf("%s: %d, want %d", path, got, want)
			}
		}
		if out, err := tryDocker(nil, "exec", e.container, "ls", "/srv/acme/lego"); err == nil {
			t.Errorf("nginx can read the account: %s", out)
		}
	})
	if now := docker(t, "inspect", "--format", "{{.State.StartedAt}}", e.container); now != began {
		t.Error("nginx was restarted")
	}
}

func TestEdge_IsCertifiedByARecord(t *testing.T) {
	e := newCertified(t, "records:8053", func(a *config.ACME) {
		a.Challenge, a.Provider = config.ChallengeDNS, "httpreq"
		a.Settings = map[string]string{"HTTPREQ_ENDPOINT": "http://provider:8000", "HTTPREQ_USERNAME": "prefect"}
	})
	records := e.helper(workload.Spec{Image: recordsImage, User: "65534:65534", Entrypoint: []string{"/app"}, Command: []string{"-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""}, MemoryMiB: 64}, "records")
	e.awaitReady(e.python("provider", "provider.py", "gJ7rT2mW9qLx4VbN"))
	e.args.TLS.ACME.Resolvers = []string{docker(t, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", records) + ":8053"}
	e.begin()
	e.awaitAnother(nil)
	if got := e.plain("/.well-known/acme-challenge/" + tokens.HostACME); got != 308 {
		t.Errorf("without TLS: %d, want 308", got)
	}
}
