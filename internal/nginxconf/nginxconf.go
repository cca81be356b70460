// Package nginxconf renders the configuration of the edge: the nginx that stands between clients and the Prefect API.
//
// The text is known in every preview and holds no secret. What is secret lies in files of its own beside it, named by the constants below.
package nginxconf

import (
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"prefect-platform/internal/tokens"
)

// The files of a release. Config names the others relative to its own folder.
const (
	Config         = "nginx.conf"
	Version        = "version.conf"      // what /healthz answers, see components/proxy/files/install
	Authorization  = "authorization.map" // see RenderAuthorization
	Passwords      = "htpasswd"          // checked unless Authorization says otherwise
	KeptPasswords  = "htpasswd.kept"     // checked for the credential before the last rotation
	Certificate    = "tls.crt"
	CertificateKey = "tls.key"
)

// The ports inside the container.
const (
	HTTPSPort  = 8443
	HTTPPort   = 8080 // redirects to https
	StatusPort = 8081 // /healthz, and for the container itself and the exporter of its figures /stub_status; never published
)

// Realm is what browsers show when they ask for the credential.
const Realm = "Prefect"

// contentSecurityPolicy is what Prefect's two user interfaces need. They draw graphs with pixi.js, which compiles shaders with Function and decodes images in workers made of
// blobs that fetch data: URLs, and show block logos from two hosts. The API browser under /docs would need scripts of a CDN, and is closed.
const contentSecurityPolicy = "default-src 'self'; script-src 'self' 'unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob: https://cdn.sanity.io https://raw.githubusercontent.com; font-src 'self' data:; connect-src 'self' data: blob:; " +
	"object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

// Options describe an edge. Lists may be empty but for Allow.
type Options struct {
	Host       string   // DNS name or IP address under which clients reach the edge
	AlsoFor    []string // further DNS names or IP addresses that it answers to
	PublicPort int      // https port that clients use, for the redirect

	Allow          []netip.Prefix // who may connect at all
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Exempt         []netip.Prefix // whom no rate limits

	HSTS       bool // tell browsers to use nothing but https for two years
	Limits     Limits
	MaxBodyMiB int // largest request body
	CacheMiB   int // space for the user interface's assets below /tmp; the two of Prefect 3.8 have 17 MiB together
	Workers    int // processes; one for each core that the container may use

	Upstream string // host:port of the API, a Docker network alias

	// Certificates is the folder with Certificate and CertificateKey, with a slash at its end; empty for that of the release.
	Certificates string
	// Challenge is host:port of what answers an authority that asks for a certificate; empty: nothing does.
	Challenge string

	Monitoring *Monitoring // nil: nobody asks
}

// Monitoring is who watches the edge.
type Monitoring struct {
	Subnet   netip.Prefix   // from which it is probed, as a client
	Exporter netip.AddrPort // which gets a line of each request (UDP), and may ask for /stub_status
	Grafana  string         // host:port of what is shown under /grafana/; empty: nothing is
}

// methods have figures of their own. All others are "other", since a client may make up as many as it likes.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// Limits are counted for each client address.
type Limits struct {
	API, UI, WebSocket Rate
	Connections        int // at a time; each HTTP/2 request counts as one
}

// Rate is a number of requests per second, and how many may exceed it at once.
type Rate struct {
	PerSecond, Burst int
}

//go:embed nginx.conf.tmpl
var text string

var page = template.Must(template.New(Config).Option("missingkey=error").Parse(text))

var folder = regexp.MustCompile(`^/([a-z0-9-]+/)+$`)

// Render returns nginx.conf. Every value that reaches the text is a number, a parsed network or a checked name, so that no option can add a directive;
// what does not fit is reported, all of it at once.
func Render(o Options) (string, error) {
	if err := o.validate(); err != nil {
		return "", err
	}
	if o.Monitoring != nil {
		o.Allow = append(slices.Clone(o.Allow), o.Monitoring.Subnet)
	}
	o.Allow, o.TrustedProxies, o.Exempt = distinct(o.Allow), distinct(o.TrustedProxies), distinct(o.Exempt)
	names := o.names()
	var conf strings.Builder
	err := page.Execute(&conf, struct {
		Options
		Names                 []string
		WithoutSNI            bool
		PublicURL             string
		Realm                 string
		ContentSecurityPolicy string
		Methods               []string
		Grafana, UserHeader   string
	}{o, names, slices.ContainsFunc(names, isAddress), o.publicURL(), Realm, contentSecurityPolicy, methods, o.grafana(), tokens.HeaderGrafanaUser})
	if err != nil {
		return "", err
	}
	return conf.String(), nil
}

