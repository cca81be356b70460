package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// site answers below the path of the root URL, and only there when that is not /.
type site struct {
	settings
	provisioned
	prefix string
}

func newSite(s settings, p provisioned) (http.Handler, error) {
	root, err := url.Parse(s.text("GF_SERVER_ROOT_URL"))
	if err != nil {
		return nil, fmt.Errorf("GF_SERVER_ROOT_URL: %w", err)
	}
	site := site{settings: s, provisioned: p}
	if s.on("GF_SERVER_SERVE_FROM_SUB_PATH") {
		site.prefix = strings.TrimSuffix(root.Path, "/")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"database": "ok", "version": version, "commit": "double of the lab"})
	})
	mux.HandleFunc("GET /metrics", site.metrics)
	mux.HandleFunc("GET /api/user", site.behindLogin(func(w http.ResponseWriter, _ *http.Request, login string) {
		answer(w, http.StatusOK, map[string]any{"login": login, "orgId": 1, "isGrafanaAdmin": login == site.text("GF_SECURITY_ADMIN_USER")})
	}))
	mux.HandleFunc("GET /api/search", site.behindLogin(site.search))
	mux.HandleFunc("GET /api/dashboards/uid/{uid}", site.behindLogin(site.dashboard))
	mux.HandleFunc("/api/datasources/proxy/uid/{uid}/{rest...}", site.behindLogin(site.query))
	mux.HandleFunc("GET /{$}", site.behindLogin(func(w http.ResponseWriter, _ *http.Request, _ string) {
		_, _ = io.WriteString(w, "This is the lab's double of Grafana, it draws nothing.\n")
	}))
	return http.StripPrefix(site.prefix, mux), nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s site) metrics(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if wanted := s.text("GF_METRICS_BASIC_AUTH_USERNAME"); wanted != "" && (!same(user, wanted) || !same(password, s.text("GF_METRICS_BASIC_AUTH_PASSWORD"))) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = fmt.Fprintf(w, "# TYPE grafana_build_info gauge\ngrafana_build_info{edition=\"double of the lab\",version=%q} 1\n", version)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// behindLogin tells who asks, or answers 401. As in Grafana, a header Authorization that a proxy hands on counts as a login to Grafana itself.
func (s site) behindLogin(next func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		login := ""
		if user, password, given := r.BasicAuth(); given && s.on("GF_AUTH_BASIC_ENABLED") {
			if same(user, s.text("GF_SECURITY_ADMIN_USER")) && same(password, s.text("GF_SECURITY_ADMIN_PASSWORD")) {
				login = user
			}
		} else if s.on("GF_AUTH_PROXY_ENABLED") && s.fromProxy(r.RemoteAddr) {
			login = r.Header.Get(s.text("GF_AUTH_PROXY_HEADER_NAME"))
		}
		if login == "" && s.on("GF_AUTH_ANONYMOUS_ENABLED") {
			login = "anonymous"
		}
		if login == "" {
			answer(w, http.StatusUnauthorized, map[string]any{"message": "Unauthorized"})
			return
		}
		next(w, r, login)
	}
}

// fromProxy compares the peer with the list of addresses and networks; an empty list trusts everyone.
func (s site) fromProxy(peer string) bool {
	list := strings.FieldsFunc(s.text("GF_AUTH_PROXY_WHITELIST"), func(r rune) bool { return r == ',' || r == ' ' })
	host, _, _ := net.SplitHostPort(peer)
	address, err := netip.ParseAddr(host)
	return len(list) == 0 || err == nil && slices.ContainsFunc(list, func(entry string) bool {
		network, err := netip.ParsePrefix(entry)
		return entry == address.Unmap().String() || err == nil && network.Contains(address.Unmap())
	})
}

func (s site) search(w http.ResponseWriter, _ *http.Request, _ string) {
	found := []map[string]any{}
	for _, uid := range slices.Sorted(maps.Keys(s.dashboards)) {
		d := s.dashboards[uid]
		found = append(found, map[string]any{"uid": uid, "title": d.Title, "tags": d.Tags, "type": "dash-db", "folderTitle": d.folder, "url": s.prefix + "/d/" + uid})
	}
	answer(w, http.StatusOK, found)
}

func (s site) dashboard(w http.ResponseWriter, r *http.Request, _ string) {
	d, ok := s.dashboards[r.PathValue("uid")]
	if !ok {
		answer(w, http.StatusNotFound, map[string]any{"message": "Dashboard not found"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"dashboard": d.file, "meta": map[string]any{"provisioned": true, "folderTitle": d.folder}})
}

// query hands a request on to a data source, without who asked it.
func (s site) query(w http.ResponseWriter, r *http.Request, _ string) {
	source, ok := s.dataSources[r.PathValue("uid")]
	target, err := url.Parse(source.URL)
	if !ok || err != nil {
		answer(w, http.StatusNotFound, map[string]any{"message": "Unable to find datasource"})
		return
	}
	proxy := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Path, p.Out.URL.RawPath = "/"+r.PathValue("rest"), ""
		p.SetURL(target)
		for _, header := range []string{"Authorization", "Cookie", s.text("GF_AUTH_PROXY_HEADER_NAME")} {
			p.Out.Header.Del(header)
		}
	}}
	proxy.ServeHTTP(w, r)
}
