package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"prefect-platform/config"
	"prefect-platform/internal/images"
	"prefect-platform/internal/nginxconf"
	"prefect-platform/internal/tokens"
)

var exposureDockerRules = []Rule{
	{
		ID:       "exposure-ports",
		Sentence: "Only the edge publishes ports: its two listeners, on the address and ports that the configuration states.",
		Why:      "CIS Docker 5.7, 5.8 (waived for 80 and 443) and 5.14: Docker opens a published port past the host's own firewall, so a database with one is everybody's (OWASP ASVS 5.0 13.4.5).",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) || isPrefectAPI(c, c.Resource) { // which auth-api-published judges
				return
			}
			if all, _ := c.Property("publishAllPorts").Flag(); all {
				c.Refuse("publishAllPorts is true (CIS Docker 5.7)", "leave it out; clients reach everything through the edge (components/proxy)")
			}
			items, _ := c.Property("ports").Items()
			if len(items) == 0 {
				return
			}
			if image, ok := c.image(); !c.Resource.In(tokens.Proxy) || ok && image.kind != images.Nginx {
				c.Refuse("it publishes a port and is not the edge (CIS Docker 5.7)", "take ports away: clients reach it through the edge (components/proxy), containers over a network of the stack")
				return
			}
			judgePorts(c, items)
		},
	},
	{
		ID:       "exposure-one-edge",
		Sentence: "At most one container publishes ports.",
		Why:      "A second edge would be a way in whose credentials, certificates and limits nobody looks after (OWASP ASVS 5.0 13.4.5).",
		Stack: func(c *Case, all []Resource) {
			first := ""
			for _, r := range all {
				if r.Type != tokens.Container || isPrefectAPI(c, r) || !r.In(tokens.Proxy) {
					continue // exposure-ports refuses those
				}
				if c.PropertyOf(r, "ports").Unknown() || !listens(c, r) {
					continue
				}
				if first != "" {
					c.RefuseOf(r, "it publishes ports, as "+first+" does", "let one container of the proxy publish")
				}
				first = r.Name
			}
		},
	},
	{
		ID:       "exposure-network-internal",
		Sentence: "Every network but edge and egress is internal and, but that of the collector of logs, without an address of the host on it.",
		Why:      "CIS Docker 5.30: an internal network has no way out, and in the gateway mode isolated (Docker Engine 28) neither reaches the host nor is reached by it, where a bridge's address would let every user of the host talk to the database.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Network) || mayReachOut(c) {
				return
			}
			internal, options := c.Property("internal"), c.Property("options")
			if internal.Unknown() || options.Unknown() {
				return
			}
			if on, _ := internal.Flag(); !on {
				c.Refuse("internal is not true", "make the network with workload.Engine.NewNetwork(…, internal true); only edge and egress have a way out")
				return
			}
			if name, _ := c.Property("name").Text(); name == prefixOf(c.Resource)+tokens.NetworkLogs {
				return // where the engine itself is who sends, and only the collector of logs may be
			}
			if mode := options.Get(gatewayMode); !mode.Unknown() {
				if text, _ := mode.Text(); text != isolated {
					c.Refuse(fmt.Sprintf("options have %s %q", gatewayMode, text), "set it to isolated, as workload.Engine.NewNetwork does")
				}
			}
		},
	},
	{
		ID:       "exposure-network-driver",
		Sentence: "Every network is a plain bridge of this engine.",
		Why:      "macvlan and ipvlan put containers on the office's network, an overlay lets other engines join, and options such as gateway_mode_ipv4=nat-unprotected open every port (CIS Docker 5.30, 7.3; Docker Engine 28 release notes).",
		Resource: func(c *Case) {
			if !c.Is(tokens.Network) {
				return
			}
			if driver, ok := c.Property("driver").Text(); ok && driver != "bridge" {
				c.Refuse(fmt.Sprintf("driver is %q", driver), "set it to bridge, as workload.Engine.NewNetwork does")
			}
			for _, name := range []string{"attachable", "ingress", "ipv6", "ipamOptions"} {
				if v := c.Property(name); !v.Empty() && !v.Unknown() {
					c.Refuse(name+" is set", "leave it out: nobody but the stack's own containers joins, and all rules about addresses speak of IPv4")
				}
			}
			options, _ := c.Property("options").Fields()
			for _, o := range options {
				if o.Name != gatewayMode || !o.Value.Unknown() && mayReachOut(c) {
					c.Refuse("options have "+o.Name, "leave it out: it may open what the bridge keeps closed")
				}
			}
		},
	},
	{
		ID:       "exposure-network-members",
		Sentence: "Each network of the stack has only the members that need it, and no container is on a network of someone else, but workers on those of the configuration.",
		Why:      "The database is reached by what migrates, serves and plans, and by nothing that runs the team's code; it has no way out itself. Each network is as good as its worst member (CIS Docker 5.30, OWASP ASVS 5.0 13.2.4).",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			networks, _ := c.Property("networksAdvanced").Items()
			for _, n := range networks {
				name, ok := n.Get("name").Text()
				if !ok {
					if v := n.Get("name"); !v.Exists() {
						c.Refuse(n.Path()+" names no network", "name one of the stack's networks")
					}
					continue
				}
				if problem := membership(c, name); problem != "" {
					c.Refuse(fmt.Sprintf("it is on the network %s (%s), %s", name, n.Path(), problem), "take it off; who is on which network is decided in components/platform.go, and workers[].networks names those of others for workers")
				}
			}
		},
	},
	{
		ID:       "exposure-network-name",
		Sentence: "Only the database, the cache, the API, the edge and the parts of monitoring answer to their names.",
		Why:      "On a network of Docker's every member may take any name: who calls itself postgres or prefect-api is sent passwords and requests, and who calls itself prometheus or an exporter says that all is well (OWASP ASVS 5.0 12.3.3).",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			names := []Value{c.Property("name")}
			networks, _ := c.Property("networksAdvanced").Items()
			for _, n := range networks {
				aliases, _ := n.Get("aliases").Items()
				names = append(names, aliases...)
			}
			for _, v := range names {
				text, ok := v.Text()
				name := strings.ToLower(strings.TrimSuffix(text, "."))
				owner, reserved := owners[name]
				ofAPI := tokens.NamesAPI(name)
				if ofAPI {
					owner, reserved = tokens.Prefect, true
				}
				if ok && reserved && (!c.Resource.In(owner) || ofAPI && !isPrefectAPI(c, c.Resource)) {
					c.Refuse(fmt.Sprintf("%s is %q, the name of another", v.Path(), text), "choose another name")
				}
			}
		},
	},
}

