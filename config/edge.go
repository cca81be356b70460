package config

import (
	"fmt"
	"net/netip"
	"strconv"
)

func (c Config) checkEdge(p *Problems) {
	c.checkHost(p)
	e := c.Edge
	if address, err := netip.ParseAddr(e.Address); err != nil || address.Zone() != "" {
		p.add("edge.address", quoteOrNothing(e.Address), "an IP address of the Docker host, or 0.0.0.0 for all of them", set("edge.address", Default().Edge.Address))
	}
	p.port("edge.httpsPort", e.HTTPSPort, Default().Edge.HTTPSPort)
	p.port("edge.httpPort", e.HTTPPort, Default().Edge.HTTPPort)
	if e.HTTPSPort == e.HTTPPort {
		p.add("edge.httpPort", fmt.Sprintf("%d, which is edge.httpsPort too", e.HTTPPort), "a port of its own for the redirect to https", set("edge.httpPort", strconv.Itoa(otherPort(e.HTTPSPort))))
	}
	if e.PublicPort != 0 {
		p.port("edge.publicPort", e.PublicPort, 443)
	}
	if e.HSTS && c.Host == "localhost" {
		p.add("edge.hsts", "true for localhost", "false: browsers would insist on https for every other program on this machine", set("edge.hsts", "false"))
	}
	c.checkClients(p)
	e.Limits.check(p)
	p.between("edge.maxBodyMiB", e.MaxBodyMiB, 5, 1024, "MiB")
	p.container("edge", 32, e.MemoryMiB, e.CPUs)
}

// checkClients looks at the lists of networks: who may connect, who may speak for others, and who is not limited.
func (c Config) checkClients(p *Problems) {
	e := c.Edge
	if len(e.Allow) == 0 {
		p.add("edge.allow", "an empty list", "the networks of your people and remote clients: nobody else can connect", set("edge.allow[0]", "192.168.1.0/24"))
	}
	for i, text := range e.Allow {
		key := fmt.Sprintf("edge.allow[%d]", i)
		if network, ok := p.network(key, text); ok && c.Production && wide(network) {
			p.add(key, network.String(), "networks that you know, in production", set(key, "192.168.1.0/24"))
		}
	}
	for i, text := range e.TrustedProxies {
		key := fmt.Sprintf("edge.trustedProxies[%d]", i)
		if network, ok := p.network(key, text); ok && wide(network) {
			p.add(key, network.String(), "the addresses of your load balancers only: whoever is trusted can claim to come from any address", set(key, "10.0.0.10/32"))
		}
	}
	for i, text := range e.Exempt {
		key := fmt.Sprintf("edge.exempt[%d]", i)
		if network, ok := p.network(key, text); ok && c.Production && wide(network) {
			p.add(key, network.String(), "the networks of remote workers only, in production: no rate limit applies to them", set(key, "192.168.1.0/24"))
		}
	}
}

// wide tells whether a network is too large to be one that somebody knows.
func wide(network netip.Prefix) bool {
	if network.Addr().Is4() {
		return network.Bits() < 8
	}
	return network.Bits() < 16
}

func (l Limits) check(p *Problems) {
	for _, class := range []struct {
		key  string
		rate Rate
	}{{"api", l.API}, {"ui", l.UI}, {"webSocket", l.WebSocket}} {
		key := "edge.limits." + class.key
		p.between(key+".perSecond", class.rate.PerSecond, 1, 100_000, "requests per second")
		p.between(key+".burst", class.rate.Burst, 0, 1_000_000, "requests")
	}
	p.between("edge.limits.connections", l.Connections, 1, 65_535, "")
}

func otherPort(taken int) int {
	if fallback := Default().Edge.HTTPPort; fallback != taken {
		return fallback
	}
	return 80
}
