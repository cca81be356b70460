package monitoring

var edgeScenarios = []scenario{
	{
		alert: "EdgeDown", is: "critical edge",
		input: []string{`probe_success{job="probe-edge",instance="a"} | 1x4 0x9 1x60`},
		fires: 7 * minute, over: 15 * minute, with: labels{"job": "probe-edge", "instance": "a"},
		says:  "A request with the credential over https has failed since 2 minutes: nginx, its certificate, its credential or what is behind it.",
		quiet: []string{`probe_success{job="probe-edge",instance="a"} | 1x200; probe_success{job="probe-redirect",instance="a"} | 0x200`},
	},
	{
		alert: "EdgeWithoutAuth", is: "critical edge",
		input: []string{`probe_http_status_code{job="probe-no-credential",instance="a"} | 401x4 200x9 401x60`},
		fires: 5 * minute, over: 15 * minute, with: labels{"job": "probe-no-credential", "instance": "a"},
		says: "A request without a credential was answered with 200 instead of 401. Whoever is on the allowlist can read and change everything.",
		quiet: []string{
			`probe_http_status_code{job="probe-no-credential",instance="a"} | 401x200; probe_http_status_code{job="probe-edge",instance="a"} | 200x200`,
			`probe_http_status_code{job="probe-no-credential",instance="a"} | 400x8 0x8 199x8 503x8`,
		},
	},
	{
		alert: "EdgeAuthUnproven", is: "warning edge",
		input: []string{`probe_success{job="probe-no-credential",instance="a"} | 1x4 0x14 1x60`, `probe_success{job="probe-edge",instance="b"} | 1x200`},
		fires: 15 * minute, over: 20 * minute, with: labels{"job": "probe-no-credential", "instance": "a"},
		says: "A request without a credential is answered with something else than 401 although the edge works.",
		quiet: []string{
			`probe_success{job="probe-no-credential",instance="a"} | 0x200; probe_success{job="probe-edge",instance="b"} | 0x200; probe_success{job="probe-ready",instance="c"} | 1x200`,
			`probe_success{job="probe-no-credential",instance="a"} | 1x200; probe_success{job="probe-edge",instance="b"} | 1x200; probe_success{job="probe-redirect",instance="c"} | 0x200`,
		},
	},
	{
		alert: "EdgeRedirectBroken", is: "warning edge",
		input: []string{`probe_success{job="probe-redirect",instance="a"} | 1x4 0x9 1x60`, `probe_success{job="probe-edge",instance="b"} | 1x200`},
		fires: 10 * minute, over: 15 * minute, with: labels{"job": "probe-redirect", "instance": "a"},
		says: "The http port answers with something else than 308 although https works.",
		quiet: []string{
			`probe_success{job="probe-redirect",instance="a"} | 0x200; probe_success{job="probe-edge",instance="b"} | 0x200; probe_success{job="probe-ready",instance="c"} | 1x200`,
			`probe_success{job="probe-redirect",instance="a"} | 1x200; probe_success{job="probe-edge",instance="b"} | 1x200; probe_success{job="probe-ready",instance="c"} | 0x200`,
		},
	},
	{
		alert: "EdgeErrorsHigh", is: "warning edge",
		input: []string{
			`edge_requests_total{route="api",status="200"} | 0+60x100`, `edge_requests_total{route="api",status="502"} | 0+0x10 0+8x20 160x60`,
			`edge_requests_total{route="ui",status="503"} | 0+0x10 0+4x20 80x60`,
		},
		fires: 24 * minute, over: 33 * minute,
		says: "16.67% of the requests are answered with 5xx.",
		last: "13.04% of the requests are answered with 5xx.",
		quiet: []string{
			`edge_requests_total{status="200"} | 0+1140x200; edge_requests_total{status="500"} | 0+60x200; edge_requests_total{status="404"} | 0+40x200`,
			`edge_requests_total{status="200"} | 0+1x200; edge_requests_total{status="500"} | 0+6x200`,
		},
	},
	{
		alert: "EdgeUnauthorizedHigh", is: "warning edge",
		input: []string{`edge_requests_total{route="api",status="401"} | 0+0x9 0+50x20 1000x60`, `edge_requests_total{route="ui",status="401"} | 0+0x9 0+50x20 1000x60`},
		fires: 19 * minute, over: 32 * minute,
		says:  "1.667 a second are refused with 401: somebody guesses, or a client has not learned of a rotation.",
		last:  "1.25 a second are refused with 401: somebody guesses, or a client has not learned of a rotation.",
		quiet: []string{`edge_requests_total{status="401"} | 0+60x200; edge_requests_total{status="200"} | 0+600x200`},
	},
	{
		alert: "EdgeLimitedHigh", is: "warning edge",
		input: []string{
			`edge_requests_total{route="api",status="200"} | 0+60x100`, `edge_requests_total{route="api",status="429"} | 0+0x10 0+8x20 160x60`,
			`edge_requests_total{route="ui",status="429"} | 0+0x10 0+4x20 80x60`,
		},
		fires: 24 * minute, over: 33 * minute,
		says: "16.67% of the requests are answered with 429.",
		last: "13.04% of the requests are answered with 429.",
		quiet: []string{
			`edge_requests_total{status="200"} | 0+1140x200; edge_requests_total{status="429"} | 0+60x200; edge_requests_total{status="404"} | 0+40x200`,
			`edge_requests_total{status="200"} | 0+1x200; edge_requests_total{status="429"} | 0+6x200`,
		},
	},
	{
		alert: "EdgeConnectionsHigh", is: "warning edge",
		input: []string{`nginx_connections_active | 10x4 1501x9 10x60`},
		fires: 10 * minute, over: 15 * minute,
		says:  "1.501k are open.",
		quiet: []string{`nginx_connections_active | 1500x200`},
	},
	{
		alert: "EdgeConnectionsDropped", is: "warning edge",
		input: []string{`nginx_connections_accepted | 0+60x100`, `nginx_connections_handled | 0+60x10 630+30x15 1110+60x100`},
		fires: 16 * minute, over: 31 * minute,
		says:  "500m a second find none of its connections free.",
		last:  "125m a second find none of its connections free.",
		quiet: []string{`nginx_connections_accepted | 0+60x200; nginx_connections_handled | 0+60x200`},
	},
	{
		alert: "EdgeStatusUnreadable", is: "warning edge",
		input: []string{`nginx_up | 1x4 0x9 1x60`},
		fires: 10 * minute, over: 15 * minute,
		says:  "Figures about connections are missing; nginx itself may be well.",
		quiet: []string{`nginx_up | 1x200`},
	},
	{
		alert: "EdgeLogSilent", is: "warning edge",
		input: []string{`edge_requests_total{route="api",status="200"} | 0+60x10 600x20 600+60x60`, `edge_requests_total{route="ui",status="200"} | 7x200`, `nginx_up | 1x200`},
		fires: 24 * minute, over: 33 * minute,
		says:  "The probes alone make several a minute, so the access log does not arrive. Rules about answers and latency are blind.",
		quiet: []string{`edge_requests_total{status="200"} | 0x200; nginx_up | 0x200`, `edge_requests_total{status="200"} | 0+1x200; nginx_up | 1x200`},
	},
	{
		alert: "EdgeLogInvalid", is: "warning edge",
		input: []string{`edge_log_lines_invalid_total | 0x19 12x60`},
		fires: 20 * minute, over: 34 * minute,
		says:  "12 lines in 15 minutes: the log's format and the exporter do not agree.",
		quiet: []string{`edge_log_lines_invalid_total | 0x19 9x200`},
	},
	{
		alert: "CertificateExpiresSoon", is: "warning edge",
		input: []string{`probe_ssl_earliest_cert_expiry{job="probe-edge",instance="a"} | 1209900x40 9000000x60`},
		fires: 16 * minute, over: 41 * minute, with: labels{"job": "probe-edge", "instance": "a"},
		says:  "It ends in 13d 23h 49m 0s.",
		last:  "It ends in 13d 23h 25m 0s.",
		quiet: []string{`probe_ssl_earliest_cert_expiry{job="probe-edge"} | 1209600+60x200; probe_ssl_earliest_cert_expiry{job="probe-no-credential"} | 5x200`},
	},
	{
		alert: "CertificateExpires", is: "critical edge",
		input: []string{`probe_ssl_earliest_cert_expiry{job="probe-edge",instance="a"} | 259500x40 9000000x60`},
		fires: 16 * minute, over: 41 * minute, with: labels{"job": "probe-edge", "instance": "a"},
		says:  "It ends in 2d 23h 49m 0s; then every client refuses to connect.",
		last:  "It ends in 2d 23h 25m 0s; then every client refuses to connect.",
		quiet: []string{`probe_ssl_earliest_cert_expiry{job="probe-edge"} | 259200+60x200; probe_ssl_earliest_cert_expiry{job="probe-no-credential"} | 5x200`},
	},
}