// owners are the components that may have the names under which the stack's parts find each other.
var owners = map[string]string{
	tokens.HostDatabase: tokens.Database, tokens.HostCache: tokens.Cache, tokens.HostEdge: tokens.Proxy, "localhost": "nobody",
	tokens.HostPrometheus: tokens.Monitoring, tokens.HostAlertmanager: tokens.Monitoring, tokens.HostGrafana: tokens.Monitoring, tokens.HostEdgeExporter: tokens.Monitoring,
	tokens.HostPostgresExporter: tokens.Monitoring, tokens.HostSQLExporter: tokens.Monitoring, tokens.HostNodeExporter: tokens.Monitoring,
	tokens.HostBlackboxExporter: tokens.Monitoring,
	tokens.HostLoki:             tokens.Monitoring, tokens.HostLogCollector: tokens.Monitoring,
}

const (
	gatewayMode = "com.docker.network.bridge.gateway_mode_ipv4"
	isolated    = "isolated"
)

// mayReachOut reports whether the network is one of the two that are not internal.
func mayReachOut(c *Case) bool {
	v := c.Property("name")
	name, _ := v.Text()
	return v.Unknown() || name == prefixOf(c.Resource)+tokens.NetworkEdge || name == prefixOf(c.Resource)+tokens.NetworkEgress
}

// listens reports whether a container publishes one of the edge's listeners. What is wrong with its ports, exposure-ports says.
func listens(c *Case, r Resource) bool {
	quiet := &Case{Facts: c.Facts}
	items, _ := quiet.PropertyOf(r, "ports").Items()
	return slices.ContainsFunc(items, func(port Value) bool {
		number, _ := port.Get("internal").Number()
		return int(number) == nginxconf.HTTPSPort || int(number) == nginxconf.HTTPPort
	})
}

func judgePorts(c *Case, items []Value) {
	settings, _ := config.Parse(c.Config, c.Secrets) // what is wrong in it, the program refuses
	published := map[int]int{nginxconf.HTTPSPort: settings.Edge.HTTPSPort, nginxconf.HTTPPort: settings.Edge.HTTPPort}
	for _, port := range items {
		inside, outside, address, protocol := port.Get("internal"), port.Get("external"), port.Get("ip"), port.Get("protocol")
		number, ok := inside.Number()
		want, listener := published[int(number)]
		if ok && !listener {
			c.Refuse(fmt.Sprintf("%s is %v, which is no public listener", inside.Path(), number), fmt.Sprintf("publish %d and %d only", nginxconf.HTTPSPort, nginxconf.HTTPPort))
			continue
		}
		if to, known := outside.Number(); ok && !outside.Unknown() && (!known || int(to) != want) {
			c.Refuse(fmt.Sprintf("%s is %v and edge.httpsPort or edge.httpPort %d", outside.Path(), to, want), "publish the port that the configuration states, and change it there")
		}
		if text, _ := address.Text(); !address.Unknown() && !sameAddress(text, settings.Edge.Address) {
			c.Refuse(fmt.Sprintf("%s is %q and edge.address %q (CIS Docker 5.14)", address.Path(), text, settings.Edge.Address), "publish on the address that the configuration states, and change it there")
		}
		if name, known := protocol.Text(); known && name != "" && name != "tcp" {
			c.Refuse(fmt.Sprintf("%s is %q", protocol.Path(), name), "leave it out: nginx listens on TCP only")
		}
	}
}

func sameAddress(a, b string) bool {
	first, err := netip.ParseAddr(a)
	second, err2 := netip.ParseAddr(b)
	return err == nil && err2 == nil && first == second
}
