package proxy

import (
	"fmt"
	"math"
	"net/netip"

	"prefect-platform/config"
	"prefect-platform/internal/nginxconf"
	"prefect-platform/internal/tokens"
)

// everyone is who may connect where the configuration names nobody, which it refuses in production.
var everyone = []string{"0.0.0.0/0", "::/0"}

func (a Args) allowed() []string {
	if len(a.Edge.Allow) == 0 {
		return everyone
	}
	return a.Edge.Allow
}

// options translates the stack's configuration into nginx's terms.
func (a Args) options() (nginxconf.Options, error) {
	o := nginxconf.Options{
		Host:       a.Host,
		AlsoFor:    a.TLS.AlsoFor,
		PublicPort: a.Edge.PublicPort,
		HSTS:       a.Edge.HSTS,
		Limits: nginxconf.Limits{
			API:         nginxconf.Rate(a.Edge.Limits.API),
			UI:          nginxconf.Rate(a.Edge.Limits.UI),
			WebSocket:   nginxconf.Rate(a.Edge.Limits.WebSocket),
			Connections: a.Edge.Limits.Connections,
		},
		MaxBodyMiB: a.Edge.MaxBodyMiB,
		CacheMiB:   a.Edge.MemoryMiB / 4,
		Workers:    int(math.Ceil(a.Edge.CPUs)), // "auto" would count the cores of the host
		Upstream:   a.Upstream,
	}
	if o.PublicPort == 0 {
		o.PublicPort = a.Edge.HTTPSPort
	}
	if a.Monitoring != nil {
		o.Monitoring = &nginxconf.Monitoring{Subnet: a.Monitoring.Subnet, Exporter: a.Monitoring.Exporter, Grafana: a.Monitoring.Grafana}
	}
	switch a.TLS.Mode {
	case config.Provided:
		o.AlsoFor = nil
	case config.ACMEMode:
		o.Certificates = acmeDir + "/current/"
		if a.TLS.ACME.Challenge == config.ChallengeHTTP {
			o.Challenge = tokens.ChallengeEndpoint
		}
	}
	for _, list := range []struct {
		texts []string
		into  *[]netip.Prefix
	}{{a.allowed(), &o.Allow}, {a.Edge.TrustedProxies, &o.TrustedProxies}, {a.Edge.Exempt, &o.Exempt}} {
		for _, text := range list.texts {
			network, err := netip.ParsePrefix(text)
			if err != nil {
				return o, fmt.Errorf("%q is not a network such as 203.0.113.0/24", text)
			}
			*list.into = append(*list.into, network)
		}
	}
	return o, nil
}
