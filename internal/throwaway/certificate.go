package throwaway

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
	"errors"
	"math/big"
	"net/netip"
	"time"

	"gopkg.in/yaml.v3"

	"prefect-platform/config"
)

// certificate gives a stack with a provided certificate a pair of its own: the key is secret, and no certificate fits another key. The new one is like the one that
// the stack has in names, validity, kind and size of the key, and whether it signed itself. How the stack's own was signed, and for what it may be used, is judged where its key is.
func (w *work) certificate(all *yaml.Node, own func(string) string) {
	tls, key := find(all, own("tls")), find(all, own("tlsKey"))
	if scalar(find(tls, "mode")) != config.Provided || key != nil && !isSecure(key) {
		return // without a provided certificate, or with a key that is not encrypted, which the program refuses
	}
	given := find(tls, "certificate")
	like := w.fresh(scalar(find(all, own("host"))))
	if plain := scalar(given); plain != "" && !isSecure(given) {
		block, _ := pem.Decode([]byte(plain))
		if block == nil {
			return // the program says what is wrong with it
		}
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return
		}
		like = leaf
	}
	chain, keyPEM, err := pair(like)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return
	}
	set(tls, "certificate", text(chain))
	set(all, own("tlsKey"), w.secure(keyPEM))
	w.note("tls.certificate", "a throwaway pair with the same names, dates and kind of key, because the key is secret; the issuers of your chain are checked where the key is")
}

// fresh describes a certificate for a stack that has none yet.
func (w *work) fresh(host string) *x509.Certificate {
	like := &x509.Certificate{NotBefore: w.now.Add(-time.Hour), NotAfter: w.now.AddDate(0, 0, 90), PublicKey: &ecdsa.PublicKey{Curve: elliptic.P256()}}
	if address, err := netip.ParseAddr(host); err == nil {
		like.IPAddresses = append(like.IPAddresses, address.AsSlice())
	} else {
		like.DNSNames = []string{host}
	}
	return like
}

// pair makes a chain and its key after a model.
func pair(like *x509.Certificate) (chain, key string, err error) {
	private, err := keyLike(like.PublicKey)
	if err != nil {
		return "", "", err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "throwaway"}, NotBefore: like.NotBefore, NotAfter: like.NotAfter,
		DNSNames: like.DNSNames, IPAddresses: like.IPAddresses, IsCA: like.IsCA, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "throwaway authority"}, NotBefore: like.NotBefore, NotAfter: like.NotAfter,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	var text []byte
	if len(like.Raw) > 0 && like.CheckSignatureFrom(like) == nil || len(like.Raw) > 0 && like.Issuer.String() == like.Subject.String() {
		text, err = certificatePEM(leaf, leaf, private.Public(), private)
	} else {
		var root []byte
		text, err = certificatePEM(leaf, authority, private.Public(), signer)
		if err == nil {
			root, err = certificatePEM(authority, authority, signer.Public(), signer)
		}
		text = append(text, root...)
	}
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	return string(text), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func certificatePEM(of, issuer *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, of, issuer, public, signer)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// keyLike makes a private key of the kind and size of a public one.
func keyLike(public crypto.PublicKey) (crypto.Signer, error) {
	const most = 4096 // bits; a larger one is judged alike and takes long to make
	switch public := public.(type) {
	case *rsa.PublicKey:
		return rsa.GenerateKey(rand.Reader, max(1024, min(most, public.N.BitLen()))) // Go makes none below 1024
	case ed25519.PublicKey:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case *ecdsa.PublicKey:
		return ecdsa.GenerateKey(public.Curve, rand.Reader)
	default:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
}

// newKeyPEM is an unencrypted private key in PEM.
func newKeyPEM() string {
	_, key, err := pair(&x509.Certificate{})
	if err != nil {
		panic(err) // of constants only
	}
	return key
}
