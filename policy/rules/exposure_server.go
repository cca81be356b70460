package rules

import (
	"net/netip"
	"net/url"
	"strings"

	"prefect-platform/internal/tokens"
)

const (
	originsVariable   = "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"
	forwardedVariable = "FORWARDED_ALLOW_IPS"
)

var exposureServerRules = []Rule{
	{
		ID:       "exposure-origins",
		Sentence: "Only pages of the edge may call the API with a person's credential.",
		Why:      "Prefect's default is *, and a browser that knows the credential sends it with whatever any page makes it send (Prefect settings, server.api.cors_allowed_origins; OWASP ASVS 5.0 3.4.2).",
		Resource: func(c *Case) {
			judgeAPIVariable(c, originsVariable, isOrigin, "set it to the one https address of the edge (prefect.Args.PublicURL)")
		},
	},
	{
		ID:       "exposure-forwarded",
		Sentence: "The API believes X-Forwarded-* headers only from the edge's network.",
		Why:      "Whoever is believed chooses the scheme of redirects and the address in the log (uvicorn, forwarded_allow_ips; OWASP ASVS 5.0 4.1.3).",
		Resource: func(c *Case) {
			judgeAPIVariable(c, forwardedVariable, areKnownNetworks, "set it to the subnet of the network app and to 127.0.0.1, as components/prefect/environment.go does")
		},
	},
	{
		ID:       "exposure-engine",
		Sentence: "The engine is spoken to over a socket, over ssh, or with TLS.",
		Why:      "Over plain TCP whoever is on the way reads every secret of the stack, and is root on the engine's host (docs.docker.com, Protect the Docker daemon socket).",
		Resource: func(c *Case) {
			if !c.Is(tokens.DockerProvider) {
				return
			}
			host, ok := c.Property("host").Text()
			if !ok || host == "" {
				return
			}
			at, err := url.Parse(host)
			if err != nil || strings.EqualFold(at.Scheme, "http") || strings.EqualFold(at.Scheme, "tcp") && !isLoopback(at.Hostname()) && c.Property("certPath").Empty() && c.Property("certMaterial").Empty() {
				c.Refuse("host is an address of plain "+scheme(at)+", without a certificate", "pulumi config set docker:certPath with the folder that holds ca.pem, cert.pem and key.pem, or docker:host with ssh://")
			}
		},
	},
}

func judgeAPIVariable(c *Case, name string, right func(string) bool, change string) {
	if !c.runs() || processOf(c, c.Resource) != processAPI {
		return
	}
	if env, known := environmentOf(c, c.Resource); known && !env.right(name, right) {
		c.Refuse(name+" is not what it may be", change)
	}
}

func isOrigin(text string) bool {
	at, err := url.Parse(text)
	return err == nil && at.Scheme == "https" && at.Host != "" && !strings.ContainsAny(at.Host, "*,") && at.Path == "" && at.User == nil
}

func areKnownNetworks(text string) bool {
	for _, each := range strings.Split(text, ",") {
		if _, err := netip.ParseAddr(each); err != nil && wideText(each) {
			return false
		}
	}
	return true
}

func scheme(at *url.URL) string {
	if at == nil { // what cannot be read may hold a password
		return "text"
	}
	return at.Scheme
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
