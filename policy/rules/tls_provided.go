package rules

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
)

var tlsProvidedRules = []Rule{
	{
		ID:         "tls-mode-provided",
		Sentence:   "In production the certificate is one that clients trust already.",
		Why:        "Clients that must be told to trust a stack's own authority are told to trust whatever its state holds, and people learn to click warnings away (OWASP ASVS 5.0 12.2.2).",
		Production: true,
		Resource: func(c *Case) {
			if !c.Is(tokens.Proxy) {
				return
			}
			mode, ok := c.Property(tokens.InputTLSMode).Text()
			directory, _ := c.Property(tokens.InputDirectory).Text()
			switch {
			case ok && mode != config.Provided && mode != config.ACMEMode || !c.Property(tokens.InputTLSMode).Exists():
				c.Refuse(fmt.Sprintf("its %s is %q", tokens.InputTLSMode, mode), "pulumi config set --path tls.mode provided, with tls.certificate and tlsKey, or acme")
			case mode == config.ACMEMode && directory == config.ACME{Directory: config.LetsEncryptStaging}.URL():
				c.Refuse("its certificate is one for trying out ("+config.LetsEncryptStaging+")", "pulumi config set --path tls.acme.directory "+config.LetsEncrypt)
			}
		},
	},
	{
		ID:       "tls-provided-certificate",
		Sentence: "A provided certificate is the host's, in production signed by somebody else, valid today and for 398 days at most, with a strong key and signature.",
		Why:      "Clients refuse any other (CA/Browser Forum, Baseline Requirements 6.1.5, 6.3.2, 7.1.3; OWASP ASVS 5.0 12.1.4, 12.2.2).",
		Stack: func(c *Case, all []Resource) {
			for _, proxy := range all {
				if proxy.Type == tokens.Proxy {
					providedCertificate(c, proxy, all)
				}
			}
		},
	},
}

// providedCertificate judges every certificate that the containers of an edge mount. One that the stack makes itself is judged by the resources that make it.
func providedCertificate(c *Case, proxy Resource, all []Resource) {
	if mode, _ := c.PropertyOf(proxy, tokens.InputTLSMode).Text(); mode != config.Provided {
		return
	}
	host, _ := c.PropertyOf(proxy, tokens.InputHost).Text()
	found := false
	for _, r := range all {
		if r.Type != tokens.Container || r.Parent != proxy.URN {
			continue
		}
		for _, f := range c.UploadsOf(r) {
			if path.Ext(f.Path) != ".crt" {
				continue
			}
			found = true
			text, ok := f.Content.Text()
			if !ok {
				continue
			}
			for _, problem := range leafProblems(text, host, c.Facts) {
				c.RefuseOf(r, f.Path+" "+problem, "provide another certificate: pulumi config set --path tls.certificate \"$(cat chain.pem)\"")
			}
		}
	}
	if !found {
		c.RefuseOf(proxy, "its mode is provided, and none of its containers mounts a certificate", "mount tls.crt with the installer, as components/proxy does")
	}
}

func leafProblems(text, host string, facts Facts) []string {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return []string{"holds no certificate"}
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return []string{"holds a certificate that cannot be read"}
	}
	var problems []string
	refuse := func(when bool, format string, args ...any) {
		if when {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	refuse(leaf.IsCA, "is the certificate of an authority")
	refuse(facts.Production && !leaf.IsCA && string(leaf.RawIssuer) == string(leaf.RawSubject), "is signed by itself")
	refuse(facts.Today.After(leaf.NotAfter), "ended on %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	refuse(facts.Today.Before(leaf.NotBefore), "is not valid before %s", leaf.NotBefore.UTC().Format(time.DateOnly))
	refuse(leaf.NotAfter.Sub(leaf.NotBefore) > longestLeaf*time.Hour, "is valid for %d days, longer than browsers accept", int(leaf.NotAfter.Sub(leaf.NotBefore).Hours()/24))
	refuse(leaf.VerifyHostname(host) != nil, "is not for the host %q", host)
	refuse(strings.Contains(leaf.SignatureAlgorithm.String(), "SHA1") || strings.Contains(leaf.SignatureAlgorithm.String(), "MD5"), "is signed with %s", leaf.SignatureAlgorithm)
	refuse(len(leaf.ExtKeyUsage) > 0 && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny), "is not for servers")
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		refuse(key.N.BitLen() < 2048, "has an RSA key of %d bits", key.N.BitLen())
	case *ecdsa.PublicKey:
		refuse(key.Params().BitSize < 256, "has a key on %s", key.Params().Name)
	case ed25519.PublicKey:
	default:
		refuse(true, "has a key of type %s", leaf.PublicKeyAlgorithm)
	}
	return problems
}
