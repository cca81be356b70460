package config

import (
	"fmt"
	"maps"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Directories of Let's Encrypt, as the configuration calls them.
const (
	LetsEncrypt        = "letsencrypt"
	LetsEncryptStaging = "letsencrypt-staging"
)

// Ways to show an authority that a host is one's own.
const (
	ChallengeHTTP = "http"
	ChallengeDNS  = "dns"
)

// LegoMiB is what lego may use, in MiB.
const LegoMiB = 96

// LimitsMiB is what the container may use that asks an authority, in MiB.
func (t TLS) LimitsMiB() int {
	if t.Mode != ACMEMode {
		return 0
	}
	return LegoMiB
}

// URL is that of the authority's directory.
func (a ACME) URL() string {
	switch a.Directory {
	case LetsEncrypt:
		return "https://acme-v02.api.letsencrypt.org/directory"
	case LetsEncryptStaging:
		return "https://acme-staging-v02.api.letsencrypt.org/directory"
	}
	return a.Directory
}

// Public tells whether the authority is one that asks the name from the internet.
func (a ACME) public() bool { return a.Directory == LetsEncrypt || a.Directory == LetsEncryptStaging }

// TriedOut tells whether the certificate is one that no client trusts.
func (t TLS) TriedOut() bool {
	return t.Mode == ACMEMode && t.ACME.Directory == LetsEncryptStaging && t.ACME.Trust == ""
}

var (
	provider = regexp.MustCompile(`^[a-z0-9]+$`)
	setting  = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
)

func (c Config) checkACME(p *Problems) {
	c.checkAuthority(p)
	c.checkNames(p)
	a := c.TLS.ACME
	if address, err := mail.ParseAddress(a.Email); err != nil || address.Address != a.Email {
		p.add("tls.acme.email", quoteOrNothing(a.Email), "the address of somebody who looks after the stack", set("tls.acme.email", "team@your-company.com"))
	}
	switch a.Challenge {
	case ChallengeHTTP:
		c.checkHTTPChallenge(p)
	case ChallengeDNS:
		c.checkDNSChallenge(p)
	default:
		p.add("tls.acme.challenge", quoteOrNothing(a.Challenge), ChallengeHTTP+" or "+ChallengeDNS, set("tls.acme.challenge", ChallengeHTTP))
	}
	if a.Trust != "" {
		if _, err := parseCertificates(a.Trust); err != nil {
			p.add("tls.acme.trust", err.Error(), "PEM certificates of the authority that clients are to trust", `pulumi config set --path tls.acme.trust "$(cat company-ca.pem)"`)
		}
	}
	if c.TLS.Certificate != "" {
		p.add("tls.certificate", "a certificate with mode "+ACMEMode, "no certificate, or mode "+Provided, set("tls.mode", Provided))
	}
	if c.Secrets.TLSKey != "" {
		p.add("tlsKey", "a key with mode "+ACMEMode, "no key, or mode "+Provided, remove("tlsKey"))
	}
}

func (c Config) checkAuthority(p *Problems) {
	const key, want = "tls.acme.directory", LetsEncryptStaging + ", " + LetsEncrypt + " or the https URL of another authority's directory"
	at, err := url.Parse(c.TLS.ACME.URL())
	switch {
	case err != nil || at.Scheme != "https" || at.Host == "":
		p.add(key, quoteOrNothing(c.TLS.ACME.Directory), want, set(key, LetsEncryptStaging))
	case at.User != nil:
		p.add(key, "a URL with credentials", want, set(key, LetsEncryptStaging))
	case c.Production && c.TLS.ACME.Directory == LetsEncryptStaging:
		p.add(key, LetsEncryptStaging, "an authority that clients trust, in production; try it with staging while production is false", set(key, LetsEncrypt))
	}
}

// checkNames wants names that the authority can ask.
func (c Config) checkNames(p *Problems) {
	for i, name := range c.TLS.names(c.Host) {
		key := "host"
		if i > 0 {
			key = fmt.Sprintf("tls.alsoFor[%d]", i-1)
		}
		switch _, err := netip.ParseAddr(name); {
		case i > 0 && !validHost(name):
			p.add(key, quoteOrNothing(name), "a DNS name in lower case", "")
		case err == nil:
			p.add(key, name, "a DNS name with mode "+ACMEMode, set("tls.mode", SelfSigned))
		case c.TLS.ACME.public() && Placeholder(name) && !p.covers(key):
			p.add(key, quote(name), "a name of your own: "+c.TLS.ACME.Directory+" asks it", "")
		}
	}
}

// names are those in the certificate.
func (t TLS) names(host string) []string { return append([]string{host}, t.AlsoFor...) }

func (c Config) checkHTTPChallenge(p *Problems) {
	a := c.TLS.ACME
	if a.public() && c.Edge.HTTPPort != 80 && c.Edge.PublicPort == 0 {
		p.add("edge.httpPort", fmt.Sprint(c.Edge.HTTPPort), "80, which the authority asks, unless something before the edge forwards it (edge.publicPort says so)", set("edge.httpPort", "80"))
	}
	if a.Provider != "" {
		p.add("tls.acme.provider", quote(a.Provider), "nothing with challenge "+ChallengeHTTP, set("tls.acme.challenge", ChallengeDNS))
	}
}

func (c Config) checkDNSChallenge(p *Problems) {
	a := c.TLS.ACME
	if !provider.MatchString(a.Provider) {
		p.add("tls.acme.provider", quoteOrNothing(a.Provider), "the code of your DNS provider, as go-acme.github.io/lego/dns lists them", set("tls.acme.provider", "cloudflare"))
	}
	for i, resolver := range a.Resolvers {
		if _, err := netip.ParseAddrPort(resolver); err != nil {
			p.add(fmt.Sprintf("tls.acme.resolvers[%d]", i), quoteOrNothing(resolver), "an IP address and port, such as 192.168.1.53:53", "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Settings)) {
		key := join("tls.acme.settings", name)
		switch {
		case !checkSetting(p, key, name):
		case LooksSecret(name):
			p.add(key, "a name that tells of a secret", "the value in the secret acmeSecrets", setSecret(join("acmeSecrets", name)))
		case strings.ContainsFunc(a.Settings[name], func(r rune) bool { return r < ' ' }):
			p.add(key, "a line break", "one line", "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Secrets.ACMESecrets)) {
		key := join("acmeSecrets", name)
		if checkSetting(p, key, name) && c.Secrets.ACMESecrets[name] == "" {
			p.add(key, "an empty value", "a value, or no key at all", remove(key))
		}
	}
}

func checkSetting(p *Problems, key, name string) bool {
	if !checkVariable(p, key, name) {
		return false
	}
	if !setting.MatchString(name) {
		p.add(key, quote(name), "a variable of the provider, in capitals", "")
		return false
	}
	return true
}
