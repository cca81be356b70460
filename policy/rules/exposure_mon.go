package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
	"prefect-platform/policy/nginx"
)

// exposureMonRules are about what is told to monitoring, and to nobody else.
var exposureMonRules = []Rule{
	{
		ID:       "exposure-edge-logs",
		Sentence: "The edge writes its logs to its own output, and sends them to nobody but the one exporter of monitoring.",
		Why:      "A log says who asked for what and when: sent by syslog it leaves the host in the clear, to an address that nothing else checks (OWASP ASVS 5.0 16.4.3, 12.2.1).",
		Resource: overEdges(func(c *Case, e *edge) {
			e.Walk(func(d *nginx.Directive, _ []*nginx.Directive) {
				if (d.Directive == "access_log" || d.Directive == "error_log") && !staysInside(c, d) {
					c.Refuse(nginx.Place(d), "write to stderr or /dev/stdout, or with access_log to the address of config.EdgeExporter, in "+template)
				}
			})
		}),
	},
	{
		ID:       "exposure-network-address",
		Sentence: "A container has a fixed address only as a part of monitoring, in the monitoring network, and among the addresses that Docker gives to nobody.",
		Why:      "Who takes the address of the exporter is sent the edge's log and shown its figures; one that Docker may give to another container is taken when its owner starts.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			networks, _ := c.Property("networksAdvanced").Items()
			for _, n := range networks {
				if six := n.Get("ipv6Address"); !six.Empty() && !six.Unknown() {
					c.Refuse(six.Path()+" is set", "leave it out: all rules about addresses speak of IPv4")
				}
				fixedAddress(c, n)
			}
		},
	},
}

func fixedAddress(c *Case, joined Value) {
	v, network := joined.Get("ipv4Address"), joined.Get("name")
	text, ok := v.Text()
	if !ok || text == "" {
		return
	}
	const change = "take it away, or give it to a part of monitoring in the network mon or logs, from the half of config.Network that Docker does not give out"
	name, known := network.Text()
	on := tokens.NetworkMon
	if name == prefixOf(c.Resource)+tokens.NetworkLogs {
		on = tokens.NetworkLogs
	}
	subnet, err := c.network().Subnet(on)
	address, err2 := netip.ParseAddr(text)
	if !c.Resource.In(tokens.Monitoring) || known && name != prefixOf(c.Resource)+on || err != nil || err2 != nil || !subnet.Contains(address) || config.Given(subnet).Contains(address) {
		c.Refuse(fmt.Sprintf("%s is %s in the network %s", v.Path(), text, name), change)
	}
}

// network is the stack's address plan. What is wrong in it, the program refuses.
func (c *Case) network() config.Network {
	settings, _ := config.Parse(c.Config, c.Secrets)
	return settings.Network
}

// isExporter reports whether a text is the address of what the edge tells of its requests.
func isExporter(c *Case, text string) bool {
	address, err := netip.ParseAddr(text)
	exporter, err2 := c.network().EdgeExporter()
	return err == nil && err2 == nil && address == exporter
}

// staysInside reports whether what a log's directive writes is seen on the engine only, and by the exporter.
func staysInside(c *Case, d *nginx.Directive) bool {
	target, syslog := strings.CutPrefix(d.Args[0], "syslog:")
	switch {
	case !syslog:
		return slices.Contains([]string{"stderr", "/dev/stderr", "/dev/stdout"}, target) || target == "off" && d.Directive == "access_log" // error_log off names a file
	case d.Directive != "access_log":
		return false
	}
	servers := 0
	for _, parameter := range strings.Split(target, ",") {
		name, value, _ := strings.Cut(parameter, "=")
		switch name {
		case "server":
			servers++
			if at, err := netip.ParseAddrPort(value); err != nil || !isExporter(c, at.Addr().String()) {
				return false
			}
		case "tag", "nohostname", "severity", "facility":
		default:
			return false
		}
	}
	return servers == 1
}
