package catalogue

import (
	"fmt"
	"time"
)

// The edge exporter reads nginx's access log. Its labels: route is one of routes, method one of nginx's common ones or "other", status the exact code.
// A WebSocket's duration is that of its whole life, so "events" does not count as latency.
//
// routes: ui, api, events (the WebSocket paths), health (/api/health and /api/ready), grafana, other.

func edgeRules(s Settings) Group {
	t := s.Thresholds
	return Group{Name: "edge", Alerts: []Alert{
		{
			Name: "EdgeDown", Service: Edge, Severity: Critical, For: 2 * time.Minute,
			Expr:        `probe_success{job="probe-edge"} == 0`,
			Summary:     "Prefect cannot be reached through the edge",
			Description: `A request with the credential over https has failed since 2 minutes: nginx, its certificate, its credential or what is behind it.`,
		},
		{
			Name: "EdgeWithoutAuth", Service: Edge, Severity: Critical,
			Expr:        `probe_http_status_code{job="probe-no-credential"} >= 200 < 400`,
			Summary:     "The edge lets requests in without a credential",
			Description: `A request without a credential was answered with {{ $value }} instead of 401. Whoever is on the allowlist can read and change everything.`,
		},
		{
			Name: "EdgeAuthUnproven", Service: Edge, Severity: Warning, For: 10 * time.Minute,
			Expr:        `probe_success{job="probe-no-credential"} == 0 and on () probe_success{job="probe-edge"} == 1`,
			Summary:     "It cannot be shown that the edge asks for a credential",
			Description: `A request without a credential is answered with something else than 401 although the edge works.`,
		},
		{
			Name: "EdgeRedirectBroken", Service: Edge, Severity: Warning, For: 5 * time.Minute,
			Expr:        `probe_success{job="probe-redirect"} == 0 and on () probe_success{job="probe-edge"} == 1`,
			Summary:     "Plain http is not redirected to https",
			Description: `The http port answers with something else than 308 although https works.`,
		},
		{
			Name: "EdgeErrorsHigh", Service: Edge, Severity: Warning, For: 10 * time.Minute,
			Expr: fmt.Sprintf(`sum(rate(edge_requests_total{status=~"5.."}[5m])) / sum(rate(edge_requests_total[5m])) > %g and sum(rate(edge_requests_total{status=~"5.."}[5m])) > 0.1`,
				t.ErrorRatio),
			Summary:     "Many requests end in an error of the server",
			Description: `{{ $value | humanizePercentage }} of the requests are answered with 5xx.`,
		},
		{
			Name: "EdgeUnauthorizedHigh", Service: Edge, Severity: Warning, For: 5 * time.Minute,
			Expr:        fmt.Sprintf(`sum(rate(edge_requests_total{status="401"}[5m])) > %g`, t.UnauthorizedPerSecond),
			Summary:     "Many requests come with a wrong credential",
			Description: `{{ $value | humanize }} a second are refused with 401: somebody guesses, or a client has not learned of a rotation.`,
		},
		{
			Name: "EdgeLimitedHigh", Service: Edge, Severity: Warning, For: 10 * time.Minute,
			Expr: fmt.Sprintf(`sum(rate(edge_requests_total{status="429"}[5m])) / sum(rate(edge_requests_total[5m])) > %g and sum(rate(edge_requests_total{status="429"}[5m])) > 0.1`,
				t.LimitedRatio),
			Summary:     "Clients run into the rate limits",
			Description: `{{ $value | humanizePercentage }} of the requests are answered with 429.`,
		},
		{
			Name: "EdgeConnectionsHigh", Service: Edge, Severity: Warning, For: 5 * time.Minute,
			Expr:        fmt.Sprintf(`nginx_connections_active > %d`, t.ActiveConnections),
			Summary:     "The edge has unusually many open connections",
			Description: `{{ $value | humanize }} are open.`,
		},
		{
			Name: "EdgeConnectionsDropped", Service: Edge, Severity: Warning, For: 5 * time.Minute,
			Expr:        `rate(nginx_connections_accepted[5m]) - rate(nginx_connections_handled[5m]) > 0`,
			Summary:     "nginx drops connections",
			Description: `{{ $value | humanize }} a second find none of its connections free.`,
		},
		{
			Name: "EdgeStatusUnreadable", Service: Edge, Severity: Warning, For: 5 * time.Minute,
			Expr:        `nginx_up == 0`,
			Summary:     "The edge exporter cannot read nginx's status page",
			Description: `Figures about connections are missing; nginx itself may be well.`,
		},
		{
			Name: "EdgeLogSilent", Service: Edge, Severity: Warning, For: 10 * time.Minute,
			Expr:        `sum(rate(edge_requests_total[5m])) == 0 and on () nginx_up == 1`,
			Summary:     "No request reaches the edge exporter's log",
			Description: `The probes alone make several a minute, so the access log does not arrive. Rules about answers and latency are blind.`,
		},
		{
			Name: "EdgeLogInvalid", Service: Edge, Severity: Warning,
			Expr:        `increase(edge_log_lines_invalid_total[15m]) > 10`,
			Summary:     "The edge exporter does not understand lines of the access log",
			Description: `{{ $value | humanize }} lines in 15 minutes: the log's format and the exporter do not agree.`,
		},
	}}
}

// acmeAlerts judge what components/proxy/files/acme writes into the node exporter's text files.
func acmeAlerts() []Alert {
	return []Alert{
		{
			Name: "CertificateRenewalFailing", Service: Edge, Severity: Warning, For: time.Hour,
			Expr:        `prefect_certificate_failures > 0`,
			Summary:     "The authority gives no certificate",
			Description: `{{ $value }} attempts have failed, one after the other. The edge serves the certificate that it has, until that ends.`,
		},
		{
			Name: "CertificateRenewalStopped", Service: Edge, Severity: Warning, For: 15 * time.Minute,
			Expr:        `absent(prefect_certificate_looked_seconds > time() - 900) and on () up{job="node"} == 1`,
			Summary:     "Nobody looks after the edge's certificate",
			Description: `What asks the authority for the next certificate has not reported for a quarter of an hour.`,
		},
	}
}

func tlsRules(s Settings) Group {
	left := `probe_ssl_earliest_cert_expiry{job="probe-edge"} - time() < %d * 86400`
	group := Group{Name: "tls", Alerts: []Alert{
		{
			Name: "CertificateExpiresSoon", Service: Edge, Severity: Warning, For: 10 * time.Minute,
			Expr:        fmt.Sprintf(left, s.Thresholds.CertificateDays),
			Summary:     "The edge's certificate should have been renewed",
			Description: `It ends in {{ $value | humanizeDuration }}.`,
		},
		{
			Name: "CertificateExpires", Service: Edge, Severity: Critical, For: 10 * time.Minute,
			Expr:        fmt.Sprintf(left, s.Thresholds.CertificateCritical),
			Summary:     "The edge's certificate ends within days",
			Description: `It ends in {{ $value | humanizeDuration }}; then every client refuses to connect.`,
		},
	}}
	if s.ACME {
		group.Alerts = append(group.Alerts, acmeAlerts()...)
	}
	return group
}
