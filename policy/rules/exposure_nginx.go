package rules

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"prefect-platform/policy/nginx"
)

var exposureNginxRules = []Rule{
	{
		ID:       "exposure-allowlist-ends",
		Sentence: "Whoever is not in the allowlist gets nothing from the edge.",
		Why:      "A list of allow without deny all lets everybody in (nginx, ngx_http_access_module), and so does an answer that comes before the access phase; CIS Docker 5.14.",
		Resource: overEdges(func(c *Case, e *edge) {
			told := map[*nginx.Directive]bool{}
			for _, w := range e.ways().unlisted {
				if !told[w.outcome.At] {
					told[w.outcome.At] = true
					c.Refuse(fmt.Sprintf("from an address that is not allowed, %s %s (%s)", w, ending(w.outcome), nginx.Place(w.outcome.At)), "end the list with deny all in every server of "+template+", and let nothing answer before it")
				}
			}
		}),
	},
	{
		ID:         "exposure-allowlist-wide",
		Sentence:   "In production the edge lets in, and spares from limits, only networks that somebody knows.",
		Why:        "An IPv4 network wider than /8 or an IPv6 one wider than /16 is no list of one's own people.",
		Production: true,
		Resource: overEdges(func(c *Case, e *edge) {
			var allowed []string
			e.Walk(func(d *nginx.Directive, _ []*nginx.Directive) {
				if d.Directive == "allow" {
					allowed = append(allowed, d.Args[0])
				}
				switch {
				case d.Directive == "allow" && d.Args[0] != "all" && wideText(d.Args[0]): // allow all is for exposure-allowlist-ends
					c.Refuse(nginx.Place(d), "pulumi config set --path edge.allow[0] 192.168.1.0/24, a network of your people")
				case d.Directive == "geo":
					var spared []string
					for _, entry := range d.Block {
						if entry.Directive != "default" {
							spared = append(spared, entry.Directive)
						}
						if entry.Directive != "default" && wideText(entry.Directive) {
							c.Refuse(nginx.Place(d)+" has "+nginx.Text(entry), "pulumi config set --path edge.exempt[0] 192.168.1.0/24, a network of your remote workers")
						}
					}
					if wideTogether(spared) {
						c.Refuse(nginx.Place(d)+" has networks that are too many addresses together", "name the networks of your remote workers only: edge.exempt")
					}
				}
			})
			if wideTogether(allowed) {
				c.Refuse("the networks that are allowed are too many addresses together", "name the networks of your people only: edge.allow")
			}
		}),
	},
	{
		ID:       "exposure-rate-limits",
		Sentence: "Every route of the edge limits the rate of requests of each client address.",
		Why:      "Without a limit passwords are tried as fast as nginx answers, and one client takes the API from all others (OWASP ASVS 5.0 6.3.1, 2.4.1).",
		Resource: overEdges(rateLimits),
	},
	{
		ID:       "exposure-connection-limit",
		Sentence: "The edge limits how many connections a client address holds.",
		Why:      "WebSockets and slow clients hold a connection for as long as they like (OWASP ASVS 5.0 2.4.1).",
		Resource: overEdges(connectionLimits),
	},
	{
		ID:       "exposure-limit-key",
		Sentence: "Limits count by client address, and spare only addresses that the configuration names.",
		Why:      "A count of all clients together lets one of them shut out the others; one by a header is escaped by sending another (OWASP ASVS 5.0 2.4.1).",
		Resource: overEdges(func(c *Case, e *edge) {
			for _, d := range e.HTTP.Own("limit_req_zone", "limit_conn_zone") {
				if problem := notByAddress(e, d.Args[0]); problem != "" {
					c.Refuse(nginx.Place(d)+" "+problem, "count by $limit_key, which is $binary_remote_addr but for edge.exempt")
				}
			}
		}),
	},
	{
		ID:       "exposure-limit-status",
		Sentence: "Who exceeds a limit is told so: 429.",
		Why:      "Prefect's clients wait and come again after a 429; nginx's default of 503 means that the server is away (RFC 6585, 4).",
		Resource: overEdges(func(c *Case, e *edge) {
			for _, s := range e.public() {
				for _, scope := range scopes(s) {
					for _, name := range []string{"limit_req", "limit_conn"} {
						if status := scope.Value(name+"_status", "503"); len(scope.Effective(name)) > 0 && status != "429" {
							c.Refuse(fmt.Sprintf("%s_status is %s", name, status), "write "+name+"_status 429 in the http block of "+template)
						}
					}
				}
			}
		}),
	},
	{
		ID:       "exposure-trusted-proxies",
		Sentence: "The edge believes the address that a client claims only from proxies that are named.",
		Why:      "Whoever is trusted chooses the address on which allowlist and limits go (nginx, ngx_http_realip_module; OWASP ASVS 5.0 4.1.3).",
		Resource: overEdges(trustedProxies),
	},
	{
		ID:       "exposure-versions-hidden",
		Sentence: "The edge does not tell its version.",
		Why:      "It tells which known flaws to try (OWASP ASVS 5.0 13.4.6).",
		Resource: overEdges(func(c *Case, e *edge) {
			for _, s := range e.Servers {
				for _, scope := range scopes(s) {
					if value := scope.Value("server_tokens", "on"); value != "off" {
						c.Refuse("server_tokens is "+value, "write server_tokens off in the http block of "+template)
					}
				}
			}
		}),
	},
	{
		ID:       "exposure-status-endpoints",
		Sentence: "The figures of nginx are for its own container and the one exporter of monitoring only.",
		Why:      "They tell how busy the edge is to whoever wants to know when it gives way (OWASP ASVS 5.0 13.4.5).",
		Resource: overEdges(func(c *Case, e *edge) {
			for _, s := range e.Servers {
				for _, l := range s.Locations {
					if len(l.Own("stub_status")) > 0 && !forWatchers(c, &l.Scope) {
						c.Refuse(nginx.Place(l.Of)+" has stub_status for more than loopback and the exporter", "write allow 127.0.0.1, allow for the address of config.EdgeExporter, and deny all around it in "+template)
					}
				}
			}
		}),
	},
}

