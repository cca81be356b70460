package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// reserved are the names that belong to nobody (RFC 2606, RFC 6761): a certificate or an allowlist for them is a placeholder.
var reserved = []string{"localhost", "example", "test", "invalid", "example.com", "example.net", "example.org"}

// checkProduction adds the rules under which people may rely on a stack. What is too wide in production is checked with the lists themselves.
func (c Config) checkProduction(p *Problems) {
	if !c.Production {
		return
	}
	if Placeholder(c.Host) && !p.covers("host") {
		p.add("host", quote(c.Host), "the name under which your people reach the edge, in production", set("host", "prefect.your-company.com"))
	}
	if address, err := netip.ParseAddr(c.Edge.Address); err == nil && address.IsLoopback() && len(c.Edge.TrustedProxies) == 0 {
		p.add("edge.address", c.Edge.Address, "the address of the Docker host that clients reach, in production; this one needs a load balancer on the host itself, named in edge.trustedProxies", set("edge.address", "0.0.0.0"))
	}
	if !c.Edge.HSTS {
		p.add("edge.hsts", "false", "true in production", set("edge.hsts", "true"))
	}
	if c.API.Replicas == 1 {
		p.add("api.replicas", "1", "2 or more in production: one of them may die", set("api.replicas", "2"))
	}
	c.checkWatched(p)
	if slices.ContainsFunc(c.Engine.SSHOptions, func(option string) bool {
		return strings.EqualFold(strings.ReplaceAll(option, " ", ""), "StrictHostKeyChecking=no")
	}) {
		p.add("docker:sshOpts", "StrictHostKeyChecking=no", "host keys that are checked, in production: whoever answers would get every secret", fmt.Sprintf("ssh-keyscan -H HOST >> ~/.ssh/known_hosts; %s", remove("docker:sshOpts")))
	}
}

// checkWatched refuses a monitoring that tells nobody. One that is turned off is somebody's decision: they watch in another way.
func (c Config) checkWatched(p *Problems) {
	if !c.Monitoring.Enabled {
		return
	}
	if len(c.Monitoring.Receivers) == 0 && !p.coversAny("monitoring", "monitoring.receivers") {
		p.add("monitoring.receivers", "nobody", "somebody who is told of alerts, in production", set("monitoring.receivers[0].name", "team"))
	}
	if c.Secrets.WatchdogURL == "" && !p.covers("watchdogUrl") {
		p.add("watchdogUrl", "nothing", "the URL of a heartbeat service elsewhere, in production: a host that is down tells nobody itself", setSecret("watchdogUrl"))
	}
	if c.Monitoring.Speed != 1 && !p.coversAny("monitoring", "monitoring.speed") {
		p.add("monitoring.speed", strconv.Itoa(c.Monitoring.Speed), "1 in production", set("monitoring.speed", "1"))
	}
}

// Placeholder tells whether a host is one that nobody can have: it stands in a stack file until its owner says the real one.
func Placeholder(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.IsLoopback()
	}
	return slices.ContainsFunc(reserved, func(name string) bool { return host == name || strings.HasSuffix(host, "."+name) })
}
