package nginxconf

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
)

// dnsName is a name by RFC 1123 in lower case: letters, digits and inner hyphens, dots between labels of up to 63 characters.
var dnsName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

// isHost reports whether name is a DNS name or an IP address without zone.
func isHost(name string) bool {
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Zone() == ""
	}
	return len(name) <= 253 && dnsName.MatchString(name)
}

// hostHeader is a host as clients write it into a URL: IPv6 addresses are in brackets.
func hostHeader(name string) string {
	if address, err := netip.ParseAddr(name); err == nil && address.Is6() {
		return "[" + address.String() + "]"
	}
	return name
}

// isAddress recognises what hostHeader returns for an IP address. For these clients send no name in the handshake (RFC 6066, 3).
func isAddress(header string) bool {
	if len(header) > 2 && header[0] == '[' {
		header = header[1 : len(header)-1]
	}
	_, err := netip.ParseAddr(header)
	return err == nil
}

func isEndpoint(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == port && dnsName.MatchString(host)
}
