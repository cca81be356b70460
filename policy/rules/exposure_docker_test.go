package rules

import (
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/tokens"
)

// edgeContainer is another container of the proxy.
func edgeContainer(name string) Resource {
	return Resource{
		Type: tokens.Container, Name: name, URN: "urn:pulumi:dev::prefect-platform::" + tokens.Proxy + "$" + tokens.Container + "::" + name,
		Properties: plainValue(map[string]any{
			"image": "nginxinc/nginx-unprivileged:1.30.6" + digest, "start": false, "mustRun": false, "networkMode": "none",
			"ports": []any{map[string]any{"internal": 8443, "external": 443, "ip": "0.0.0.0"}},
		}).AsMap(),
	}
}

func aPort(inside, outside int, more map[string]any) map[string]any {
	port := map[string]any{"internal": inside, "external": outside, "ip": "0.0.0.0", "protocol": "tcp"}
	for name, value := range more {
		port[name] = value
	}
	return port
}

var _ = prove("exposure-ports", proof{
	fails: []fixture{
		on(theDB, "a database", put("ports", []any{aPort(5432, 5432, nil)}), "not the edge"),
		on(theCache, "a cache on this machine only", put("ports", []any{aPort(6379, 6379, map[string]any{"ip": "127.0.0.1"})}), "not the edge"),
		on(theHolder, "what never starts", put("ports", []any{aPort(1, 1, nil)}), "not the edge"),
		on("proxy-install", "a one-shot of the proxy on another port", put("ports", []any{aPort(9000, 9000, nil)}), "no public listener"),
		on(theCache, "every port", put("publishAllPorts", true), "publishAllPorts"), on(theEdge, "every port, as a text", put("publishAllPorts", "true"), "publishAllPorts"),
		on(theEdge, "the status page", added("ports", aPort(8081, 8081, nil)), "8081"),
		on(theEdge, "another port outside", putIn("ports", 0, "external", 8080), "external"), on(theEdge, "any port outside", putIn("ports", 0, "external", property.New(property.Null)), "external"),
		on(theEdge, "an address that nobody stated", putIn("ports", 0, "ip", "192.0.2.1"), "5.14"), on(theEdge, "no address", putIn("ports", 0, "ip", ""), "5.14"),
		on(theEdge, "every address of IPv6", putIn("ports", 1, "ip", "::"), "5.14"), on(theEdge, "UDP", putIn("ports", 1, "protocol", "udp"), "udp"),
		{name: "every address where one is stated", stack: "dev", of: tokens.Container, resource: theEdge, change: putIn("ports", 0, "ip", "0.0.0.0"), found: "127.0.0.1"},
		on(theEdge, "a port as a list", put("ports", "443:8443"), "cannot be judged"),
	},
	unknown: append(unknownOf(theCache, "ports", "publishAllPorts"), on(theEdge, "an unknown address", putIn("ports", 0, "ip", computed), ""), on(theEdge, "an unknown port", putIn("ports", 0, "external", computed), "")),
})

var _ = prove("exposure-one-edge", proof{
	fails:   []fixture{{name: "a second edge", add: []Resource{edgeContainer("second")}, found: "as proxy-nginx does"}},
	unknown: unknownOf(theEdge, "ports"),
})

var _ = prove("exposure-network-internal", proof{
	fails: []fixture{
		{name: "the database's", of: tokens.Network, resource: "db", change: put("internal", false), found: "internal"},
		{name: "nothing said", of: tokens.Network, resource: "app", change: without("internal"), found: "internal"},
		{name: "an address of the host on it", of: tokens.Network, resource: "db", change: without("options"), found: "gateway_mode_ipv4"},
		{name: "an address of the host on it by another mode", of: tokens.Network, resource: "db", change: putField("options", gatewayMode, "nat"), found: `"nat"`},
		{name: "that of logs", stack: "prod" + monitored, of: tokens.Network, resource: "logs", change: put("internal", false), found: "internal"},
		{name: "a colleague's", add: []Resource{alien(tokens.Network, "mine", map[string]any{"name": "prefect-dev-mine", "driver": "bridge"})}, found: "internal"},
	},
	unknown: []fixture{
		{name: "internal", of: tokens.Network, resource: "db", change: unknownProperty("internal")},
		{name: "options", of: tokens.Network, resource: "db", change: unknownProperty("options")},
		{name: "the name", of: tokens.Network, resource: "db", change: unknownProperty("name")},
	},
})

