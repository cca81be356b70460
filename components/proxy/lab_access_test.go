//go:build lab

package proxy

import (
	"bufio"
	stdtls "crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"prefect-platform/internal/nginxconf"
)

// TestEdge asks one edge what does not change it.
func TestEdge(t *testing.T) {
	t.Parallel()
	e := startEdge(t, unlimited, func(a *Args) { a.Edge.PublicPort = 9443 })
	for _, test := range []struct {
		name string
		run  func(*testing.T, *labEdge)
	}{
		{"asks for the credential on every path", asksForTheCredentialOnEveryPath},
		{"serves who has the credential", servesWhoHasTheCredential},
		{"passes WebSockets without credential", passesWebSocketsWithoutCredential},
		{"redirects to HTTPS", redirectsToHTTPS},
		{"refuses names that are not its own", refusesNamesThatAreNotItsOwn},
		{"keeps assets but nothing else", keepsAssetsButNothingElse},
		{"shows other containers its version only", showsOtherContainersItsVersionOnly},
		{"leaves secrets to nginx and root's group only", leavesSecretsToNginxAndRootsGroupOnly},
		{"refuses what would not work and serves on", refusesWhatWouldNotWorkAndServesOn},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, e.of(t)) })
	}
}

func asksForTheCredentialOnEveryPath(t *testing.T, e *labEdge) {
	client, upgrading := e.client(), http1(e.client())
	for _, request := range []string{
		"GET /", "GET /v2/", "GET /v2/dashboard", "GET /ui-settings", "GET /assets/index.js", "GET /v2/assets/index.js", "GET /robots.txt",
		"GET /docs", "GET /redoc", "GET /openapi.json", "GET /api/docs", "GET /api/redoc", "GET /api/openapi.json", "GET /api/metrics", "GET /api//metrics", "GET //docs",
		"GET /api", "GET /api/", "GET /api/version", "GET /api/admin/settings", "POST /api/flows/filter", "GET /api/ready", "GET /_ready", "GET /healthz", "GET /stub_status",
		"HEAD /api/health", "POST /api/health", "GET /api/health/", "GET /api/%68ealth", "GET /api/flows/../health", "GET /api/flows/%2e%2e/health", "GET //api/health",
		"GET /api/events/in", "GET /api/events/out", "GET /api/logs/out", "GET /api/task_runs/subscriptions/scheduled", "GET /api/work_pools/x/workers/connect",
		"POST /api/events/in", "GET /ui-settings/../api/events/in", "OPTIONS /api/flows/filter",
	} {
		method, path, _ := strings.Cut(request, " ")
		for name, headers := range map[string][]string{
			"none":    {"Authorization: "},
			"wrong":   {"Authorization: " + basic("prefect", "wrong")},
			"bearer":  {"Authorization: Bearer x"},
			"no user": {"Authorization: " + basic("", activePassword)},
			"case":    {"Authorization: " + basic("prefect", strings.ToUpper(keptPassword))},
			"upgrade": {"Authorization: ", "Upgrade: h2c"},
			"smuggle": {"Authorization: ", "Upgrade: websocket /api/events/in?"},
		} {
			by := client
			if name == "upgrade" || name == "smuggle" { // which HTTP/2 has not
				by = upgrading
			}
			got, err := e.try(by, method, path, headers...)
			if err != nil {
				t.Fatal(err)
			}
			if got.status != http.StatusUnauthorized {
				t.Errorf("%s with credential %q: %d", request, name, got.status)
			}
			if got.header.Get("Www-Authenticate") != `Basic realm="Prefect"` {
				t.Errorf("%s: a browser would not ask for the credential: %q", request, got.header)
			}
		}
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func http1(client *http.Client) *http.Client {
	transport := client.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2 = false
	transport.TLSNextProto = map[string]func(string, *stdtls.Conn) http.RoundTripper{}
	return client
}

func servesWhoHasTheCredential(t *testing.T, e *labEdge) {
	t.Run("over HTTP/2, with the security headers", func(t *testing.T) {
		response, err := e.client().Do(e.request(t, "GET", "/"))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 {
			t.Errorf("%s %s", response.Proto, response.Status)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-cache", "Server": "nginx",
		} {
			if got := response.Header.Get(name); !strings.Contains(got, want) {
				t.Errorf("%s is %q", name, got)
			}
		}
		if response.Header.Get("Server") != "nginx" || len(response.Header.Get("X-Request-Id")) != 32 || response.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("headers are %v", response.Header)
		}
	})
	t.Run("and tells the API what it may believe", func(t *testing.T) {
		seen := e.ask("GET", "/api/flows?x=%2F", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: http", "X-Request-Id: mine", "Accept-Encoding: identity").echo(t)
		if got := seen.Headers.Get("X-Forwarded-For"); net.ParseIP(got) == nil || got == "203.0.113.9" {
			t.Errorf("X-Forwarded-For is %q", got)
		}
		_, port, _ := net.SplitHostPort(e.https)
		for name, want := range map[string]string{"X-Forwarded-Proto": "https", "Accept-Encoding": "", "Connection": "", "Authorization": basic("prefect", activePassword)} {
			if got := seen.Headers.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if seen.Headers.Get("X-Request-Id") == "mine" || seen.URI != "/api/flows?x=%2F" || seen.Host != "localhost:"+port {
			t.Errorf("the API saw %+v", seen)
		}
	})
	t.Run("with the kept credential too, which the API does not know", func(t *testing.T) {
		seen := e.ask("POST", "/api/flows/filter", "Authorization: "+basic("prefect", keptPassword)).echo(t)
		if got := seen.Headers.Get("Authorization"); got != basic("prefect", activePassword) || seen.Bytes != 1000 {
			t.Errorf("the API saw %q and %d bytes", got, seen.Bytes)
		}
	})
	t.Run("health without one, under its own name only", func(t *testing.T) {
		if got := e.ask("GET", "/api/health?probe=1", "Authorization: "); got.status != 200 || got.body != "true\n" {
			t.Errorf("%d %q", got.status, got.body)
		}
	})
	t.Run("but not what is for the inside", func(t *testing.T) {
		for _, path := range []string{"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/api/docs", "/api/openapi.json", "/api/metrics", "/api/./metrics", "//docs", "/api/%6detrics"} {
			if got := e.ask("GET", path); got.status != 404 {
				t.Errorf("%s: %d", path, got.status)
			}
		}
	})
	t.Run("but changes nothing for a page from elsewhere", func(t *testing.T) {
		for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200, "": 200} {
			if got := e.ask("POST", "/api/deployments/1/pause_deployment", "Sec-Fetch-Site: "+site); got.status != want {
				t.Errorf("from %q: %d", site, got.status)
			}
		}
		if got := e.ask("GET", "/", "Sec-Fetch-Site: cross-site"); got.status != 200 {
			t.Errorf("a link from elsewhere: %d", got.status)
		}
	})
	t.Run("compressed by nginx", func(t *testing.T) {
		got := e.ask("GET", "/api/flows", "Accept-Encoding: gzip")
		if got.header.Get("Content-Encoding") != "gzip" || len(got.body) > 2000 {
			t.Errorf("%d bytes, %v", len(got.body), got.header)
		}
	})
	t.Run("up to the largest body", func(t *testing.T) {
		for size, want := range map[int]int{4_000_000: 200, 17 << 20: 413} {
			if got := e.post(t, size); got != want {
				t.Errorf("%d bytes: %d", size, got)
			}
		}
	})
}

func passesWebSocketsWithoutCredential(t *testing.T, e *labEdge) {
	for _, path := range []string{"/api/events/in", "/api/events/out", "/api/logs/out", "/api/task_runs/subscriptions/scheduled", "/api/work_pools/my%20pool/workers/connect"} {
		socket, status := e.websocket(t, path)
		if status != http.StatusSwitchingProtocols {
			t.Errorf("%s: %d", path, status)
			continue
		}
		if err := socket.echoes("hello"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for path, want := range map[string]int{"/api/flows/filter": 401, "/api/events/in/": 401, "/api/work_pools/a%2Fb/workers/connect": 401, "/api/flows/../events/in": 401} {
		if _, status := e.websocket(t, path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
}

// socket is an open WebSocket whose other end echoes.
type socket struct {
	*stdtls.Conn
	reader *bufio.Reader
}

func (e *labEdge) websocket(t *testing.T, path string) (*socket, int) {
	t.Helper()
	connection, err := e.dial("localhost")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	_, err = fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", path)
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &socket{connection, reader}, response.StatusCode
}

func (s *socket) echoes(text string) error {
	if err := s.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := s.Write([]byte(text)); err != nil {
		return err
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(s.reader, got); err != nil {
		return err
	}
	if string(got) != text {
		return fmt.Errorf("%q came back as %q", text, got)
	}
	return nil
}

func redirectsToHTTPS(t *testing.T, e *labEdge) {
	response, err := e.client().Post("http://"+e.http+"/api/flows?x=1", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusPermanentRedirect || response.Header.Get("Location") != "https://localhost:9443/api/flows?x=1" {
		t.Errorf("%s to %s", response.Status, response.Header.Get("Location"))
	}
}

func refusesNamesThatAreNotItsOwn(t *testing.T, e *labEdge) {
	for _, name := range []string{"other.example.com", ""} {
		if connection, err := e.dial(name); err == nil {
			_ = connection.Close()
			t.Errorf("shook hands as %q", name)
		} else if !strings.Contains(err.Error(), "unrecognized name") {
			t.Errorf("as %q: %v", name, err)
		}
	}
	if got := e.ask("GET", "/", "Host: other.example.com"); got.status != http.StatusMisdirectedRequest {
		t.Errorf("a request for another host: %d", got.status)
	}
}

func showsOtherContainersItsVersionOnly(t *testing.T, e *labEdge) {
	ask := `for path in / /stub_status /healthz; do curl -so /dev/null -w "%%{http_code} " http://%s:%d$path; done`
	if got := e.inside(t, fmt.Sprintf(ask, "127.0.0.1", nginxconf.StatusPort)); got != "404 200 200" {
		t.Errorf("to itself: %s", got)
	}
	other := docker(t, "run", "--rm", "--network", e.name+"-app", testImage, "sh", "-c", fmt.Sprintf(ask, Host, nginxconf.StatusPort))
	if other != "403 403 200" {
		t.Errorf("to another container: %s", other)
	}
}

func TestEdge_AnswersToAnAddressWithoutAName(t *testing.T) {
	t.Parallel()
	e := startEdge(t, func(a *Args) { a.TLS.AlsoFor = []string{"127.0.0.1"} })
	connection, err := e.dial("")
	if err != nil {
		t.Fatal(err)
	}
	_ = connection.Close()
	if _, err := e.dial("other.example.com"); err == nil {
		t.Error("shook hands under another name")
	}
	if got := e.ask("GET", "/", "Host: "+e.https); got.status != 200 {
		t.Errorf("a request for the address: %d", got.status)
	}
	if got := e.ask("GET", "/", "Host: other.example.com"); got.status != http.StatusMisdirectedRequest {
		t.Errorf("a request for another host: %d", got.status)
	}
}

func TestEdge_LetsInOnlyWhoIsAllowed(t *testing.T) {
	t.Parallel()
	e := startEdge(t, func(a *Args) { a.Edge.Allow = []string{"203.0.113.0/24"} })
	for _, path := range []string{"/", "/api/flows", "/api/health", "/docs"} {
		if got := e.ask("GET", path, "X-Forwarded-For: 203.0.113.9"); got.status != http.StatusForbidden {
			t.Errorf("%s from elsewhere, with the credential: %d", path, got.status)
		}
	}
	if _, status := e.websocket(t, "/api/events/in"); status != http.StatusForbidden {
		t.Errorf("a WebSocket from elsewhere: %d", status)
	}
	response, err := e.client().Get("http://" + e.http + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("http from elsewhere: %d", response.StatusCode)
	}
}

func TestEdge_BelievesTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	// Connections to a published port come from the gateway of the network, which plays the load balancer here.
	e := startEdge(t, func(a *Args) {
		a.Edge.Allow = []string{"203.0.113.0/24"}
		a.Edge.TrustedProxies = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
	})
	for forwarded, want := range map[string]int{"203.0.113.9": 200, "198.51.100.9": 403, "203.0.113.9, 198.51.100.9": 403, "": 403} {
		got := e.ask("GET", "/api/flows", "X-Forwarded-For: "+forwarded)
		if got.status != want {
			t.Errorf("forwarded for %q: %d, want %d", forwarded, got.status, want)
		}
		if got.status == 200 && got.echo(t).Headers.Get("X-Forwarded-For") != "203.0.113.9" {
			t.Errorf("the API saw %v", got.echo(t).Headers)
		}
	}
}

func TestEdge_LimitsBurstsAndSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	tight := func(a *Args) {
		a.Edge.Limits.API.PerSecond, a.Edge.Limits.API.Burst = 1, 5
		a.Edge.Limits.WebSocket.PerSecond, a.Edge.Limits.WebSocket.Burst = 1, 0
		a.Edge.Limits.Connections = 3
	}
	e := startEdge(t, tight)
	statuses := map[int]int{}
	for range 20 {
		got := e.ask("GET", "/api/flows")
		statuses[got.status]++
		if got.status == http.StatusTooManyRequests && got.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
		}
		if got.status == 200 && got.header.Get("Retry-After") != "" {
			t.Error("asks to come back after a success")
		}
	}
	if statuses[200] < 6 || statuses[200] > 8 || statuses[429] != 20-statuses[200] {
		t.Errorf("20 at once with a burst of 5: %v", statuses)
	}
	if got := e.ask("GET", "/"); got.status != 200 {
		t.Errorf("the UI is limited with the API: %d", got.status)
	}
	_, first := e.websocket(t, "/api/events/in")
	_, second := e.websocket(t, "/api/events/in")
	if first != 101 || second != 429 {
		t.Errorf("two WebSockets at once: %d, %d", first, second)
	}

	t.Run("but not whom it exempts", func(t *testing.T) {
		e.args.Edge.Exempt = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
		if log, err := e.install(); err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		for range 20 {
			if got := e.ask("GET", "/api/flows"); got.status != 200 {
				t.Fatalf("%d", got.status)
			}
		}
	})
}

func TestEdge_LimitsConnectionsAtATime(t *testing.T) {
	t.Parallel()
	e := startEdge(t, func(a *Args) { a.Edge.Limits.Connections = 2 })
	for range 2 {
		if _, status := e.websocket(t, "/api/events/in"); status != 101 {
			t.Fatalf("%d", status)
		}
	}
	if got := e.ask("GET", "/api/flows"); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "1" {
		t.Errorf("%d %v", got.status, got.header)
	}
}

func keepsAssetsButNothingElse(t *testing.T, e *labEdge) {
	first, second := e.ask("GET", "/v2/assets/index-1a2b.js"), e.ask("GET", "/v2/assets/index-1a2b.js", "Accept-Encoding: gzip")
	if first.header.Get("X-Served") != second.header.Get("X-Served") || second.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("served anew or not compressed: %v, then %v", first.header, second.header)
	}
	for _, got := range []reply{first, second} {
		if got.header.Get("Cache-Control") != "private, max-age=31536000, immutable" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("headers are %v", got.header)
		}
	}
	if got := e.ask("GET", "/v2/assets/index-1a2b.js", "Authorization: "); got.status != 401 {
		t.Errorf("a kept asset without credential: %d", got.status)
	}
	for _, path := range []string{"/v2/assets/missing.js", "/v2/dashboard"} {
		first, second := e.ask("GET", path), e.ask("GET", path)
		if first.header.Get("X-Served") == second.header.Get("X-Served") || first.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s was kept: %v", path, second.header)
		}
	}
}
