package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"prefect-platform/config"
)

func TestExitCode_TellsDriftFromALookThatFailed(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errDrift, 2},
		{fmt.Errorf("wrapped: %w", errDrift), 2},
		{errSaid, 1},
		{errors.New("could not look for drift: no engine"), 1},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
}

func TestDrift_ExplainsItsExitCodesAndWarnsOfRefreshInItsHelp(t *testing.T) {
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs([]string{"drift", "--help"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for _, start := range []string{"  0  no drift", "  1  it could not look", "  2  drift"} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, start) }) {
			t.Errorf("the help has no line %q:\n%s", start, out.String())
		}
	}
	for _, text := range []string{"Do not use pulumi refresh", "deletes", "--json"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the help does not say %q:\n%s", text, out.String())
		}
	}
}

func TestExceptEnd_LetsOnlyACertificatePassThatHasEnded(t *testing.T) {
	certificate, key := provided(t)
	values := map[string]string{
		"prefect-platform:edge":   `{"allow": ["192.168.1.0/24"]}`,
		"prefect-platform:tls":    fmt.Sprintf(`{"mode": "provided", "certificate": %q}`, certificate),
		"prefect-platform:tlsKey": key,
	}
	secrets := []string{"prefect-platform:tlsKey"}
	c, err := config.Parse(values, secrets)
	if err == nil {
		t.Fatal("a certificate that has ended was accepted")
	}
	if err := exceptEnd(c, err, time.Now()); err != nil {
		t.Errorf("ended: %v", err)
	}

	values["prefect-platform:host"] = "Not A Host"
	c, err = config.Parse(values, secrets)
	if exceptEnd(c, err, time.Now()) == nil {
		t.Error("a host that is none passed with it")
	}
	values["prefect-platform:tls"], values["prefect-platform:host"] = `{"mode": "provided", "certificate": "none"}`, "localhost"
	c, err = config.Parse(values, secrets)
	if exceptEnd(c, err, time.Now()) == nil {
		t.Error("what is no certificate passed")
	}
	if other := errors.New("incorrect passphrase"); !errors.Is(exceptEnd(c, other, time.Now()), other) {
		t.Error("another error passed")
	}
}

// provided is a certificate for localhost that ended an hour ago, and its key.
func provided(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs8)
}