func (o Options) grafana() string {
	if o.Monitoring == nil {
		return ""
	}
	return o.Monitoring.Grafana
}

// names are the server names, addresses in the form they have in a Host header.
func (o Options) names() []string {
	var names []string
	for _, name := range append([]string{o.Host}, o.AlsoFor...) {
		if shown := hostHeader(name); !slices.Contains(names, shown) {
			names = append(names, shown)
		}
	}
	return names
}

// distinct takes away host bits and repetitions, of both of which nginx warns.
func distinct(networks []netip.Prefix) []netip.Prefix {
	var list []netip.Prefix
	for _, network := range networks {
		if masked := network.Masked(); !slices.Contains(list, masked) {
			list = append(list, masked)
		}
	}
	return list
}

func (o Options) publicURL() string {
	if o.PublicPort == 443 {
		return "https://" + hostHeader(o.Host)
	}
	return fmt.Sprintf("https://%s:%d", hostHeader(o.Host), o.PublicPort)
}

func (o Options) validate() error {
	var problems []error
	refuse := func(when bool, format string, args ...any) {
		if when {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	for _, name := range append([]string{o.Host}, o.AlsoFor...) {
		refuse(!isHost(name), "%q is neither a DNS name nor an IP address", name)
	}
	refuse(!isEndpoint(o.Upstream), "upstream %q is not host:port", o.Upstream)
	refuse(o.Challenge != "" && !isEndpoint(o.Challenge), "challenge %q is not host:port", o.Challenge)
	refuse(o.Certificates != "" && !folder.MatchString(o.Certificates), "certificates %q is not an absolute folder with a slash at its end", o.Certificates)
	refuse(len(o.Allow) == 0, "nobody is allowed to connect")
	for _, network := range slices.Concat(o.Allow, o.TrustedProxies, o.Exempt) {
		refuse(!network.IsValid(), "a network is not valid")
	}
	for _, network := range o.TrustedProxies {
		refuse(network.IsValid() && network.Bits() == 0, "trusting %s would let every client choose its own address", network)
	}
	if m := o.Monitoring; m != nil {
		refuse(!m.Subnet.IsValid() || m.Subnet.Bits() == 0, "monitoring has no network of its own: %s", m.Subnet)
		refuse(!m.Exporter.Addr().Is4() || m.Exporter.Port() == 0 || !m.Subnet.Contains(m.Exporter.Addr()),
			"the exporter %s has no address and port in the network of monitoring (%s)", m.Exporter, m.Subnet)
		refuse(m.Grafana != "" && !isEndpoint(m.Grafana), "Grafana %q is not host:port", m.Grafana)
	}
	for _, number := range []struct {
		name       string
		value, min int
	}{
		{"public port", o.PublicPort, 1},
		{"body size", o.MaxBodyMiB, 1},
		{"cache size", o.CacheMiB, 1},
		{"number of workers", o.Workers, 1},
		{"number of connections", o.Limits.Connections, 1},
		{"API rate", o.Limits.API.PerSecond, 1},
		{"API burst", o.Limits.API.Burst, 0},
		{"UI rate", o.Limits.UI.PerSecond, 1},
		{"UI burst", o.Limits.UI.Burst, 0},
		{"WebSocket rate", o.Limits.WebSocket.PerSecond, 1},
		{"WebSocket burst", o.Limits.WebSocket.Burst, 0},
	} {
		refuse(number.value < number.min || number.value > 65535, "%s is %d, not within %d and 65535", number.name, number.value, number.min)
	}
	return errors.Join(problems...)
}
