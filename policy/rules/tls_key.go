package rules

import (
	"fmt"
	"slices"

	"prefect-platform/internal/tokens"
)

// Hours of the tls provider.
const (
	day           = 24
	longestLeaf   = 398 * day      // browsers refuse longer ones (CA/Browser Forum, ballot SC31)
	longestSigner = 10 * 366 * day // ten years
)

var tlsKeyRules = []Rule{
	{
		ID:       "tls-key-strength",
		Sentence: "A generated key is ECDSA on P256, P384 or P521, ED25519, or RSA of 2048 bits or more.",
		Why:      "The provider's default curve is P224, which no browser takes; OWASP ASVS 5.0 11.2.3: 112 bits of security or more.",
		Resource: func(c *Case) {
			if c.Is(tokens.PrivateKey) {
				keyStrength(c)
			}
		},
	},
	{
		ID:       "tls-certificate-lifetime",
		Sentence: "A generated certificate is valid for 1 to 398 days, and that of an authority for ten years at most.",
		Why:      "Browsers refuse leaves that are valid for longer (CA/Browser Forum, ballot SC31), and a stolen key counts for as long.",
		Resource: func(c *Case) {
			hours, ok := lifetime(c)
			longest, kind := longestLeaf, "a certificate"
			if authority, _ := c.Property("isCaCertificate").Flag(); authority && c.Is(tokens.SelfSignedCert) {
				longest, kind = longestSigner, "an authority"
			}
			if ok && (hours < day || hours > float64(longest)) {
				c.Refuse(fmt.Sprintf("validityPeriodHours of %s is %g", kind, hours), fmt.Sprintf("set it within %d and %d; the key is tls.validityDays", day, longest))
			}
		},
	},
	{
		ID:       "tls-certificate-renewal",
		Sentence: "A generated certificate is renewed before it ends.",
		Why:      "The provider renews only within earlyRenewalHours of the end, whose default is none, and only in an `up`: without a window every certificate ends while in use.",
		Resource: func(c *Case) {
			hours, ok := lifetime(c)
			if authority, _ := c.Property("isCaCertificate").Flag(); authority && c.Is(tokens.SelfSignedCert) || !c.Is(tokens.LocallySignedCert, tokens.SelfSignedCert) {
				return
			}
			early, known := c.Property("earlyRenewalHours").Number()
			if !known && c.Property("earlyRenewalHours").Known() {
				return
			}
			if unknown := c.Property("earlyRenewalHours").Exists() && !known; !unknown && (early <= 0 || ok && early >= hours) {
				c.Refuse(fmt.Sprintf("earlyRenewalHours is %g of %g", early, hours), "set it to a third of the lifetime; the key is tls.renewalDays")
			}
		},
	},
	{
		ID:       "tls-certificate-uses",
		Sentence: "An authority signs and nothing else, a server's certificate does not sign, and one authority vouches only for the one that follows it.",
		Why:      "A key that lies on a server and may sign makes certificates for every name that clients trust it for (RFC 5280, 4.2.1.3 and 4.2.1.9).",
		Resource: certificateUses,
	},
}

func keyStrength(c *Case) {
	const change = `set algorithm "ECDSA" and ecdsaCurve "P256", as newKey in components/proxy does`
	algorithm, ok := c.Property("algorithm").Text()
	if !ok {
		if !c.Property("algorithm").Exists() {
			c.Refuse("it names no algorithm", change)
		}
		return
	}
	switch algorithm {
	case "ED25519":
	case "ECDSA":
		curve, ok := c.Property("ecdsaCurve").Text()
		if !ok && !c.Property("ecdsaCurve").Exists() {
			curve, ok = "P224", true // the provider's default
		}
		if ok && !slices.Contains([]string{"P256", "P384", "P521"}, curve) {
			c.Refuse(fmt.Sprintf("ecdsaCurve is %q", curve), change)
		}
	case "RSA":
		if bits, ok := c.Property("rsaBits").Number(); ok && bits < 2048 {
			c.Refuse(fmt.Sprintf("rsaBits is %g", bits), "set rsaBits to 2048 or more, or "+change)
		}
	default:
		c.Refuse(fmt.Sprintf("algorithm is %q", algorithm), change)
	}
}

func lifetime(c *Case) (hours float64, ok bool) {
	if !c.Is(tokens.LocallySignedCert, tokens.SelfSignedCert) {
		return 0, false
	}
	return c.Property("validityPeriodHours").Number()
}

func certificateUses(c *Case) {
	if !c.Is(tokens.LocallySignedCert, tokens.SelfSignedCert) {
		return
	}
	authority, known := c.Property("isCaCertificate").Flag()
	if c.Property("isCaCertificate").Exists() && !known {
		return
	}
	allowed := []string{"digital_signature", "key_encipherment", "key_agreement", "server_auth", "client_auth"}
	kind := "a server's certificate"
	if authority {
		allowed, kind = []string{"cert_signing", "crl_signing", "digital_signature"}, "an authority's certificate"
	}
	for _, use := range c.Property("allowedUses").Texts() {
		if !slices.Contains(allowed, use) {
			c.Refuse(fmt.Sprintf("allowedUses of %s has %q", kind, use), "take it out")
		}
	}
	if authority && c.Is(tokens.LocallySignedCert) && c.Resource.Name != tokens.CrossSigned {
		c.Refuse("it is an authority below another one (isCaCertificate)", "let the stack's own authority sign the certificates themselves")
	}
}
