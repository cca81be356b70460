//go:build e2e

package e2e

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

func TestACME_ObtainsTheFirstCertificateAndTheNextInTime(t *testing.T) {
	drillsOnly(t)
	authority := startAuthority(t, "names:8053")
	before, edges := shown(t).Issuer.String(), watchIssuers(t)
	t.Cleanup(func() { // after the stack has been put back
		removeVolume(t, "acme")
		removeCollected(t)
	})
	stack.Up(t, append(authority.asked(map[string]any{"challenge": "http"}), Set("monitoring.enabled", true), Set("monitoring.speed", hurry))...)
	for issuer := range edges() {
		if issuer != before && !strings.Contains(issuer, "Pebble") {
			t.Errorf("the edge has shown a certificate of %q", issuer)
		}
	}
	edge, first := stack.Container(t, "nginx"), shown(t)
	if !strings.Contains(first.Issuer.String(), "Pebble") {
		t.Fatalf("the certificate is one of %s", first.Issuer)
	}

	t.Run("under load", func(t *testing.T) {
		arrivals := startArrivals(t, stack.CA)
		next := awaitAnother(t, first)
		expectServed(t, arrivals)
		if passed, life := next.NotBefore.Sub(first.NotBefore), first.NotAfter.Sub(first.NotBefore); passed < life*6/10 || passed > life*8/10 {
			t.Errorf("it was renewed after %s of %s, want two thirds", passed, life)
		}
	})
	t.Run("not from an authority that is away", func(t *testing.T) {
		now := shown(t)
		authority.leave(t)
		inACME(t, "sh", "-c", `read -r _ ends </srv/acme/current/life && echo "0 $ends" >/srv/acme/current/life`) // as if two thirds had passed
		Await(t, certificateLife, "a failed attempt", func() error { return reports(t, "prefect_certificate_failures 1") })
		if !shown(t).Equal(now) {
			t.Error("another certificate is shown")
		}

		// Neither a restart nor the end of the certificate has the authority asked sooner.
		attempts := inACME(t, "cat", "/srv/acme/attempts")
		restartACME(t)
		if err := reports(t, "prefect_certificate_failures 1"); err != nil || inACME(t, "cat", "/srv/acme/attempts") != attempts {
			t.Errorf("after a restart: %v, attempts %s, before %s", err, inACME(t, "cat", "/srv/acme/attempts"), attempts)
		}
		Await(t, time.Minute, "all targets to answer", func() error { return targetsUp(t) })
		lintRules(t, "tls")
		followRunbooks(t, "CertificateRenewalFailing", "CertificateRenewalStopped")
		authority.comeBack(t)
		inACME(t, "rm", "/srv/acme/attempts") // as docs/runbooks/CertificateRenewalFailing.md says
		restartACME(t)
		awaitAnother(t, now)
		Await(t, certificateWithin, "no failure", func() error { return reports(t, "prefect_certificate_failures 0") })
	})
	if now := stack.Container(t, "nginx"); now.ID != edge.ID || now.State.StartedAt != edge.State.StartedAt {
		t.Error("nginx was replaced or restarted")
	}
	t.Run("and nothing else is let in without TLS", func(t *testing.T) {
		for path, want := range map[string]int{"/.well-known/acme-challenge/x": 502, "/.well-known/acme-challenge/": 308, "/.well-known/acme-challenge/x/y": 308, "/.well-known/acme-challenge/../../api/version": 308} {
			if got := plainStatus(t, path); got != want {
				t.Errorf("%s: %d, want %d", path, got, want)
			}
		}
	})
}

func TestACME_ShowsNothingBeforeTheFirstCertificate(t *testing.T) {
	drillsOnly(t)
	authority := startAuthority(t, "names:8053")
	authority.leave(t)
	t.Cleanup(func() { removeVolume(t, "acme") })
	out, err := stack.TryUp(t, authority.asked(map[string]any{"challenge": "http"})...)
	if err == nil || !strings.Contains(out, "no certificate was obtained") {
		t.Errorf("up without a certificate: %v\n%s", err, out)
	}
	if certificate, err := shownAt(edgeAddress(t)); err == nil {
		t.Errorf("the edge shows a certificate of %s", certificate.Issuer)
	}
	authority.comeBack(t)
	inACME(t, "rm", "/srv/acme/attempts")
	stack.Up(t, authority.asked(map[string]any{"challenge": "http"})...)
	if issuer := shown(t).Issuer.String(); !strings.Contains(issuer, "Pebble") {
		t.Errorf("the certificate is one of %s", issuer)
	}
}

