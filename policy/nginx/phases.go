package nginx

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Client is who sends a request.
type Client struct {
	// Listed says that the address is in the allowlist, Credential that the request has the right one.
	Listed, Credential bool
}

// Kind is how a request ends.
type Kind int

// The ends of a request.
const (
	Refused    Kind = iota // with an error of nginx's own
	Answered               // with a text of the configuration
	Redirected             // to Target
	Proxied                // to the upstream of Target, as Path
	Status                 // with the figures of stub_status
	Unclear                // it is not understood, see Why
)

// Outcome is one way in which a request can end. A request has several: limits may be hit, the API may fail.
type Outcome struct {
	Kind   Kind
	Code   int
	Target string // of a redirect, or the argument of proxy_pass
	Path   string // path and query that an upstream gets
	Why    string
	At     *Directive // what ends it
}

// Outcomes follows a request to a server through nginx's phases, into every error page that it may be led to: realip, rewrite (return, if), preaccess
// (limit_req, limit_conn), access (allow, auth_basic, auth_request), precontent (try_files), content. There are no files: the caller makes sure that root is a folder
// that does not exist.
func (c *Config) Outcomes(s *Server, r Request, client Client) []Outcome {
	raw, _, _ := strings.Cut(r.URI, "?")
	uri, ok := normalise(raw)
	if !ok {
		return []Outcome{{Kind: Refused, Code: 400, At: s.Of}}
	}
	w := &walker{conf: c, server: s, request: r, client: client, seen: map[string]bool{}}
	w.serverRewrite(state{uri: uri})
	return w.ends
}

type walker struct {
	conf    *Config
	server  *Server
	request Request
	client  Client
	seen    map[string]bool
	ends    []Outcome
}

// state is how far a request has come.
type state struct {
	uri      string
	internal bool // led here from within
	changed  bool // the path is not the client's any more
	status   int  // what the client will be told, whatever comes; 0 for what the end says
}

func (w *walker) end(o Outcome) { w.ends = append(w.ends, o) }

func (w *walker) serverRewrite(st state) {
	if w.rewrite(&w.server.Scope, st) {
		return
	}
	location, slash := w.server.Locate(st.uri)
	switch {
	case slash:
		w.end(Outcome{Kind: Redirected, Code: 301, Target: st.uri + "/", At: location.orServer(w.server)})
	case location == nil:
		w.visit(&w.server.Scope, nil, st)
	case len(location.Own("internal")) > 0 && !st.internal:
		w.status(404, &location.Scope, location.Of, st)
	default:
		w.visit(&location.Scope, location, st)
	}
}

func (l *Location) orServer(s *Server) *Directive {
	if l != nil {
		return l.Of
	}
	return s.Of
}

// visit runs a request through a location; without one, through the server itself.
func (w *walker) visit(s *Scope, l *Location, st state) {
	key := fmt.Sprintf("%p %+v", s.Of, st)
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	w.provoked(s, st)
	if w.rewrite(s, st) {
		return
	}
	if len(s.Effective("limit_req")) > 0 {
		w.status(number(s.Value("limit_req_status", "503")), s, s.Of, st)
	}
	if len(s.Effective("limit_conn")) > 0 {
		w.status(number(s.Value("limit_conn_status", "503")), s, s.Of, st)
	}
	if w.access(s, st) && !w.precontent(s, st) {
		w.content(s, l, st)
	}
}

// provoked are errors that a client can bring about before anything is checked: a bad header, a method, a body that is too large.
func (w *walker) provoked(s *Scope, st state) {
	for _, d := range s.Effective("error_page") {
		for _, arg := range d.Args {
			if code := number(arg); code >= 400 && code <= 500 {
				w.status(code, s, s.Of, st)
			}
		}
	}
}

// rewrite runs return and if; it reports whether the request ends here in any case. What an `if` depends on is not asked: both ways are followed.
func (w *walker) rewrite(s *Scope, st state) bool {
	for _, d := range s.Of.Block {
		switch d.Directive {
		case "return":
			w.returns(s, d, st)
			return true
		case "if":
			for _, inner := range d.Block {
				if inner.Directive == "return" {
					w.returns(s, inner, st)
				}
			}
		}
	}
	return false
}

