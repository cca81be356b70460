package rules

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/tokens"
)

// mounted is a fixture in which the edge mounts another certificate than the good one that change spoils.
func mounted(name, found string, change func(*x509.Certificate), key func() crypto.Signer) fixture {
	return fixture{name: name, found: found, of: tokens.Container, resource: "proxy-install-files", change: func(r *Resource) {
		subject := key()
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "edge"}, DNSNames: []string{"prefect.corp.net"},
			NotBefore: today.Add(-time.Hour), NotAfter: today.Add(90 * 24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "an authority"}}
		change(template)
		if template.Subject.CommonName == issuer.Subject.CommonName {
			issuer = template
		}
		der, err := x509.CreateCertificate(rand.Reader, template, issuer, subject.Public(), subject)
		if err != nil {
			panic(err)
		}
		withUpload(r, "tls.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	}}
}

func withUpload(r *Resource, name string, content any) {
	uploads := r.Properties.Get("uploads").AsArray().AsSlice()
	for i, item := range uploads {
		if item.AsMap().Get("file").AsString() == "/etc/platform/"+name {
			uploads[i] = property.New(item.AsMap().Set("content", plainValue(content)))
		}
	}
	r.Properties = r.Properties.Set("uploads", property.New(uploads))
}

func curve(c elliptic.Curve) func() crypto.Signer {
	return func() crypto.Signer {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			panic(err)
		}
		return key
	}
}

func shortRSA() crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	return key
}

var _ = prove("tls-provided-certificate", proof{
	fails: []fixture{
		mounted("one that ended", "ended on", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = today.AddDate(0, -3, 0), today.AddDate(0, 0, -1) }, curve(elliptic.P256())),
		mounted("one that is not valid yet", "not valid before", func(c *x509.Certificate) { c.NotBefore = today.AddDate(0, 0, 2) }, curve(elliptic.P256())),
		mounted("one for another host", "not for the host", func(c *x509.Certificate) { c.DNSNames = []string{"*.corp.com"} }, curve(elliptic.P256())),
		mounted("one for no host but in its subject", "not for the host", func(c *x509.Certificate) { c.DNSNames, c.Subject.CommonName = nil, "prefect.corp.net" }, curve(elliptic.P256())),
		mounted("one that is valid for too long", "longer than browsers", func(c *x509.Certificate) { c.NotAfter = today.AddDate(3, 0, 0) }, curve(elliptic.P256())),
		mounted("one that is signed by itself", "by itself", func(c *x509.Certificate) { c.Subject.CommonName = "an authority" }, curve(elliptic.P256())),
		mounted("that of an authority", "of an authority", func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, curve(elliptic.P256())),
		mounted("one with a short key", "RSA key of 1024", func(*x509.Certificate) {}, shortRSA),
		mounted("one on a short curve", "P-224", func(*x509.Certificate) {}, curve(elliptic.P224())),
		mounted("one for clients", "not for servers", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, curve(elliptic.P256())),
		{name: "no certificate", of: tokens.Container, resource: "proxy-install-files", change: func(r *Resource) { withUpload(r, "tls.crt", "-") }, found: "holds no certificate"},
		{name: "no text", of: tokens.Container, resource: "proxy-install-files", change: func(r *Resource) { withUpload(r, "tls.crt", true) }, found: "cannot be judged", also: []string{"auth-edge-readable"}},
	},
	unknown: []fixture{{name: "the certificate", of: tokens.Container, resource: "proxy-install-files", change: func(r *Resource) { withUpload(r, "tls.crt", property.New(property.Computed)) }}},
})
