package rules

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"prefect-platform/policy/nginx"
)

// way is a request that gets somewhere, and where.
type way struct {
	server  *nginx.Server
	request nginx.Request
	outcome nginx.Outcome
}

func (w way) String() string {
	request := w.request.Method + " " + w.request.URI
	if w.request.Upgrade != "" {
		request += fmt.Sprintf(" (Upgrade: %s)", w.request.Upgrade)
	}
	return request
}

// ways are all that was tried on a configuration and got somewhere.
type ways struct {
	anonymous []way // listed clients without a credential, where they must not get
	excepted  []way // the same, where they may: the health check and the WebSocket paths
	unlisted  []way // clients that are not in the allowlist, but have a credential
	plain     []way // everybody, without TLS
}

// knownPaths are those of Prefect Server, and of other things, that are tried on every configuration.
var knownPaths = []string{
	"/", "/index.html", "/api", "/api/", "/api/health", "/api/ready", "/api/hello", "/api/version", "/api/admin/version", "/api/admin/settings", "/api/flows/", "/api/flows/filter",
	"/api/flow_runs/", "/api/deployments/filter", "/api/work_pools/", "/api/work_pools/x", "/api/work_pools/x/workers/filter", "/api/block_documents/filter", "/api/variables/", "/api/logs/",
	"/api/logs/filter", "/api/events", "/api/events/filter", "/api/metrics", "/metrics", "/docs", "/api/docs", "/openapi.json", "/api/openapi.json", "/ui-settings", "/v2/", "/v2/assets/index.js",
	"/assets/index.js", "/healthz", "/stub_status", "/.well-known/acme-challenge/x", "/favicon.ico",
	"/api/events/in", "/api/events/out", "/api/logs/out", "/api/task_runs/subscriptions/scheduled", "/api/work_pools/default/workers/connect", "/api/work_pools/a/b/workers/connect",
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GETX", "XGET", "get"}

var upgrades = []string{"", "websocket", "WebSocket", "WebSocket, x", "xwebsocket", "h2c", "websocket /api/events/in", "websocket\tx", "GET websocket /api/health"}

var (
	healthPath    = regexp.MustCompile(`^/api/health(\?|\z)`)
	webSocketPath = regexp.MustCompile(`^/api/(events/(in|out)|logs/out|task_runs/subscriptions/scheduled|work_pools/[^/?]+/workers/connect)(\?|\z)`)
)

// mayBeAnonymous reports whether a request needs no credential: Prefect answers its health check to anyone, and guards its WebSockets by a token in the first message,
// because its clients send no header there.
func mayBeAnonymous(r nginx.Request) bool {
	return r.Method == http.MethodGet && (healthPath.MatchString(r.URI) || isWebSocket(r))
}

func isWebSocket(r nginx.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Upgrade, "websocket") && webSocketPath.MatchString(r.URI)
}

// findWays tries requests that the configuration itself suggests: paths that its locations and maps know and near misses, each with methods and Upgrade headers.
func findWays(conf *nginx.Config) ways {
	var found ways
	paths := conf.Paths(knownPaths)
	for _, s := range conf.Servers {
		if isStatus(s) {
			continue
		}
		tried := map[string]bool{} // classes of requests that get nowhere or were followed already
		for _, uri := range paths {
			class, fixed := conf.Classes(s, uri)
			for _, r := range requests(uri, fixed) {
				if class := class(r); !tried[class] {
					tried[class] = !found.add(conf, s, r, tried["open "+class])
					tried["open "+class] = true
				}
			}
		}
	}
	return found
}

// add follows a request. It reports whether another one of its class must be followed too, since it depends on its path whether it may get there.
func (found *ways) add(conf *nginx.Config, s *nginx.Server, r nginx.Request, again bool) (open bool) {
	tls := usesTLS(s)
	refused := false
	for _, o := range conf.Outcomes(s, r, nginx.Client{Listed: true}) {
		w := way{s, r, o}
		switch {
		case harmless(o) || !tls && o.Kind == nginx.Redirected:
		case toChallenge(conf, s, o):
			open = true
		case o.Kind == nginx.Proxied && mayBeAnonymous(r) && o.Path == r.URI:
			found.excepted, open = append(found.excepted, w), true
		default:
			found.anonymous, refused = append(found.anonymous, w), true
		}
	}
	if again {
		return open
	}
	if !tls {
		for _, o := range conf.Outcomes(s, r, nginx.Client{Listed: true, Credential: true}) {
			if !toChallenge(conf, s, o) {
				found.plain = append(found.plain, way{s, r, o})
			}
		}
	}
	if refused { // without a credential already; that is told by a rule of its own
		return open
	}
	for _, o := range conf.Outcomes(s, r, nginx.Client{Credential: true}) {
		if !harmless(o) && !toChallenge(conf, s, o) {
			found.unlisted = append(found.unlisted, way{s, r, o})
		}
	}
	return open
}

// harmless ends tell a client nothing but that it was refused.
func harmless(o nginx.Outcome) bool {
	return o.Kind == nginx.Refused && o.Code >= 400 || o.Kind == nginx.Answered && o.Code >= 400
}

// requests are those for one path: the telling combinations for each, and all for the paths that need no credential.
func requests(uri string, fixed bool) []nginx.Request {
	if fixed {
		return []nginx.Request{{Method: "GET", URI: uri}}
	}
	all := []nginx.Request{{Method: "GET", URI: uri}, {Method: "GET", URI: uri, Upgrade: "websocket"}, {Method: "POST", URI: uri}, {Method: "POST", URI: uri, Upgrade: "websocket"}}
	if !slices.Contains(knownPaths, uri) {
		return all
	}
	for _, method := range methods {
		for _, upgrade := range upgrades {
			if healthPath.MatchString(uri) || webSocketPath.MatchString(uri) || method == "GET" || upgrade == "" {
				all = append(all, nginx.Request{Method: method, URI: uri, Upgrade: upgrade})
			}
		}
	}
	return all
}
