package nginxconf

import "net/netip"

// dev is what the default configuration leads to.
func dev() Options {
	return Options{
		Host:       "localhost",
		PublicPort: 8443,
		Allow:      networks("0.0.0.0/0", "::/0"),
		Limits: Limits{
			API:         Rate{PerSecond: 100, Burst: 200},
			UI:          Rate{PerSecond: 50, Burst: 200},
			WebSocket:   Rate{PerSecond: 5, Burst: 100},
			Connections: 256,
		},
		MaxBodyMiB: 16,
		CacheMiB:   32,
		Workers:    1,
		Upstream:   "prefect-api:4200",
	}
}

// prod uses every option.
func prod() Options {
	o := dev()
	o.Host = "prefect.example.com"
	o.AlsoFor = []string{"prefect.internal"}
	o.PublicPort = 443
	o.Allow = networks("203.0.113.0/24", "2001:db8::/32")
	o.TrustedProxies = networks("198.51.100.7/32")
	o.Exempt = networks("203.0.113.64/26")
	o.HSTS = true
	o.Workers = 2
	return o
}

// monitored is what prod leads to when it is watched.
func monitored() Options {
	o := prod()
	o.Monitoring = &Monitoring{Subnet: netip.MustParsePrefix("10.213.3.0/24"), Exporter: netip.MustParseAddrPort("10.213.3.254:5140"), Grafana: "grafana:3000"}
	return o
}

func networks(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}
