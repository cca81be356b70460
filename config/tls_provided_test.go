package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

const certifiedHost = "prefect.corp.net"

// issued is a certificate with its key, and the one that signed it.
type issued struct {
	certificate *x509.Certificate
	key         crypto.Signer
	issuer      *issued
}

// issue makes a leaf for certifiedHost, valid around today, unless change says otherwise. Without an issuer it signs itself.
func issue(t *testing.T, key crypto.Signer, issuer *issued, change func(*x509.Certificate)) *issued {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: certifiedHost},
		DNSNames:              []string{certifiedHost},
		NotBefore:             today.AddDate(0, 0, -30),
		NotAfter:              today.AddDate(0, 0, 30),
		BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{certificate, key, issuer}
}

func authority(c *x509.Certificate) {
	c.Subject.CommonName, c.DNSNames = "Corp CA", nil
	c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
}

func (i *issued) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.certificate.Raw}))
}

func keyPEM(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func newECDSA(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0") // Go itself refuses to make weak keys
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestProvidedCertificate(t *testing.T) {
	const readOn = " (pulumi config set --secret tlsKey < key.pem)"
	key := newECDSA(t, elliptic.P256())
	ca := issue(t, newECDSA(t, elliptic.P384()), nil, authority)
	leaf := issue(t, key, ca, nil)
	own := func(key crypto.Signer, change func(*x509.Certificate)) (string, string) {
		return issue(t, key, nil, change).pem(), keyPEM(t, key)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		name string
		make func() (certificate, key string)
		says []string
	}{
		{"a leaf alone", func() (string, string) { return leaf.pem(), keyPEM(t, key) }, nil},
		{"a leaf with its issuer", func() (string, string) { return leaf.pem() + ca.pem(), keyPEM(t, key) }, nil},
		{"a wildcard", func() (string, string) {
			return own(key, func(c *x509.Certificate) { c.DNSNames = []string{"*.corp.net"} })
		}, nil},
		{"RSA of 2048 bits", func() (string, string) { return own(newRSA(t, 2048), nil) }, nil},
		{"issuer first", func() (string, string) { return ca.pem() + leaf.pem(), keyPEM(t, key) }, []string{
			"tls.certificate: found the certificate of an authority as the first, want the edge's own certificate first, then its issuers",
			"tls.certificate: found a chain in which certificate 2 did not sign certificate 1, want the leaf first, each followed by its issuer",
			"tlsKey: found private key does not match public key, want the unencrypted PEM key of the first certificate in tls.certificate" + readOn,
		}},
		{"a stranger as issuer", func() (string, string) {
			return leaf.pem() + issue(t, newECDSA(t, elliptic.P256()), nil, authority).pem(), keyPEM(t, key)
		}, []string{"tls.certificate: found a chain in which certificate 2 did not sign certificate 1, want the leaf first, each followed by its issuer"}},
		{"a key of another certificate", func() (string, string) { return leaf.pem(), keyPEM(t, newECDSA(t, elliptic.P256())) }, []string{
			"tlsKey: found private key does not match public key, want the unencrypted PEM key of the first certificate in tls.certificate" + readOn,
		}},
		{"a certificate as key", func() (string, string) { return leaf.pem(), leaf.pem() }, []string{
			"tlsKey: found a certificate rather than a key in the PEM for the private key, want the unencrypted PEM key of the first certificate in tls.certificate" + readOn,
		}},
		{"the key among the certificates", func() (string, string) { return leaf.pem() + keyPEM(t, key), keyPEM(t, key) }, []string{
			`tls.certificate: found a PEM block "PRIVATE KEY", want the PEM chain of the edge's certificate, leaf first (pulumi config set --path tls.certificate "$(cat chain.pem)")`,
		}},
		{"no key", func() (string, string) { return leaf.pem(), "" }, []string{
			"tlsKey: found nothing, want the unencrypted PEM key of the certificate" + readOn,
		}},
		{"another host", func() (string, string) {
			return own(key, func(c *x509.Certificate) {
				c.DNSNames, c.IPAddresses = []string{"www.corp.net"}, []net.IP{net.IPv4(10, 0, 0, 1)}
			})
		}, []string{`tls.certificate: found a certificate for www.corp.net, 10.0.0.1, want one for the host "prefect.corp.net"`}},
		{"no name but the common one", func() (string, string) {
			return own(key, func(c *x509.Certificate) { c.DNSNames = nil })
		}, []string{`tls.certificate: found a certificate for no name, want one for the host "prefect.corp.net"`}},
		{"over", func() (string, string) {
			return own(key, func(c *x509.Certificate) { c.NotAfter = today.Add(-time.Second) })
		}, []string{"tls.certificate: found a certificate that ended on 2026-11-23T11:59:59Z, want one that is valid now"}},
		{"not yet", func() (string, string) {
			return own(key, func(c *x509.Certificate) { c.NotBefore = today.Add(time.Second) })
		}, []string{"tls.certificate: found a certificate that is not valid before 2026-11-23T12:00:01Z, want one that is valid now"}},
		{"RSA of 1024 bits", func() (string, string) { return own(newRSA(t, 1024), nil) }, []string{
			"tls.certificate: found an RSA key of 1024 bits, want 2048 bits or more, or ECDSA P-256",
		}},
		{"ECDSA P-224", func() (string, string) { return own(newECDSA(t, elliptic.P224()), nil) }, []string{
			"tls.certificate: found an ECDSA key on P-224, want P-256 or more",
		}},
		{"Ed25519", func() (string, string) { return own(edKey, nil) }, []string{
			"tls.certificate: found a key of type Ed25519, want RSA or ECDSA, which every browser knows",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := Default()
			cfg.Host, cfg.Edge.Allow = certifiedHost, []string{"10.0.0.0/8"}
			cfg.TLS.Mode = Provided
			cfg.TLS.Certificate, cfg.Secrets.TLSKey = c.make()
			if got := lines(cfg.validate(today)); strings.Join(got, "\n") != strings.Join(c.says, "\n") {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.says, "\n     "))
			}
		})
	}
}

