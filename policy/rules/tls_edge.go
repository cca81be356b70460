package rules

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"prefect-platform/policy/nginx"
)

var tlsEdgeRules = []Rule{
	{
		ID:       "tls-edge-listeners",
		Sentence: "What clients can reach without TLS serves nothing.",
		Why:      "A credential that is sent once in the clear is everybody's (OWASP ASVS 5.0 12.2.1).",
		Resource: overEdges(func(c *Case, e *edge) {
			told := map[*nginx.Server]bool{}
			for _, w := range e.ways().plain {
				if w.outcome.Kind != nginx.Redirected && !harmless(w.outcome) && !told[w.server] {
					told[w.server] = true
					c.Refuse(fmt.Sprintf("%s has no TLS, and %s %s (%s)", serverName(w.server), w, ending(w.outcome), nginx.Place(w.outcome.At)), "write listen … ssl, or let the server do nothing but redirect to https, in "+template)
				}
			}
		}),
	},
	{
		ID:       "tls-edge-redirect",
		Sentence: "What comes without TLS is sent to https, for good and to the edge's own name.",
		Why:      "308 and 301 are kept by browsers, so that they ask only once; a name that the client chose would send it anywhere (OWASP ASVS 5.0 12.2.1, 1.2.2).",
		Resource: overEdges(func(c *Case, e *edge) {
			for _, w := range e.ways().plain {
				if w.outcome.Kind != nginx.Redirected {
					continue
				}
				if !ownHTTPS(e, w.outcome.Target) || w.outcome.Code != 308 && w.outcome.Code != 301 {
					c.Refuse(nginx.Place(w.outcome.At), "write return 308 {{.PublicURL}}$request_uri in "+template)
				}
			}
		}),
	},
	{
		ID:       "tls-edge-protocols",
		Sentence: "The edge speaks TLS 1.2 and 1.3 only.",
		Why:      "TLS 1.1 and older are deprecated (RFC 8996; OWASP ASVS 5.0 12.1.1).",
		Resource: overTLS(func(c *Case, _ *edge, s *nginx.Server) {
			d := s.Last("ssl_protocols")
			if d == nil {
				c.Refuse(serverName(s)+" names no ssl_protocols", "write ssl_protocols TLSv1.2 TLSv1.3 in "+template)
			} else if slices.ContainsFunc(d.Args, func(p string) bool { return p != "TLSv1.2" && p != "TLSv1.3" }) {
				c.Refuse(nginx.Place(d), "write ssl_protocols TLSv1.2 TLSv1.3 in "+template)
			}
		}),
	},
	{
		ID:       "tls-edge-ciphers",
		Sentence: "The edge takes only ciphers with authentication of the text and forward secrecy, and known curves.",
		Why:      "Mozilla's intermediate profile, guideline 6.0; OWASP ASVS 5.0 12.1.2. A name such as HIGH or ALL means others with each version of OpenSSL, and @SECLEVEL=0 lets short keys in.",
		Resource: overTLS(func(c *Case, _ *edge, s *nginx.Server) {
			d := s.Last("ssl_ciphers")
			if d == nil {
				c.Refuse(serverName(s)+" names no ssl_ciphers, so OpenSSL's own choice counts", "write the ciphers of Mozilla's intermediate profile in "+template)
			} else if i := slices.IndexFunc(strings.Split(d.Args[0], ":"), func(name string) bool { return !strong.MatchString(name) }); i >= 0 {
				c.Refuse(fmt.Sprintf("%s has %q", nginx.Place(d), strings.Split(d.Args[0], ":")[i]), "name ciphers with ECDHE and GCM or CHACHA20-POLY1305 only in "+template)
			}
			if d := s.Last("ssl_ecdh_curve"); d != nil && slices.ContainsFunc(strings.Split(d.Args[0], ":"), func(name string) bool { return !slices.Contains(curves, name) }) {
				c.Refuse(nginx.Place(d), "name "+strings.Join(curves, ", ")+" only in "+template)
			}
		}),
	},
	{
		ID:       "tls-edge-settings",
		Sentence: "The edge's further settings of TLS are known not to weaken it.",
		Why:      "Early data can be sent again by anyone (RFC 8446, 8); a ticket key in a file ends forward secrecy when it is never changed; ssl_conf_command overrides all of the rest.",
		Resource: overEdges(func(c *Case, e *edge) {
			e.Walk(func(d *nginx.Directive, _ []*nginx.Directive) {
				if strings.HasPrefix(d.Directive, "ssl_") && !slices.Contains(tlsSettings, d.Directive) {
					c.Refuse(nginx.Place(d), "take it out of "+template)
				}
			})
		}),
	},
	{
		ID:         "tls-edge-hsts",
		Sentence:   "The edge tells browsers to use nothing but https for a year or longer, with every answer.",
		Why:        "The first request of a browser that knows no better goes in the clear (OWASP ASVS 5.0 3.4.1: at least one year).",
		Production: true,
		Resource:   overTLS(hsts),
	},
	{
		ID:       "tls-edge-default-certificate",
		Sentence: "Who asks for a name that is not the edge's gets no certificate.",
		Why:      "Scanners that try addresses learn the name from a default certificate, and requests with another name than the certificate's reach the API (DNS rebinding; OWASP ASVS 5.0 13.4.5). Clients send no name for an IP address (RFC 6066, 3), so an edge that is reached by one needs a default.",
		Resource: overEdges(defaultCertificate),
	},
}

