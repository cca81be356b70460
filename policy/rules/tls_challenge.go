package rules

import (
	"slices"
	"strings"

	"prefect-platform/internal/tokens"
	"prefect-platform/policy/nginx"
)

// challengeRoute is what an authority asks for when it is told to give a certificate (RFC 8555, 8.3).
const challengeRoute = `^/\.well-known/acme-challenge/[A-Za-z0-9_-]+$`

var tlsChallengeRules = []Rule{
	{
		ID:       "tls-edge-challenge",
		Sentence: "What answers an authority that asks for a certificate is reached by that one route, without TLS, and is told nothing that a client sends.",
		Why:      "It is open to everybody, without allowlist and credential, because authorities ask from anywhere and before there is a certificate (RFC 8555, 8.3 and 10.2).",
		Resource: overEdges(func(c *Case, e *edge) {
			for _, s := range e.Servers {
				for _, l := range s.Locations {
					if !leadsTo(e, l, tokens.ChallengeEndpoint) {
						continue
					}
					switch {
					case usesTLS(s) || l.Modifier != "~" || l.Pattern != challengeRoute:
						c.Refuse(nginx.Place(l.Of)+" leads to what answers an authority", "lead there as "+template+" does, by the route of RFC 8555 only")
					case l.Value("proxy_pass_request_headers", "on") != "off" || l.Value("proxy_pass_request_body", "on") != "off" || setsCredential(l):
						c.Refuse(nginx.Place(l.Of)+" hands on what a client sends", "write proxy_pass_request_headers off and proxy_pass_request_body off, as "+template+" does")
					}
				}
			}
		}),
	},
}

func setsCredential(l *nginx.Location) bool {
	return slices.ContainsFunc(l.Effective("proxy_set_header"), func(d *nginx.Directive) bool { return strings.EqualFold(d.Args[0], "Authorization") && d.Args[1] != "" })
}

// toChallenge reports whether a request without TLS ends at what answers an authority, and can end nowhere else; tls-edge-challenge judges by which route.
func toChallenge(conf *nginx.Config, s *nginx.Server, o nginx.Outcome) bool {
	name, ok := strings.CutPrefix(o.Target, "http://")
	if usesTLS(s) || o.Kind != nginx.Proxied || !ok {
		return false
	}
	return slices.ContainsFunc(conf.HTTP.Of.Block, func(upstream *nginx.Directive) bool {
		if upstream.Directive != "upstream" || upstream.Args[0] != name {
			return false
		}
		servers := 0
		for _, d := range upstream.Block {
			if d.Directive != "server" {
				continue
			}
			if servers++; d.Args[0] != tokens.ChallengeEndpoint {
				return false
			}
		}
		return servers > 0
	})
}