// forWatchers reports whether nobody but the container itself and the exporter of its figures is let in.
func forWatchers(c *Case, s *nginx.Scope) bool {
	list := s.Effective("allow", "deny")
	return len(list) > 0 && nginx.Text(list[len(list)-1]) == "deny all" && !slices.ContainsFunc(list, func(d *nginx.Directive) bool {
		return d.Directive == "allow" && !slices.Contains([]string{"127.0.0.1", "127.0.0.0/8", "::1"}, d.Args[0]) && !isExporter(c, d.Args[0])
	})
}

// wideText tells whether a network is larger than one that somebody knows. What is no network is.
func wideText(text string) bool {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		_, err := netip.ParseAddr(text)
		return err != nil
	}
	if network.Addr().Is4() {
		return network.Bits() < 8
	}
	return network.Bits() < 16
}

// wideTogether tells whether networks, each of which may be narrow enough, are together more than two of the widest.
func wideTogether(texts []string) bool {
	slices.Sort(texts)
	var four, six float64
	for _, text := range slices.Compact(texts) {
		network, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
		case network.Addr().Is4():
			four += math.Exp2(float64(32 - network.Bits()))
		default:
			six += math.Exp2(float64(128 - network.Bits()))
		}
	}
	return four > math.Exp2(25) || six > math.Exp2(113)
}

// highestRate is how many requests per second one address may be allowed: ten times what an API container answers.
const highestRate = 1000

func rateLimits(c *Case, e *edge) {
	zones := map[string]*nginx.Directive{}
	for _, d := range e.HTTP.Own("limit_req_zone") {
		zones[parameter(d, "zone")] = d
		if rate := perSecond(parameter(d, "rate")); rate <= 0 || rate > highestRate {
			c.Refuse(nginx.Place(d)+" has no sensible rate", fmt.Sprintf("set edge.limits to %d requests per second or fewer", highestRate))
		}
	}
	for _, s := range e.public() {
		for _, scope := range routes(s) {
			limits := scope.Effective("limit_req")
			if len(limits) == 0 {
				c.Refuse(nginx.Place(scope.Of)+" has no limit_req", "write limit_req with the zone of its class in "+template)
			}
			for _, d := range limits {
				if zones[parameter(d, "zone")] == nil {
					c.Refuse(nginx.Place(d)+" names a zone that does not exist", "name one of the zones in the http block")
				}
			}
			if scope.Value("limit_req_dry_run", "off") != "off" {
				c.Refuse("limit_req_dry_run is on, so nobody is limited", "take it out of "+template)
			}
		}
	}
}

func connectionLimits(c *Case, e *edge) {
	zones := map[string]bool{}
	for _, d := range e.HTTP.Own("limit_conn_zone") {
		zones[parameter(d, "zone")] = true
	}
	for _, s := range e.public() {
		for _, scope := range routes(s) {
			limits := scope.Effective("limit_conn")
			if len(limits) == 0 {
				c.Refuse(nginx.Place(scope.Of)+" has no limit_conn", "write limit_conn connections {{.Limits.Connections}} in the server of "+template)
			}
			for _, d := range limits {
				if !zones[d.Args[0]] {
					c.Refuse(nginx.Place(d)+" names a zone that does not exist", "name one of the zones in the http block")
				}
			}
			if scope.Value("limit_conn_dry_run", "off") != "off" {
				c.Refuse("limit_conn_dry_run is on, so nobody is limited", "take it out of "+template)
			}
		}
	}
}