func (w *walker) returns(s *Scope, d *Directive, st state) {
	if len(d.Args) == 0 {
		return
	}
	code, text := number(d.Args[0]), d.Args[len(d.Args)-1]
	redirects := slices.Contains([]int{301, 302, 303, 307, 308}, code)
	switch {
	case code == 0:
		w.end(Outcome{Kind: Redirected, Code: 302, Target: text, At: d})
	case redirects && len(d.Args) == 2:
		w.end(Outcome{Kind: Redirected, Code: code, Target: text, At: d})
	case code >= 400 && len(d.Args) == 1: // with a text, no error page is asked (ngx_http_script_return_code)
		w.status(code, s, d, st)
	default:
		if st.status != 0 {
			code = st.status
		}
		w.end(Outcome{Kind: Answered, Code: code, At: d})
	}
}

// access reports whether the request may pass. Whether `satisfy any` opens it is not asked here.
func (w *walker) access(s *Scope, st state) bool {
	if !w.client.Listed && !s.LetsStrangers() {
		w.status(403, s, s.Of, st)
		return false
	}
	realm, file := s.Last("auth_basic"), s.Last("auth_basic_user_file")
	if realm != nil && file != nil { // without a file nginx asks for nothing (ngx_http_auth_basic_handler)
		value, err := w.conf.Eval(realm.Args[0], w.request)
		if err != nil {
			w.end(Outcome{Kind: Unclear, Why: err.Error(), At: realm})
			return false
		}
		if value != "off" && !w.client.Credential {
			w.status(401, s, realm, st)
			return false
		}
	}
	if s.Value("auth_request", "off") != "off" {
		for _, code := range []int{401, 403, 500} {
			w.status(code, s, s.Of, st)
		}
	}
	return true
}

// precontent runs try_files; it reports whether there is any.
func (w *walker) precontent(s *Scope, st state) bool {
	tries := s.Own("try_files")
	if len(tries) == 0 || len(tries[0].Args) < 2 {
		return false
	}
	d := tries[0]
	last := d.Args[len(d.Args)-1]
	if code, ok := strings.CutPrefix(last, "="); ok {
		w.status(number(code), s, d, st)
	} else {
		w.lead(last, d, st)
	}
	return true
}

func (w *walker) content(s *Scope, l *Location, st state) {
	switch {
	case len(s.Own("proxy_pass")) > 0 && l != nil:
		d := s.Own("proxy_pass")[0]
		w.end(Outcome{Kind: Proxied, Code: 200, Target: d.Args[0], Path: w.upstreamPath(d.Args[0], l, st), At: d})
		for _, page := range s.Effective("error_page") {
			for _, arg := range page.Args {
				if code := number(arg); code != 0 {
					w.status(code, s, d, st)
				}
			}
		}
	case len(s.Own("stub_status")) > 0:
		w.end(Outcome{Kind: Status, Code: 200, At: s.Own("stub_status")[0]})
	default:
		w.status(404, s, s.Of, st)
	}
}

// upstreamPath is what proxy_pass sends: as the client wrote it, unless there is a path of its own or the request was led elsewhere.
func (w *walker) upstreamPath(target string, l *Location, st state) string {
	_, rest, _ := strings.Cut(target, "://")
	_, own, replaced := strings.Cut(rest, "/")
	_, query, asked := strings.Cut(w.request.URI, "?")
	sent := st.uri
	switch {
	case replaced:
		sent = "/" + own + strings.TrimPrefix(st.uri, l.Pattern)
	case !st.changed:
		return w.request.URI
	}
	if asked {
		sent += "?" + query
	}
	return sent
}

