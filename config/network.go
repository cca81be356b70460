package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// subnets names the Docker networks of a stack in the order of their /24 within the base. Only append: a place that changes makes every container anew.
var subnets = []string{"edge", "app", "db", "mon", "egress", "logs"}

// Subnet returns the /24 of one Docker network of the stack: edge, app, db, mon, egress or logs.
func (n Network) Subnet(name string) (netip.Prefix, error) {
	place := slices.Index(subnets, name)
	if place < 0 {
		return netip.Prefix{}, fmt.Errorf("no network %q in the address plan, only %s", name, strings.Join(subnets, ", "))
	}
	base, err := netip.ParsePrefix(n.Base)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("network.base: %w", err)
	}
	if !base.Addr().Is4() || base.Bits() < 16 || base.Bits() > 20 {
		return netip.Prefix{}, fmt.Errorf("network.base: %s is not an IPv4 network of /16 to /20", base)
	}
	octets := base.Masked().Addr().As4()
	octets[2] += byte(place) //nolint:gosec // a place in a short list
	return netip.PrefixFrom(netip.AddrFrom4(octets), 24), nil
}

// Given is the half of a subnet whose addresses Docker gives out. The other half is for containers that ask for an address: it must be free when they start.
func Given(subnet netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(subnet.Addr(), subnet.Bits()+1)
}

// EdgeExporter returns the fixed address, in the network mon, of what the edge sends its log to.
func (n Network) EdgeExporter() (netip.Addr, error) { return n.fixed("mon") }

// LogCollector returns the fixed address, in the network logs, of what the engine sends the logs of containers to.
func (n Network) LogCollector() (netip.Addr, error) { return n.fixed("logs") }

func (n Network) fixed(network string) (netip.Addr, error) {
	subnet, err := n.Subnet(network)
	if err != nil {
		return netip.Addr{}, err
	}
	octets := subnet.Addr().As4()
	octets[3] = 254
	return netip.AddrFrom4(octets), nil
}

func (c Config) checkNetwork(p *Problems) {
	const key = "network.base"
	base, ok := p.network(key, c.Network.Base)
	if !ok {
		return
	}
	if !base.Addr().Is4() || !base.Addr().IsPrivate() || base.Bits() < 16 || base.Bits() > 20 {
		p.add(key, base.String(), "a private IPv4 network of /16 to /20 that nothing else on the Docker host uses", set(key, Default().Network.Base))
	}

	// Both networks that every Prefect container joins are a /24; at a replacement old and new are there at once.
	const most = 120
	containers := c.API.Replicas + c.Services.Replicas
	for _, worker := range c.Workers {
		containers += worker.Replicas
	}
	if containers > most {
		p.add("workers", fmt.Sprintf("%d containers of API, services and workers", containers), fmt.Sprintf("%d or fewer: a network of the stack has 254 addresses, and a replacement runs each twice", most), "")
	}
}
