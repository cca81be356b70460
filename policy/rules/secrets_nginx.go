package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"prefect-platform/policy/nginx"
)

// secretsNginxRules belong to the family of secrets.
var secretsNginxRules = []Rule{{
	ID:       "secrets-nginx-log",
	Sentence: "The edge logs nothing that carries a secret: no header with a credential, no query, no body, and no user that was not verified.",
	Why:      "Tokens stand in Authorization, cookies, queries and referrers, and people type passwords where the user belongs (OWASP ASVS 5.0 16.2.5). What nginx itself writes about a failed request has its query, unless it logs from crit on.",
	Resource: overEdges(loggedSecrets),
}}

// logged are variables that carry no secret.
var logged = []string{
	"time_iso8601", "time_local", "msec", "remote_addr", "binary_remote_addr", "realip_remote_addr", "remote_port", "server_addr", "server_port", "server_name", "hostname", "pid", "connection", "connection_requests", "connection_time",
	"request_method", "host", "http_host", "uri", "document_uri", "scheme", "server_protocol", "status", "bytes_sent", "body_bytes_sent", "request_length", "request_time", "request_id", "request_completion", "pipe",
	"upstream_addr", "upstream_status", "upstream_response_time", "upstream_connect_time", "upstream_header_time", "upstream_response_length", "upstream_bytes_received", "upstream_bytes_sent", "upstream_cache_status",
	"limit_req_status", "limit_conn_status", "ssl_protocol", "ssl_cipher", "ssl_curve", "ssl_server_name", "ssl_session_reused", "http_user_agent", "gzip_ratio", "sent_http_content_type", "http_upgrade",
}

var variableName = regexp.MustCompile(`\$([A-Za-z0-9_]+)`)

func loggedSecrets(c *Case, e *edge) {
	formats := map[string]*nginx.Directive{}
	for _, d := range e.HTTP.Own("log_format") {
		formats[d.Args[0]] = d
	}
	all := []*nginx.Scope{e.HTTP}
	for _, s := range e.Servers {
		all = append(all, scopes(s)...)
	}
	for _, scope := range all {
		logs := scope.Effective("access_log")
		if len(logs) == 0 {
			c.Refuse("no access_log is set, so nginx logs requests with their queries", "write access_log with a format of "+template)
		}
		for _, d := range logs {
			accessLog(c, e, formats, d)
		}
		if d := scope.Last("error_log"); d == nil || len(d.Args) < 2 || !slices.Contains([]string{"crit", "alert", "emerg"}, d.Args[len(d.Args)-1]) {
			at := "no error_log is set in http"
			if d != nil {
				at = nginx.Place(d)
			}
			c.Refuse(at, "write error_log stderr crit in the http block of "+template+": below crit nginx writes queries and unverified users")
		}
	}
}

func accessLog(c *Case, e *edge, formats map[string]*nginx.Directive, d *nginx.Directive) {
	if d.Args[0] == "off" {
		return
	}
	format := formats["combined"]
	if len(d.Args) > 1 {
		format = formats[d.Args[1]]
	}
	if format == nil || strings.Contains(d.Args[0], "$") {
		c.Refuse(nginx.Place(d), "name a file and a log_format of "+template+"; nginx's own have the query")
		return
	}
	for _, part := range format.Args[1:] {
		for _, m := range variableName.FindAllStringSubmatch(part, -1) {
			if reason := carries(e, m[1], true, 0); reason != "" {
				c.Refuse(fmt.Sprintf("log_format %s has $%s, which %s", format.Args[0], m[1], reason), "take it out of "+template)
			}
		}
	}
}

// carries says what secret a variable may hold; nothing when it holds none.
func carries(e *edge, name string, direct bool, depth int) string {
	m := e.Definition(name)
	switch {
	case m == nil && slices.Contains(logged, name):
		return ""
	case m == nil && name == "remote_user" && !direct:
		return "" // the map that hands it on asks for the status first, see below
	case m == nil:
		return "may carry a secret"
	case depth > 10:
		return "is not understood"
	}
	for _, entry := range m.Block {
		for _, result := range entry.Args {
			for _, v := range variableName.FindAllStringSubmatch(result, -1) {
				if v[1] >= "0" && v[1] <= "9" {
					return "hands on a part of " + m.Args[0]
				}
				if v[1] == "remote_user" && !hidesUnverified(m) {
					return "has the user of a password that was not right"
				}
				if reason := carries(e, v[1], false, depth+1); reason != "" {
					return reason
				}
			}
		}
	}
	return ""
}

// hidesUnverified reports whether a map gives nothing for refused requests and for those that nobody checked.
func hidesUnverified(m *nginx.Directive) bool {
	if m.Directive != "map" || !strings.Contains(m.Args[0], "$status") {
		return false
	}
	hides := func(probe string) bool {
		for _, entry := range m.Block {
			pattern, regex := strings.CutPrefix(entry.Directive, "~")
			if !regex || len(entry.Args) != 1 {
				continue
			}
			if r, err := regexp.Compile(pattern); err == nil && r.MatchString(probe) {
				return entry.Args[0] == ""
			}
		}
		return false
	}
	rest := strings.Repeat(" Prefect", strings.Count(m.Args[0], "$")-1)
	return !slices.ContainsFunc([]string{"401", "403", "429"}, func(status string) bool { return !hides(status + rest) }) &&
		(!strings.Contains(m.Args[0], "realm") || hides("200 off Prefect"))
}
