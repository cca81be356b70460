package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

func (c Config) checkHost(p *Problems) {
	const key, want = "host", "a DNS name in lower case or an IP address"
	host := c.Host
	if validHost(host) {
		return
	}
	bare := bareHost(host)
	switch {
	case bare != host && validHost(bare):
		p.add(key, quote(host), want+", and nothing else: no scheme, port or path", set(key, bare))
	default:
		p.add(key, quoteOrNothing(host), want, "")
	}
}

// bareHost takes off what people copy along with a name from the address line of a browser.
func bareHost(text string) string {
	if parsed, err := url.Parse(text); err == nil && parsed.Host != "" {
		text = parsed.Host
	}
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(text, "[]"), "."))
}

func validHost(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Zone() == "" && !address.IsUnspecified() && !address.IsMulticast()
	}
	return validName(host)
}

var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// validName follows RFC 1123 2.1, in lower case. A name whose last label is a number would be taken for an IPv4 address.
func validName(name string) bool {
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if !label.MatchString(l) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(name) <= 253 && strings.Trim(last, "0123456789") != ""
}