func TestProvidedCertificate_LeavesNamesToTheCertificate(t *testing.T) {
	key := newECDSA(t, elliptic.P256())
	cfg := Default()
	cfg.Host, cfg.Edge.Allow = certifiedHost, []string{"10.0.0.0/8"}
	cfg.TLS = TLS{Mode: Provided, Certificate: issue(t, key, nil, nil).pem(), AlsoFor: []string{"other.corp.net"}}
	cfg.Secrets.TLSKey = keyPEM(t, key)
	want := "tls.alsoFor[0]: found a name with mode provided, want names in the certificate itself (pulumi config rm --path tls.alsoFor)"
	if got := strings.Join(lines(cfg.validate(today)), "\n"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEgress_ChecksABundleOfAuthorities(t *testing.T) {
	first := issue(t, newECDSA(t, elliptic.P256()), nil, authority)
	second := issue(t, newECDSA(t, elliptic.P256()), nil, authority)
	cfg := Default()
	cfg.Edge.Allow = []string{"10.0.0.0/8"}
	cfg.Egress.CACertificates = "# Corp\n" + first.pem() + second.pem()
	if problems := cfg.validate(today); len(problems) > 0 {
		t.Errorf("two authorities are refused: %v", problems)
	}
	cfg.Egress.CACertificates = strings.Replace(first.pem(), "MII", "MIJ", 1)
	if problems := cfg.validate(today); len(problems) != 1 || problems[0].Key != "egress.caCertificates" {
		t.Errorf("a broken authority gives %v", problems)
	}
}

func TestLeaf_IsTheFirstCertificateOfTheChain(t *testing.T) {
	ca := issue(t, newECDSA(t, elliptic.P256()), nil, authority)
	leaf := issue(t, newECDSA(t, elliptic.P256()), ca, nil)
	got, err := TLS{Certificate: leaf.pem() + ca.pem()}.Leaf()
	if err != nil || !got.Equal(leaf.certificate) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := (TLS{}).Leaf(); err == nil || err.Error() != "tls.certificate: found nothing" {
		t.Errorf("without a certificate: %v", err)
	}
}
