package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

func (c Config) checkEgress(p *Problems) {
	e := c.Egress
	if e.Proxy != "" {
		checkProxy(p, e.Proxy)
	}
	for i, host := range e.NoProxy {
		if !validNoProxy(host) {
			p.add(fmt.Sprintf("egress.noProxy[%d]", i), quoteOrNothing(host), "a host name, a domain such as .example.com, an IP address or a network in CIDR notation", "")
		}
	}
	if e.CACertificates != "" {
		if _, err := parseCertificates(e.CACertificates); err != nil {
			p.add("egress.caCertificates", err.Error(), "PEM certificates of the authorities to trust", `pulumi config set --path egress.caCertificates "$(cat company-ca.pem)"`)
		}
	}
}

func checkProxy(p *Problems, text string) {
	const key = "egress.proxy"
	proxy, err := url.Parse(text)
	switch {
	case err != nil, proxy.Scheme != "http" && proxy.Scheme != "https", proxy.Hostname() == "", proxy.Path != "" && proxy.Path != "/":
		p.add(key, redacted(proxy, text), "the URL of an HTTP proxy, such as http://proxy.example.com:3128", "")
	case proxy.User != nil:
		proxy.User = nil
		p.add(key, "credentials in the URL", "none: it is not kept secret; let the proxy know the Docker host by its address", set(key, proxy.String()))
	}
}

// redacted is what may be told of a URL that could hold a password.
func redacted(parsed *url.URL, text string) string {
	if parsed != nil && parsed.User != nil || parsed == nil && strings.Contains(text, "@") {
		return "a URL with credentials"
	}
	return quote(text)
}

func validNoProxy(host string) bool {
	if _, err := netip.ParsePrefix(host); err == nil {
		return true
	}
	return validHost(strings.TrimPrefix(host, "."))
}