func TestACME_ShowsByARecordThatTheNameIsItsOwn(t *testing.T) {
	drillsOnly(t)
	authority := startAuthority(t, "records:8053")
	password := startRecords(t)
	t.Cleanup(func() { removeVolume(t, "acme") })
	stack.Up(t, append(authority.asked(map[string]any{
		"challenge": "dns", "provider": "httpreq", "resolvers": []any{addressOf(t, authority.records) + ":8053"},
		"settings": map[string]any{"HTTPREQ_ENDPOINT": "http://dns-provider:8000", "HTTPREQ_USERNAME": "prefect"},
	}), SetSecret("acmeSecrets", `{"HTTPREQ_PASSWORD":"`+password+`"}`))...)
	if issuer := shown(t).Issuer.String(); !strings.Contains(issuer, "Pebble") {
		t.Errorf("the certificate is one of %s", issuer)
	}
	if got := plainStatus(t, "/.well-known/acme-challenge/x"); got != 308 {
		t.Errorf("without TLS: %d, want 308", got)
	}
}

// plainStatus asks without TLS.
func plainStatus(t *testing.T, path string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://localhost:%v%s", stack.Config("edge.httpPort"), path), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := stack.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func addressOf(t *testing.T, id string) string {
	t.Helper()
	for _, endpoint := range stack.inspect(t, id).NetworkSettings.Networks {
		return endpoint.IPAddress.String()
	}
	t.Fatal("it is on no network")
	return ""
}

// awaitAnother waits for the certificate after this one.
func awaitAnother(t *testing.T, than *x509.Certificate) (next *x509.Certificate) {
	t.Helper()
	Await(t, certificateLife, "another certificate", func() error {
		if next = shown(t); next.Equal(than) {
			return errStill
		}
		return nil
	})
	return next
}

// watchIssuers notes who signed what the edge shows to new clients, until the result is called.
func watchIssuers(t *testing.T) (seen func() map[string]bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	address, issuers := edgeAddress(t), map[string]bool{}
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			if certificate, err := shownAt(address); err == nil {
				issuers[certificate.Issuer.String()] = true
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	return func() map[string]bool { cancel(); done.Wait(); return issuers }
}

// reports wants a line in what the exporter of the host's figures reads.
func reports(t *testing.T, line string) error {
	t.Helper()
	if report := inACME(t, "cat", "/reports/certificate.prom"); !strings.Contains(report, line+"\n") {
		return fmt.Errorf("the report is\n%s", report)
	}
	return nil
}

func inACME(t *testing.T, command ...string) string {
	t.Helper()
	result := stack.Exec(t, stack.Container(t, "acme").ID, command...)
	if result.Code != 0 {
		t.Fatalf("%v: %s", command, result.Stderr)
	}
	return result.Stdout
}

func restartACME(t *testing.T) {
	t.Helper()
	id := stack.Container(t, "acme").ID
	inACME(t, "rm", "/reports/certificate.prom")
	if _, err := stack.Docker.ContainerRestart(t.Context(), id, client.ContainerRestartOptions{}); err != nil {
		t.Fatal(err)
	}
	Await(t, time.Minute, "it to look again", func() error {
		if result := stack.Exec(t, id, "test", "-e", "/reports/certificate.prom"); result.Code != 0 {
			return fmt.Errorf("no report yet")
		}
		return nil
	})
}

func removeVolume(t *testing.T, name string) {
	t.Helper()
	if _, err := stack.Docker.VolumeRemove(context.Background(), "prefect-"+stack.Name+"-"+name, client.VolumeRemoveOptions{}); err != nil {
		t.Error(err)
	}
}

// leave takes the authority off its network, so that nobody finds it.
func (a *authority) leave(t *testing.T) {
	t.Helper()
	stack.must(t)(stack.Docker.NetworkDisconnect(t.Context(), a.network, client.NetworkDisconnectOptions{Container: a.id, Force: true}))
}

func (a *authority) comeBack(t *testing.T) {
	t.Helper()
	stack.must(t)(stack.Docker.NetworkConnect(t.Context(), a.network, client.NetworkConnectOptions{Container: a.id, EndpointConfig: &network.EndpointSettings{Aliases: []string{"pebble"}}}))
}
