package catalogue

import "fmt"

func edgeDashboard(s Settings) Dashboard {
	t := s.Thresholds
	return Dashboard{
		Name: "edge", Title: "Edge", About: "nginx: who asks, what they are answered, how long it takes, and the certificate.",
		Rows: []Row{
			{Title: "Requests", Panels: []Panel{
				{
					Title: "By route", Kind: Graph, Unit: PerSecond, Width: 12,
					About:   "api: clients and the interface; events: WebSockets, counted when they end; health: probes.",
					Queries: []Query{{`sum by (route) (rate(edge_requests_total[$__rate_interval]))`, "{{route}}"}},
				},
				{
					Title: "By status", Kind: Graph, Unit: PerSecond, Width: 12, Alerts: []string{"EdgeErrorsHigh"},
					About:   "503 is also the maintenance answer: clients of Prefect wait and come again.",
					Queries: []Query{{`sum by (status) (rate(edge_requests_total[$__rate_interval]))`, "{{status}}"}},
				},
				{
					Title: "Errors of the server", Kind: Graph, Unit: Ratio, Width: 8, Alerts: []string{"EdgeErrorsHigh", "AvailabilityBudgetBurnsFast"},
					About:   "The share of answers with 5xx.",
					Queries: []Query{{`(sum(rate(edge_requests_total{status=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(edge_requests_total[$__rate_interval]))`, "5xx"}},
				},
				{
					Title: "Refused credentials", Kind: Graph, Unit: PerSecond, Width: 8, Alerts: []string{"EdgeUnauthorizedHigh"},
					About:   "Answers 401. The probe without a credential makes four a minute, and each browser one before it logs in.",
					Queries: []Query{{`sum(rate(edge_requests_total{status="401"}[$__rate_interval])) or vector(0)`, "401"}},
				},
				{
					Title: "Limited", Kind: Graph, Unit: PerSecond, Width: 8, Alerts: []string{"EdgeLimitedHigh"},
					About:   "Answers 429: clients that ask for more than edge.limits allows.",
					Queries: []Query{{`sum(rate(edge_requests_total{status="429"}[$__rate_interval])) or vector(0)`, "429"}},
				},
			}},
			{Title: "Time", Panels: []Panel{
				{
					Title: "Time of the API's answers", Kind: Graph, Unit: Seconds, Width: 12, Waits: "a request to the API", Alerts: []string{"LatencyBudgetBurnsFast"},
					About: "Half, 95 % and 99 % of the requests took at most this long.",
					Queries: []Query{
						{latency(0.5), "half"},
						{latency(0.95), "95 %"},
						{latency(0.99), "99 %"},
					},
				},
				{
					Title: "Time of probes", Kind: Graph, Unit: Seconds, Width: 12,
					About:   "How long the requests take that monitoring makes itself.",
					Queries: []Query{{`probe_duration_seconds`, "{{job}}"}},
				},
			}},
			{Title: "Connections and certificate", Panels: []Panel{
				{
					Title: "Open connections", Kind: Graph, Unit: Count, Width: 8, Alerts: []string{"EdgeConnectionsHigh"},
					About:   "All of nginx's, WebSockets among them.",
					Queries: []Query{{`nginx_connections_active`, "open"}},
				},
				{
					Title: "Connections", Kind: Graph, Unit: PerSecond, Width: 8, Alerts: []string{"EdgeConnectionsDropped"},
					About: "Accepted ones that were not handled found no free connection.",
					Queries: []Query{
						{`rate(nginx_connections_accepted[$__rate_interval])`, "accepted"},
						{`rate(nginx_connections_handled[$__rate_interval])`, "handled"},
					},
				},
				{
					Title: "Certificate ends in", Kind: Number, Unit: Seconds, Width: 8, Alerts: []string{"CertificateExpiresSoon", "CertificateExpires"},
					Levels:  &Levels{float64(t.CertificateDays * 86400), float64(t.CertificateCritical * 86400)},
					About:   "The certificate that the edge shows to clients.",
					Queries: []Query{{Expr: `min(probe_ssl_earliest_cert_expiry{job="probe-edge"}) - time()`}},
				},
			}},
		},
	}
}

func latency(quantile float64) string {
	return fmt.Sprintf(`histogram_quantile(%g, sum by (le) (rate(edge_request_duration_seconds_bucket{route="api"}[$__rate_interval])))`, quantile)
}
