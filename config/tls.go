package config

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Leaf is the edge's own certificate of a provided chain. It fails where there is none, or none that can be read.
func (t TLS) Leaf() (*x509.Certificate, error) {
	chain, err := parseCertificates(t.Certificate)
	if err != nil {
		return nil, fmt.Errorf("tls.certificate: found %w", err)
	}
	return chain[0], nil
}

func (c Config) checkTLS(p *Problems, now time.Time) {
	switch c.TLS.Mode {
	case SelfSigned:
		c.checkSelfSigned(p)
	case Provided:
		c.checkProvided(p, now)
	case ACMEMode:
		c.checkACME(p)
	default:
		p.add("tls.mode", quoteOrNothing(c.TLS.Mode), SelfSigned+", "+Provided+" or "+ACMEMode, set("tls.mode", SelfSigned))
	}
}

func (c Config) checkSelfSigned(p *Problems) {
	const longest = 398 // days; browsers refuse leaves that are valid for longer (CA/Browser Forum, ballot SC31)
	t := c.TLS
	p.between("tls.validityDays", t.ValidityDays, 1, longest, "days")
	if t.RenewalDays < 0 || t.RenewalDays >= max(t.ValidityDays, 1) {
		p.add("tls.renewalDays", fmt.Sprint(t.RenewalDays), "0 or more, and less than tls.validityDays", set("tls.renewalDays", fmt.Sprint(max(t.ValidityDays, 0)/3)))
	}
	for i, name := range t.AlsoFor {
		if !validHost(name) {
			p.add(fmt.Sprintf("tls.alsoFor[%d]", i), quoteOrNothing(name), "a DNS name in lower case or an IP address", "")
		}
	}
	if t.Certificate != "" {
		p.add("tls.certificate", "a certificate with mode "+SelfSigned, "no certificate, or mode "+Provided, set("tls.mode", Provided))
	}
	if c.Secrets.TLSKey != "" {
		p.add("tlsKey", "a key with mode "+SelfSigned, "no key, or mode "+Provided, remove("tlsKey"))
	}
}

func (c Config) checkProvided(p *Problems, now time.Time) {
	const key = "tls.certificate"
	for i := range c.TLS.AlsoFor {
		p.add(fmt.Sprintf("tls.alsoFor[%d]", i), "a name with mode "+Provided, "names in the certificate itself", remove("tls.alsoFor"))
	}
	if c.Secrets.TLSKey == "" {
		p.add("tlsKey", "nothing", "the unencrypted PEM key of the certificate", setSecret("tlsKey")+" < key.pem")
	}
	chain, err := parseCertificates(c.TLS.Certificate)
	if err != nil {
		p.add(key, err.Error(), "the PEM chain of the edge's certificate, leaf first", `pulumi config set --path tls.certificate "$(cat chain.pem)"`)
		return
	}
	checkLeaf(p, chain[0], c.Host, now)
	for i, certificate := range chain[1:] {
		if chain[i].CheckSignatureFrom(certificate) != nil {
			p.add(key, fmt.Sprintf("a chain in which certificate %d did not sign certificate %d", i+2, i+1), "the leaf first, each followed by its issuer", "")
		}
	}
	if c.Secrets.TLSKey == "" {
		return
	}
	if _, err := tls.X509KeyPair([]byte(c.TLS.Certificate), []byte(c.Secrets.TLSKey)); err != nil {
		p.add("tlsKey", strings.TrimPrefix(strings.TrimPrefix(err.Error(), "tls: "), "found "), "the unencrypted PEM key of the first certificate in tls.certificate", setSecret("tlsKey")+" < key.pem")
	}
}

func checkLeaf(p *Problems, leaf *x509.Certificate, host string, now time.Time) {
	const key = "tls.certificate"
	switch {
	case leaf.IsCA:
		p.add(key, "the certificate of an authority as the first", "the edge's own certificate first, then its issuers", "")
		return
	case now.Before(leaf.NotBefore):
		p.add(key, "a certificate that is not valid before "+leaf.NotBefore.UTC().Format(time.RFC3339), "one that is valid now", "")
	case now.After(leaf.NotAfter):
		p.add(key, "a certificate that ended on "+leaf.NotAfter.UTC().Format(time.RFC3339), "one that is valid now", "")
	}
	if leaf.VerifyHostname(host) != nil {
		p.add(key, "a certificate for "+strings.Join(namesOf(leaf), ", "), "one for the host "+quote(host), "")
	}
	switch public := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < 2048 {
			p.add(key, fmt.Sprintf("an RSA key of %d bits", public.N.BitLen()), "2048 bits or more, or ECDSA P-256", "")
		}
	case *ecdsa.PublicKey:
		if public.Params().BitSize < 256 {
			p.add(key, "an ECDSA key on "+public.Params().Name, "P-256 or more", "")
		}
	default:
		p.add(key, "a key of type "+leaf.PublicKeyAlgorithm.String(), "RSA or ECDSA, which every browser knows", "")
	}
}

func namesOf(leaf *x509.Certificate) []string {
	names := leaf.DNSNames
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	if len(names) == 0 {
		return []string{"no name"}
	}
	return names
}

// parseCertificates reads a PEM file that holds certificates and nothing else; its errors read on after "found".
func parseCertificates(text string) ([]*x509.Certificate, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("nothing")
	}
	var certificates []*x509.Certificate
	rest := []byte(text)
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block %s", quote(block.Type))
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a certificate that cannot be read: %w", err)
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, errors.New("no PEM certificate")
	}
	return certificates, nil
}
