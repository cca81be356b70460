//go:build e2e

package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCertificate_TurnsToAProvidedOneAndBackWhileTheEdgeServes(t *testing.T) {
	ca := stack.CA
	certificate, key := selfSigned(t)
	trusted := filepath.Join(t.TempDir(), "trusted.pem")
	if err := os.WriteFile(trusted, []byte(certificate), 0o600); err != nil {
		t.Fatal(err)
	}
	edge := stack.Container(t, "nginx").ID

	t.Setenv("SSL_CERT_FILE", trusted)
	stack.Up(t, Set("tls", map[string]any{"mode": "provided", "certificate": certificate}), SetSecret("tlsKey", key))
	first, firstKey := certificate, key
	answer := get(t, stack.HTTP, "/api/version", nil)
	if answer.StatusCode != http.StatusOK {
		t.Errorf("with the provided certificate: %s", answer.Status)
	}
	block, _ := pem.Decode([]byte(certificate))
	provided, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !answer.TLS.PeerCertificates[0].Equal(provided) {
		t.Errorf("the edge shows another certificate than the provided one, %v", err)
	}

	// Another pair in its place, and the first one again, while new clients arrive that trust both.
	second, secondKey := selfSigned(t)
	if err := os.WriteFile(trusted, []byte(first+second), 0o600); err != nil {
		t.Fatal(err)
	}
	arrivals := startArrivals(t, first+second)
	for _, next := range [][2]string{{second, secondKey}, {first, firstKey}} {
		if out, err := stack.upWith(Set("tls", map[string]any{"mode": "provided", "certificate": next[0]}), SetSecret("tlsKey", next[1])); err != nil {
			t.Fatalf("up: %v\n%s", err, out)
		}
		awaitShown(t, next[0])
	}
	expectServed(t, arrivals)

	stack.Up(t)
	if stack.CA != ca {
		t.Error("the stack has another authority than before")
	}
	if answer := get(t, stack.HTTP, "/api/version", nil); answer.StatusCode != http.StatusOK {
		t.Errorf("with the stack's own certificate again: %s", answer.Status)
	}
	if now := stack.Container(t, "nginx").ID; now != edge {
		t.Error("nginx was replaced for a certificate")
	}
}

func TestCertificate_IsRenewedWithinItsWindowByAnUp(t *testing.T) {
	before := shown(t)
	makeDue(t, "proxy")
	edge := stack.Container(t, "nginx").ID
	arrivals := startArrivals(t, stack.CA)
	stack.Up(t)
	Await(t, certificateWithin, "another certificate", func() error {
		if shown(t).Equal(before) {
			return errStill
		}
		return nil
	})
	expectServed(t, arrivals)
	if left := time.Until(shown(t).NotAfter); left < 89*24*time.Hour {
		t.Errorf("the new certificate ends in %s", left)
	}
	if now := stack.Container(t, "nginx").ID; now != edge {
		t.Error("nginx was replaced for a certificate")
	}
}

func TestCertificate_FollowsItsAuthorityWithoutAFailedRequest(t *testing.T) {
	withOwnAuthorities(t)
	edge := stack.Container(t, "nginx").ID
	old := stack.CA

	arrivals := startArrivals(t, old)
	rotateNow(t, "ca", "--keep")
	expectRotated(t, "ca", "b", true)
	if err := stack.readAccess(); err != nil {
		t.Fatal(err)
	}
	both := stack.CA
	if strings.Count(both, "BEGIN CERTIFICATE") != 2 || !strings.HasSuffix(both, old) {
		t.Fatalf("clients are told to trust\n%s", both)
	}
	next := strings.TrimSuffix(both, old)
	awaitSignedBy(t, next)
	onlyNew, bundled := startArrivals(t, next), startArrivals(t, both)
	expectServed(t, arrivals)

	rotateNow(t, "ca")
	expectRotated(t, "ca", "b", false)
	expectServed(t, onlyNew)
	expectServed(t, bundled)
	if err := stack.readAccess(); err != nil {
		t.Fatal(err)
	}
	if stack.CA != next {
		t.Errorf("clients are told to trust\n%s\nwant\n%s", stack.CA, next)
	}
	Await(t, certificateWithin, "the retired authority to be worth nothing", func() error {
		if code, err := arrive(t, old); err == nil {
			return fmt.Errorf("a client that trusts nothing else was answered %d", code)
		}
		return nil
	})
	if now := stack.Container(t, "nginx").ID; now != edge {
		t.Error("nginx was replaced for a certificate")
	}

	// Once more, into a slot that had a value before, and back.
	arrivals = startArrivals(t, next)
	rotateNow(t, "ca", "--keep")
	rotateNow(t, "ca", "--back")
	expectServed(t, arrivals)
	expectRotated(t, "ca", "b", false)
}