// status ends a request with an error, or leads it to the error page that counts here.
func (w *walker) status(code int, s *Scope, at *Directive, st state) {
	if code < 300 {
		w.end(Outcome{Kind: Unclear, Why: fmt.Sprintf("it ends with the code %d", code), At: at})
		return
	}
	for _, d := range s.Effective("error_page") {
		if !slices.Contains(d.Args, strconv.Itoa(code)) {
			continue
		}
		next := st
		next.status = code
		if i := slices.IndexFunc(d.Args, func(arg string) bool { return strings.HasPrefix(arg, "=") }); i >= 0 {
			next.status = number(d.Args[i][1:]) // a lone = leaves the code to the page
		}
		w.lead(d.Args[len(d.Args)-1], d, next)
		return
	}
	if st.status != 0 {
		code = st.status
	}
	w.end(Outcome{Kind: Refused, Code: code, At: at})
}

// lead goes on at a named location, another path or another site.
func (w *walker) lead(to string, d *Directive, st state) {
	targets, ok := w.conf.Values(to)
	if !ok {
		w.end(Outcome{Kind: Unclear, Why: to + " can be anything", At: d})
		return
	}
	for _, target := range targets {
		next := st
		next.internal = true
		switch {
		case strings.HasPrefix(target, "@"):
			if named := w.server.Named(target); named != nil {
				w.visit(&named.Scope, named, next)
			} else {
				w.end(Outcome{Kind: Unclear, Why: target + " does not exist", At: d})
			}
		case strings.HasPrefix(target, "/"):
			next.uri, next.changed = target, true
			key := fmt.Sprintf("rewrite %+v", next)
			if !w.seen[key] {
				w.seen[key] = true
				w.serverRewrite(next)
			}
		case strings.Contains(target, "://"):
			w.end(Outcome{Kind: Redirected, Code: 302, Target: target, At: d})
		default:
			w.end(Outcome{Kind: Unclear, Why: fmt.Sprintf("%q is no place to go on", target), At: d})
		}
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// normalise is what nginx makes of the path of a request: percent signs decoded, slashes merged, dots resolved. ok is false for what it answers with 400.
func normalise(raw string) (uri string, ok bool) {
	if !strings.HasPrefix(raw, "/") {
		return "", false
	}
	var decoded strings.Builder
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '#' {
			break
		}
		if c == '%' {
			if i+2 >= len(raw) {
				return "", false
			}
			n, err := strconv.ParseUint(raw[i+1:i+3], 16, 8)
			if err != nil || n == 0 {
				return "", false
			}
			c = byte(n)
			i += 2
		}
		decoded.WriteByte(c)
	}
	depth := 0
	segments := strings.Split(decoded.String(), "/")
	for _, segment := range segments {
		switch segment {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return "", false
			}
		default:
			depth++
		}
	}
	clean := path.Clean(decoded.String())
	if last := segments[len(segments)-1]; clean != "/" && (last == "" || last == "." || last == "..") {
		clean += "/"
	}
	return clean, true
}

// Classes tells requests for a path apart that may end in different ways. Those of one class end alike, but for the path that an upstream gets: what follows depends on
// the first location and on what each auth_basic says. fixed says that all requests for the path are of one class.
func (c *Config) Classes(s *Server, path string) (class func(Request) string, fixed bool) {
	raw, _, _ := strings.Cut(path, "?")
	uri, ok := normalise(raw)
	if !ok {
		return func(Request) string { return "bad" }, true
	}
	location, slash := s.Locate(uri)
	first := fmt.Sprintf("%p %v", location, slash)
	realms := s.realms()
	return func(r Request) string {
		class := first
		for _, realm := range realms {
			value, err := c.Eval(realm, r)
			if err != nil {
				value = "?" + err.Error()
			}
			class += " " + value
		}
		return class
	}, len(realms) == 0
}

// realms are the different arguments of auth_basic that count somewhere in the server and may change from request to request.
func (s *Server) realms() []string {
	if s.variableRealms != nil {
		return s.variableRealms
	}
	all := []string{}
	scopes := []*Scope{&s.Scope}
	for _, l := range s.Locations {
		scopes = append(scopes, &l.Scope)
	}
	for _, scope := range scopes {
		if value := scope.Value("auth_basic", "off"); strings.Contains(value, "$") && !slices.Contains(all, value) {
			all = append(all, value)
		}
	}
	s.variableRealms = all
	return all
}
