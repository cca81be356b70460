//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// pace keeps a crawl below the edge's rate of pages, 50 per second.
const pace = 21 * time.Millisecond

// wrongCredentials are ways to ask without the right one; each leaves it out or gets it wrong.
func wrongCredentials() map[string]func(*http.Request) {
	return map[string]func(*http.Request){
		"no credential":    func(r *http.Request) { r.Header.Del("Authorization") },
		"a wrong password": func(r *http.Request) { r.SetBasicAuth(stack.User, stack.Password+"x") },
		"a wrong user":     func(r *http.Request) { r.SetBasicAuth("admin", stack.Password) },
		"an empty one":     func(r *http.Request) { r.SetBasicAuth("", "") },
		"another scheme":   func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+stack.AuthString()) },
		"no base64":        func(r *http.Request) { r.Header.Set("Authorization", "Basic "+stack.AuthString()) },
	}
}

// status makes one request and returns its status.
func status(t *testing.T, method, path string, change func(*http.Request)) int {
	t.Helper()
	request := stack.Request(t, method, path, nil)
	if change != nil {
		change(request)
	}
	answer, err := stack.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}

func TestAccess_WithoutTheRightCredentialEverythingIs401(t *testing.T) {
	paths := []string{
		"/", "/v2/", "/v2/dashboard", "/ui-settings", "/docs", "/redoc", "/openapi.json", "/nowhere",
		"/api", "/api/", "/api/ready", "/api/version", "/api/admin/settings", "/api/metrics", "/metrics", "/api/docs", "/api/openapi.json",
		// Ways to look like the path that is open, or like a WebSocket.
		"/api/health/", "/api/health/../version", "/api/%68ealth/../version", "//api/version", "/api/flows/health", "/api/events/in", "/api/logs/out",
	}
	for name, change := range wrongCredentials() {
		for _, path := range paths {
			if got := status(t, "GET", path, change); got != http.StatusUnauthorized {
				t.Errorf("GET %s with %s: %d, want 401", path, name, got)
			}
		}
		if got := status(t, "HEAD", "/api/health", change); got != http.StatusUnauthorized {
			t.Errorf("HEAD /api/health with %s: %d, want 401", name, got)
		}
		if got := status(t, "POST", "/api/health", change); got != http.StatusUnauthorized {
			t.Errorf("POST /api/health with %s: %d, want 401", name, got)
		}
	}
	if got := status(t, "GET", "/api/health", wrongCredentials()["no credential"]); got != http.StatusOK {
		t.Errorf("GET /api/health without a credential: %d, want 200", got)
	}
	if got := status(t, "GET", "/api/version", nil); got != http.StatusOK {
		t.Errorf("GET /api/version with the credential: %d, want 200", got)
	}
}

func TestAccess_NoRouteOfTheAPIIsOpen(t *testing.T) {
	routes := apiRoutes(t)
	if len(routes) < 150 {
		t.Fatalf("only %d routes in the API's own description", len(routes))
	}
	tick := time.NewTicker(pace / 2) // twice the pages' rate is allowed here
	defer tick.Stop()
	for _, route := range routes {
		<-tick.C
		want := http.StatusUnauthorized
		if route == "GET /api/health" {
			want = http.StatusOK
		}
		method, path, _ := strings.Cut(route, " ")
		if got := status(t, method, path, wrongCredentials()["no credential"]); got != want {
			t.Errorf("%s without a credential: %d, want %d", route, got, want)
		}
	}
	t.Logf("%d routes of the API, none but GET /api/health open", len(routes))
}

// apiRoutes lists method and path of all that the API describes, with made-up values for parameters.
func apiRoutes(t *testing.T) []string {
	t.Helper()
	const fetch = `import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:4200/openapi.json").read().decode())`
	result := stack.Exec(t, stack.Container(t, "api").ID, "python", "-c", fetch)
	var description struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(result.Stdout), &description); err != nil {
		t.Fatalf("%v: %s", err, result.Stderr)
	}
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	var routes []string
	for path, methods := range description.Paths {
		for method := range methods {
			path = parameter.ReplaceAllString(path, "00000000-0000-0000-0000-000000000000")
			routes = append(routes, strings.ToUpper(method)+" /api"+path) // it tells paths below /api, where it is mounted
		}
	}
	slices.Sort(routes)
	return routes
}

func TestAccess_NoPageOrAssetIsOpen(t *testing.T) {
	found := crawl(t)
	scripts := 0
	for path := range found {
		if strings.HasSuffix(path, ".js") {
			scripts++
		}
	}
	if len(found) < 20 || scripts < 5 {
		t.Fatalf("the crawl found %d pages and assets, %d scripts: it does not see the user interface", len(found), scripts)
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for path := range found {
		<-tick.C
		if got := status(t, "GET", path, wrongCredentials()["no credential"]); got != http.StatusUnauthorized {
			t.Errorf("GET %s without a credential: %d, want 401", path, got)
		}
	}
	t.Logf("%d pages and assets, none open", len(found))
}

var (
	// reference is a link or source in HTML, or a chunk that a script loads later.
	reference = regexp.MustCompile(`(?:href|src)="([A-Za-z0-9_./:-]+)"|"((?:\./|assets/)[A-Za-z0-9_./-]+\.(?:js|css|woff2?|svg|png))"`)
	maxCrawl  = 400
)

// crawl follows every reference from the two user interfaces with the credential.
func crawl(t *testing.T) map[string]bool {
	t.Helper()
	base, err := url.Parse(stack.URL)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	queue := []string{"/", "/v2/"}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for len(queue) > 0 && len(seen) < maxCrawl {
		path := queue[0]
		queue = queue[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		<-tick.C
		answer, err := stack.HTTP.Do(stack.Request(t, "GET", path, nil))
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		switch answer.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
			t.Errorf("GET %s with the credential: %d", path, answer.StatusCode)
		}
		if location := answer.Header.Get("Location"); location != "" {
			content = fmt.Appendf(content, "href=%q", location)
		}
		here := base.JoinPath(path)
		if strings.HasSuffix(path, "/") {
			here.Path = path
		}
		for _, match := range reference.FindAllSubmatch(content, -1) {
			next := string(bytes.Join(match[1:], nil))
			if strings.HasPrefix(next, "assets/") { // relative to where the interface is served, not to the script
				next = strings.TrimSuffix(path[:strings.Index(path+"assets/", "assets/")], "/") + "/" + next
			}
			target, err := here.Parse(next)
			if err == nil && target.Host == base.Host {
				queue = append(queue, target.Path)
			}
		}
	}
	return seen
}

// webSocketPaths are the five that Prefect's clients use.
var webSocketPaths = []string{
	"/api/events/in", "/api/events/out", "/api/logs/out", "/api/task_runs/subscriptions/scheduled", "/api/work_pools/default/workers/connect",
}

func TestAccess_WebSocketsWantTheToken(t *testing.T) {
	for _, path := range webSocketPaths {
		for name, token := range map[string]string{"no token": "", "a wrong token": stack.AuthString() + "x"} {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			answer, err := webSocketAuth(ctx, path, token)
			if err == nil {
				t.Errorf("%s with %s answered %s", path, name, answer)
			} else if ctx.Err() != nil {
				t.Errorf("%s with %s was left open", path, name)
			}
			cancel()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		answer, err := webSocketAuth(ctx, path, stack.AuthString())
		if err != nil || !strings.Contains(answer, "auth_success") {
			t.Errorf("%s with the token: %q, %v", path, answer, err)
		}
		cancel()
	}
}