// routes are the locations that clients can ask for. Named ones are reached after another one's limits.
func routes(s *nginx.Server) []*nginx.Scope {
	var all []*nginx.Scope
	for _, l := range s.Locations {
		if l.Modifier != "@" && len(l.Own("internal")) == 0 {
			all = append(all, &l.Scope)
		}
	}
	if len(all) == 0 && len(s.Own("return")) == 0 {
		all = append(all, &s.Scope)
	}
	return all
}

// parameter is the value of name=value among the arguments, without what follows a colon.
func parameter(d *nginx.Directive, name string) string {
	for _, arg := range d.Args {
		if value, ok := strings.CutPrefix(arg, name+"="); ok {
			value, _, _ = strings.Cut(value, ":")
			return value
		}
	}
	return ""
}

var rates = regexp.MustCompile(`^(\d+)r/([sm])$`)

// perSecond reads 10r/s and 600r/m; 0 for anything else.
func perSecond(text string) float64 {
	m := rates.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseFloat(m[1], 64)
	if m[2] == "m" {
		n /= 60
	}
	return n
}

// notByAddress says why a key does not count each client address; exempt ones have an empty key. It names nothing when it does.
func notByAddress(e *edge, key string) string {
	if key == "$binary_remote_addr" || key == "$remote_addr" {
		return ""
	}
	m := e.Definition(key)
	if m == nil || m.Directive != "map" {
		return "does not count by client address"
	}
	by := e.Definition(m.Args[0])
	if by == nil || by.Directive != "geo" {
		return "spares clients by something else than their address (" + m.Args[0] + ")"
	}
	counted, spared := "", map[string]bool{}
	for _, entry := range m.Block {
		switch {
		case len(entry.Args) != 1:
		case entry.Directive == "default":
			counted = entry.Args[0]
		default:
			spared[entry.Directive] = entry.Args[0] != "$binary_remote_addr" && entry.Args[0] != "$remote_addr"
		}
	}
	if counted != "$binary_remote_addr" && counted != "$remote_addr" {
		return "does not count by client address"
	}
	otherwise := ""
	for _, entry := range by.Block {
		if entry.Directive == "default" && len(entry.Args) == 1 {
			otherwise = entry.Args[0]
		}
	}
	if spared[otherwise] {
		return "spares every client (" + nginx.Place(by) + ")"
	}
	return ""
}

func trustedProxies(c *Case, e *edge) {
	forwardedAddress(c, e)
	var trusted []string
	e.Walk(func(d *nginx.Directive, within []*nginx.Directive) {
		const change = "name the addresses of your load balancers only: edge.trustedProxies"
		switch d.Directive {
		case "set_real_ip_from":
			trusted = append(trusted, d.Args[0])
			if wideText(d.Args[0]) {
				c.Refuse(nginx.Place(d), change)
			}
		case "real_ip_header":
			if scope := within[len(within)-1]; !slices.ContainsFunc(scope.Block, func(o *nginx.Directive) bool { return o.Directive == "set_real_ip_from" }) && !trustsAbove(e, within) {
				c.Refuse(nginx.Place(d)+" without a proxy that is trusted", change)
			}
		case "proxy_set_header":
			if strings.EqualFold(d.Args[0], "X-Forwarded-For") && d.Args[1] != "$remote_addr" && d.Args[1] != "" {
				c.Refuse(nginx.Place(d), "write proxy_set_header X-Forwarded-For $remote_addr in "+template+": what a client claims must not reach the API")
			}
		}
	})
	if wideTogether(trusted) {
		c.Refuse("the proxies that are trusted are too many addresses together", "name the addresses of your load balancers only: edge.trustedProxies")
	}
}

// forwardedAddress looks at each place that sends requests on: one proxy_set_header of its own takes away all that it would inherit, and what the client claims goes on.
func forwardedAddress(c *Case, e *edge) {
	for _, s := range e.Servers {
		for _, l := range s.Locations {
			told := slices.ContainsFunc(l.Effective("proxy_set_header"), func(d *nginx.Directive) bool { return strings.EqualFold(d.Args[0], "X-Forwarded-For") })
			if len(l.Own("proxy_pass")) > 0 && !told && l.Value("proxy_pass_request_headers", "on") != "off" {
				c.Refuse(nginx.Place(l.Of)+" sends no X-Forwarded-For of the edge's own", "repeat all proxy_set_header of the http block there, or take its own away, in "+template)
			}
		}
	}
}

func trustsAbove(e *edge, within []*nginx.Directive) bool {
	return len(within) > 1 && len(e.HTTP.Own("set_real_ip_from")) > 0
}