var (
	strong      = regexp.MustCompile(`^(ECDHE|DHE)-((ECDSA|RSA)-)?(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$|^TLS_(AES_(128|256)_GCM_SHA(256|384)|CHACHA20_POLY1305_SHA256)$`)
	curves      = []string{"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "X25519", "X448", "prime256v1", "secp384r1", "secp521r1"}
	tlsSettings = []string{
		"ssl_protocols", "ssl_ciphers", "ssl_ecdh_curve", "ssl_prefer_server_ciphers", "ssl_session_cache", "ssl_session_timeout", "ssl_session_tickets", "ssl_certificate", "ssl_certificate_key", "ssl_certificate_cache",
		"ssl_reject_handshake", "ssl_buffer_size", "ssl_stapling", "ssl_stapling_verify", "ssl_trusted_certificate", "ssl_verify_client", "ssl_verify_depth", "ssl_client_certificate", "ssl_crl",
	}
)

// overTLS judges each server that speaks TLS.
func overTLS(judge func(*Case, *edge, *nginx.Server)) func(*Case) {
	return overEdges(func(c *Case, e *edge) {
		for _, s := range e.Servers {
			if usesTLS(s) {
				judge(c, e, s)
			}
		}
	})
}

var redirectTarget = regexp.MustCompile(`^https://([^/$:]+|\[[0-9a-f:.]+\])(:\d+)?(/|\$request_uri|$)`)

// ownHTTPS reports whether a redirect leads to a name that a server has; whether that one speaks TLS is for tls-edge-listeners.
func ownHTTPS(e *edge, target string) bool {
	m := redirectTarget.FindStringSubmatch(target)
	return m != nil && slices.ContainsFunc(e.Servers, func(s *nginx.Server) bool { return slices.Contains(serverNames(s), m[1]) })
}

func rejects(s *nginx.Server) bool { return s.Value("ssl_reject_handshake", "off") == "on" }

var maxAge = regexp.MustCompile(`(?i)(?:^|;|\s)max-age="?(\d+)`)

func hsts(c *Case, _ *edge, s *nginx.Server) {
	if rejects(s) {
		return
	}
	const change = `write add_header Strict-Transport-Security "max-age=63072000" always in the server, and add_header_inherit merge, in ` + template + "; the key is edge.hsts"
	for _, scope := range scopes(s) {
		found := false
		for _, d := range scope.Headers() {
			if !strings.EqualFold(d.Args[0], "Strict-Transport-Security") {
				continue
			}
			found = true
			seconds := 0
			if m := maxAge.FindStringSubmatch(d.Args[1]); m != nil {
				seconds, _ = strconv.Atoi(m[1])
			}
			if seconds < 365*24*60*60 || !slices.Contains(d.Args, "always") {
				c.Refuse(nginx.Place(d), change)
			}
		}
		if !found {
			c.Refuse(nginx.Place(scope.Of)+" sends no Strict-Transport-Security", change)
			return
		}
	}
}

// defaultCertificate looks at each port with TLS: its default server, the first or the one that says so, is asked when no other has the name.
func defaultCertificate(c *Case, e *edge) {
	ports := map[string][]*nginx.Server{}
	defaults := map[string]*nginx.Server{}
	for _, s := range e.public() {
		for _, d := range s.Own("listen") {
			port := d.Args[0]
			if !slices.Contains(d.Args, "ssl") && !slices.Contains(d.Args, "quic") {
				continue
			}
			ports[port] = append(ports[port], s)
			if defaults[port] == nil || slices.Contains(d.Args, "default_server") || slices.Contains(d.Args, "default") {
				defaults[port] = s
			}
		}
	}
	for _, s := range e.public() {
		for _, name := range serverNames(s) {
			if !rejects(s) && usesTLS(s) && (strings.HasPrefix(name, "~") || strings.ContainsAny(name, "*") || strings.HasPrefix(name, ".")) {
				c.Refuse(serverName(s)+" shows its certificate to whoever asks for a name that fits "+name, "write the names of the edge in full in "+template)
			}
		}
	}
	for port, s := range defaults {
		if rejects(s) {
			continue
		}
		forAddress := slices.ContainsFunc(serverNames(s), isAddress)
		if forAddress && slices.ContainsFunc(ports[port], func(other *nginx.Server) bool {
			return rejects(other) && slices.Contains(serverNames(other), "~.")
		}) {
			continue
		}
		c.Refuse(serverName(s)+" shows its certificate to whoever asks for any name", "write a server with ssl_reject_handshake on as the default one in "+template+", or one named ~. where the host is an IP address")
	}
}

func serverNames(s *nginx.Server) []string {
	var names []string
	for _, d := range s.Own("server_name") {
		names = append(names, d.Args...)
	}
	return names
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil
}
