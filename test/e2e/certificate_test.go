//go:build e2e

package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"testing"
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
	answer := get(t, stack.HTTP, "/api/version", nil)
	if answer.StatusCode != http.StatusOK {
		t.Errorf("with the provided certificate: %s", answer.Status)
	}
	block, _ := pem.Decode([]byte(certificate))
	provided, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !answer.TLS.PeerCertificates[0].Equal(provided) {
		t.Errorf("the edge shows another certificate than the provided one, %v", err)
	}

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
