package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// between checks a whole number; the command offers the nearest that is allowed.
func (p *Problems) between(key string, value, least, most int, unit string) {
	if value < least || value > most {
		p.add(key, strconv.Itoa(value), strings.TrimSpace(fmt.Sprintf("%d to %d %s", least, most, unit)), set(key, strconv.Itoa(min(max(value, least), most))))
	}
}

func (p *Problems) port(key string, value, usual int) {
	if value < 1 || value > 65535 {
		p.add(key, strconv.Itoa(value), "a port, 1 to 65535", set(key, strconv.Itoa(usual)))
	}
}

// container checks the limits that every container has. least is the memory in MiB below which its program does not start or dies under light load.
func (p *Problems) container(section string, least, memoryMiB int, cpus float64) {
	const mostMemory, mostCPUs = 1 << 20, 64
	p.between(section+".memoryMiB", memoryMiB, least, mostMemory, "MiB")
	if cpus <= 0 || cpus > mostCPUs {
		key := section + ".cpus"
		p.add(key, strconv.FormatFloat(cpus, 'g', -1, 64), fmt.Sprintf("more than 0 and up to %d cores", mostCPUs), set(key, "1"))
	}
}

// network reads a network in CIDR notation, and reports what is not one.
func (p *Problems) network(key, text string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		p.add(key, quote(text), "a network with its length", set(key, netip.PrefixFrom(address, address.BitLen()).String()))
		return netip.Prefix{}, false
	}
	network, err := netip.ParsePrefix(text)
	if err != nil || network.Addr().Is4In6() {
		p.add(key, quoteOrNothing(text), "a network in CIDR notation, such as 192.168.1.0/24 or 2001:db8::/32", "")
		return netip.Prefix{}, false
	}
	if network != network.Masked() {
		p.add(key, quote(text), "the address of the network, not of a host in it", set(key, network.Masked().String()))
		return netip.Prefix{}, false
	}
	return network, true
}

func quoteOrNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return quote(text)
}