var _ = prove("exposure-network-driver", proof{
	fails: []fixture{
		{name: "the office's network", of: tokens.Network, resource: "egress", change: put("driver", "macvlan"), found: "macvlan"},
		{name: "other engines", of: tokens.Network, resource: "db", change: put("driver", "overlay"), found: "overlay"},
		{name: "containers of others", of: tokens.Network, resource: "app", change: put("attachable", true), found: "attachable"},
		{name: "a swarm's", of: tokens.Network, resource: "app", change: put("ingress", "true"), found: "ingress"},
		{name: "IPv6", of: tokens.Network, resource: "edge", change: put("ipv6", true), found: "ipv6"},
		{name: "every port open", of: tokens.Network, resource: "edge", change: putField("options", gatewayMode, "nat-unprotected"), found: "gateway_mode_ipv4"},
		{name: "an option", of: tokens.Network, resource: "db", change: putField("options", "com.docker.network.bridge.trusted_host_interfaces", "eth0"), found: "trusted_host_interfaces"},
	},
	unknown: []fixture{{name: "driver", of: tokens.Network, resource: "db", change: unknownProperty("driver")}, {name: "attachable", of: tokens.Network, resource: "db", change: unknownProperty("attachable")}},
})

var _ = prove("exposure-network-members", proof{
	fails: []fixture{
		on(theDB, "a database that reaches out", added("networksAdvanced", map[string]any{"name": "prefect-dev-egress"}), "leads out"),
		on(theCache, "a cache on the edge's", added("networksAdvanced", map[string]any{"name": "prefect-dev-edge"}), "published"),
		{name: "a copier that reaches out", stack: "dev" + monitored, of: tokens.Container, resource: "backup-backup-base", change: added("networksAdvanced", map[string]any{"name": "prefect-dev-egress"}), found: "leads out"},
		{name: "a store that reaches the database", stack: "prod" + monitored, of: tokens.Container, resource: "backup-backup-store", change: added("networksAdvanced", map[string]any{"name": "prefect-dev-db"}), found: "where the database is"},
		on(theAPI, "an API that reaches out", added("networksAdvanced", map[string]any{"name": "prefect-dev-egress"}), "leads out"),
		on("prefect-worker-default-0", "a worker at the database", added("networksAdvanced", map[string]any{"name": "prefect-dev-db"}), "where the database is"),
		on("prefect-worker-default-0", "a worker where figures are told", added("networksAdvanced", map[string]any{"name": "prefect-dev-mon"}), "figures"),
		on(theEdge, "an edge at the database", added("networksAdvanced", map[string]any{"name": "prefect-dev-db"}), "where the database is"),
		on("prefect-worker-default-0", "a network that the configuration does not name", added("networksAdvanced", map[string]any{"name": "warehouse"}), "not one of the stack's"),
		{
			name: "a worker's network for the API", of: tokens.Container, resource: theAPI, change: added("networksAdvanced", map[string]any{"name": "warehouse"}),
			facts: configured("workers", `[{"pool": "default", "networks": ["warehouse"]}]`), found: "not one of the stack's",
		},
		on(theAPI, "an API where the host has an address", added("networksAdvanced", map[string]any{"name": "prefect-dev-logs"}), "the host has an address"),
		on(theAPI, "another stack's", added("networksAdvanced", map[string]any{"name": "prefect-prod-app"}), "not one of the stack's"),
		on(theAPI, "one that the plan does not have", added("networksAdvanced", map[string]any{"name": "prefect-dev-mine"}), "address plan"),
		on(theAPI, "the default bridge", added("networksAdvanced", map[string]any{"name": "bridge"}), "not one of the stack's"),
		on(theAPI, "none named", added("networksAdvanced", map[string]any{"aliases": []any{"x"}}), "names no network"),
	},
	unknown: []fixture{on(theAPI, "an unknown name", added("networksAdvanced", map[string]any{"name": computed}), ""), on(theAPI, "unknown networks", unknownProperty("networksAdvanced"), "")},
})

var _ = prove("exposure-network-name", proof{
	fails: []fixture{
		on("prefect-worker-default-0", "a worker as the database", putIn("networksAdvanced", 0, "aliases", []any{"postgres"}), "postgres"),
		on(theCache, "a cache as the API", putIn("networksAdvanced", 0, "aliases", []any{"Prefect-API"}), "Prefect-API"),
		on(theCache, "a cache as Prometheus", putIn("networksAdvanced", 0, "aliases", []any{"prometheus"}), "prometheus"),
		on("prefect-worker-default-0", "a worker as the exporter that the edge tells of its requests", putIn("networksAdvanced", 0, "aliases", []any{"edge-exporter"}), "edge-exporter"),
		on("prefect-worker-default-0", "a worker as the API", putIn("networksAdvanced", 0, "aliases", []any{"prefect-api"}), "prefect-api"),
		on("prefect-worker-default-0", "a worker as a generation of the API", putIn("networksAdvanced", 0, "aliases", []any{"prefect-api-b2"}), "prefect-api-b2"),
		on("prefect-worker-default-0", "a worker as what is asked for metrics of the API", putIn("networksAdvanced", 0, "aliases", []any{"prefect-api-metrics-a1"}), "prefect-api-metrics-a1"),
		on("prefect-services-0", "by the container's own name", put("name", "redis"), "name is"),
	},
	unknown: []fixture{on(theAPI, "an unknown alias", putIn("networksAdvanced", 0, "aliases", []any{computed}), "")},
})
