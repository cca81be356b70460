package throwaway

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

func provided(certificate string) string {
	return fmt.Sprintf("config:\n  prefect-platform:host: prefect.corp.net\n  prefect-platform:edge: {allow: [10.0.0.0/8]}\n  prefect-platform:tls:\n    mode: provided\n    certificate: %q\n  prefect-platform:tlsKey: {secure: AAAB}\n", certificate)
}

func TestNew_GivesAProvidedCertificateAPairThatFits(t *testing.T) {
	for name, text := range map[string]string{
		"the stack's certificate, by RSA":   provided(signedBy(t, rsaKey(t, 2048), time.Hour, "prefect.corp.net")),
		"the stack's certificate, by ECDSA": provided(signedBy(t, ecdsaKey(t, elliptic.P384()), time.Hour, "prefect.corp.net")),
		"none yet":                          "config:\n  prefect-platform:host: prefect.corp.net\n  prefect-platform:edge: {allow: [10.0.0.0/8]}\n  prefect-platform:tls: {mode: provided}\n",
		"none yet, for an address":          "config:\n  prefect-platform:host: 10.1.2.3\n  prefect-platform:edge: {allow: [10.0.0.0/8]}\n  prefect-platform:tls: {mode: provided}\n",
		"an encrypted one":                  "config:\n  prefect-platform:host: prefect.corp.net\n  prefect-platform:edge: {allow: [10.0.0.0/8]}\n  prefect-platform:tls: {mode: provided, certificate: {secure: AAAC}}\n  prefect-platform:tlsKey: {secure: A}\n",
	} {
		if m := throwAway(t, text); m.problem != nil {
			t.Errorf("%s: %v", name, m.problem)
		}
	}
}

// What would be refused of the real pair is refused of the other.
func TestNew_KeepsWhatIsWrongWithACertificate(t *testing.T) {
	for want, certificate := range map[string]string{
		"a certificate that ended on":     signedBy(t, ecdsaKey(t, elliptic.P256()), -time.Minute, "prefect.corp.net"),
		"a certificate for other.net":     signedBy(t, ecdsaKey(t, elliptic.P256()), time.Hour, "other.net"),
		"an RSA key of 1024 bits":         signedBy(t, rsaKey(t, 1024), time.Hour, "prefect.corp.net"),
		"an ECDSA key on P-224":           signedBy(t, ecdsaKey(t, elliptic.P224()), time.Hour, "prefect.corp.net"),
		"a certificate that cannot be re": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})),
	} {
		m := throwAway(t, provided(certificate))
		if m.problem == nil || !strings.Contains(m.problem.Error(), want) {
			t.Errorf("want %q: %v", want, m.problem)
		}
	}
}

func TestNew_TellsASelfSignedCertificateFromOneOfAnAuthority(t *testing.T) {
	key := ecdsaKey(t, elliptic.P256())
	self := template(time.Hour, "prefect.corp.net")
	for want, certificate := range map[bool]string{
		true:  encode(t, self, self, key.Public(), key),
		false: signedBy(t, key, time.Hour, "prefect.corp.net"),
	} {
		m := throwAway(t, provided(certificate))
		var tls struct{ Certificate string }
		unmarshal(t, []byte(m.value("tls")), &tls)
		block, _ := pem.Decode([]byte(tls.Certificate))
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if signedItself := leaf.Issuer.String() == leaf.Subject.String(); signedItself != want {
			t.Errorf("signed by itself: %v, want %v", signedItself, want)
		}
	}
}

func template(ends time.Duration, host string) *x509.Certificate {
	return &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(ends)}
}

func signedBy(t *testing.T, key crypto.Signer, ends time.Duration, host string) string {
	t.Helper()
	authority := template(time.Hour, "authority")
	return encode(t, template(ends, host), authority, key.Public(), ecdsaKey(t, elliptic.P256()))
}

func encode(t *testing.T, of, by *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) string {
	t.Helper()
	text, err := certificatePEM(of, by, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func ecdsaKey(t *testing.T, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
