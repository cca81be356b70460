package rules

import (
	"encoding/base64"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"prefect-platform/internal/tokens"
	"prefect-platform/policy/nginx"
)

// edge is a configuration of nginx that a container mounts, or that the edge's component recorded.
type edge struct {
	*nginx.Config
	problems []nginx.Problem
	// mounted are the names of the files that lie beside it; nil for what was recorded, which is the text alone.
	mounted []string

	ways func() ways // see edge_ways.go
}

// Files of a release that this program's installer makes (components/proxy/files/install), and the one whose text is secret.
const (
	edgeConf          = "nginx.conf"
	edgeVersion       = "version.conf"
	edgeAuthorization = "authorization.map"
)

var generated = map[string]string{edgeVersion: "return 200 1;"}

// edges are the configurations of the resource that is judged. Those that cannot be read are left to auth-edge-readable.
func edges(c *Case) []*edge {
	return slices.DeleteFunc(edgesOf(c, c.Resource), func(e *edge) bool { return e.Config == nil || len(e.problems) > 0 })
}

// overEdges judges each configuration.
func overEdges(judge func(*Case, *edge)) func(*Case) {
	return func(c *Case) {
		for _, e := range edges(c) {
			judge(c, e)
		}
	}
}

func edgesOf(c *Case, r Resource) []*edge {
	quiet := &Case{Facts: c.Facts} // what is unknown or has a wrong type is refused by auth-edge-readable
	quiet.Preview = true
	switch r.Type {
	case tokens.Proxy:
		text, ok := quiet.PropertyOf(r, tokens.InputNginxConf).Text()
		if !ok || strings.TrimSpace(text) == "" {
			return nil
		}
		return []*edge{parsed("/"+edgeConf, map[string]nginx.File{"/" + edgeConf: {Text: text}, "/" + edgeAuthorization: {Unknown: true}}, false)}
	case tokens.Container:
		return mountedEdges(quiet, r)
	}
	return nil
}

// mountedEdges are the configurations among a container's files: whole ones, each with what it includes, and parts that an image's own may include.
func mountedEdges(c *Case, r Resource) []*edge {
	runs := runsNginx(c, r)
	files := map[string]nginx.File{}
	var whole, parts []string
	for _, f := range edgeFiles(c, r) {
		files[f.path] = nginx.File{Text: f.text, Unknown: !f.known}
		if !f.known {
			continue
		}
		switch speaksNginx(f.path, f.text, runs) {
		case itself:
			whole = append(whole, f.path)
		case partly:
			parts = append(parts, f.path)
		}
	}
	var all []*edge
	for _, main := range whole {
		e := parsed(main, files, true)
		all = append(all, e)
		parts = slices.DeleteFunc(parts, func(part string) bool { return strings.Contains(files[main].Text, path.Base(part)) })
	}
	for _, part := range parts {
		main := "/image.conf"
		files[main] = nginx.File{Text: fmt.Sprintf("events {} http { include %q; }", part)}
		all = append(all, parsed(main, files, true))
		delete(files, main)
	}
	return all
}

type edgeFile struct {
	path, text string
	known      bool
}

// edgeFiles are a container's files as text, however they are given.
func edgeFiles(c *Case, r Resource) []edgeFile {
	items, _ := c.PropertyOf(r, "uploads").Items()
	var all []edgeFile
	for _, item := range items {
		f := edgeFile{}
		f.path, _ = item.Get("file").Text()
		f.path = path.Clean("/" + f.path)
		f.text, f.known = item.Get("content").Text()
		if encoded, ok := item.Get("contentBase64").Text(); ok && encoded != "" {
			decoded, err := base64.StdEncoding.DecodeString(encoded)
			f.text, f.known = string(decoded), err == nil
		}
		all = append(all, f)
	}
	return all
}

var (
	// wholeConf begins a block that only stands at the top of nginx.conf.
	wholeConf = regexp.MustCompile(`(?:^|[;{}\s])(?:events|http|stream|mail)\s*\{`)
	// servesConf is what hardly anything but a server of nginx says.
	servesConf = regexp.MustCompile(`(?s)(?:^|[;{}\s])(?:http|stream|server)\s*\{.*\blisten\s`)
	// speaks are words that are enough within a container of nginx or a file that is named like its.
	speaks  = regexp.MustCompile(`(?:^|[;{}\s])(?:server\s*\{|location\s+[^;{]+\{|upstream\s+[^\s;{]+\s*\{|(?:map|geo)\s+[^;{]+\{|if\s*\([^;{]*\)\s*\{|(?:listen|proxy_pass|return|rewrite|auth_basic|include|root|alias|satisfy|allow|load_module)\s+[^;=()]+;)`)
	comment = regexp.MustCompile(`(?m)(^|\s)#.*$`)
	// families are programs that read the configuration of nginx.
	families = []string{"nginx", "openresty", "angie", "tengine", "freenginx"}
)

// spoken keeps what was found out about a file, for every rule asks for every file.
var spoken = remembered[fileSeen, configuration]{most: 512}

// configuration is what a file is to nginx.
type configuration int

const (
	nothing configuration = iota
	partly                // something that another file includes
	itself                // what nginx is given
)

type fileSeen struct {
	name, text string
	runs       bool
}

func speaksNginx(name, text string, runs bool) configuration {
	return spoken.get(fileSeen{name, text, runs}, func() configuration {
		if strings.HasPrefix(text, "#!") {
			return nothing
		}
		text := comment.ReplaceAllString(text, "$1")
		named := runs || strings.Contains(strings.ToLower(name), "nginx")
		switch whole := wholeConf.MatchString(text); {
		case whole && (named || strings.Contains(text, "proxy_pass") || servesConf.MatchString(text)):
			return itself
		case servesConf.MatchString(text) || named && speaks.MatchString(text):
			return partly
		}
		return nothing
	})
}

// runsNginx reports whether a container's image or command is nginx or one of its kin.
func runsNginx(c *Case, r Resource) bool {
	image, _ := c.PropertyOf(r, "image").Text()
	words := append(c.PropertyOf(r, "entrypoints").Texts(), c.PropertyOf(r, "command").Texts()...)
	return slices.ContainsFunc(append(words, image), func(word string) bool {
		return slices.ContainsFunc(families, func(name string) bool { return strings.Contains(strings.ToLower(word), name) })
	})
}

// parsings keeps what was parsed, since many rules ask for the same text.
var parsings = remembered[string, *edge]{most: 16}

// remembered keeps results by what they were made of, and forgets all when there are more than a stack can have.
type remembered[K comparable, T any] struct {
	most  int
	mutex sync.Mutex
	of    map[K]T
}

func (r *remembered[K, T]) get(key K, produce func() T) T {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if made, ok := r.of[key]; ok {
		return made
	}
	if r.of == nil || len(r.of) >= r.most {
		r.of = map[K]T{}
	}
	r.of[key] = produce()
	return r.of[key]
}

func parsed(main string, files map[string]nginx.File, mounted bool) *edge {
	names := slices.Sorted(maps.Keys(files))
	var key strings.Builder
	fmt.Fprintf(&key, "%q %v", main, mounted)
	for _, name := range names {
		fmt.Fprintf(&key, " %q %v %d %s", name, files[name].Unknown, len(files[name].Text), files[name].Text)
	}
	return parsings.get(key.String(), func() *edge { return parse(main, names, files, mounted) })
}

func parse(main string, names []string, files map[string]nginx.File, mounted bool) *edge {
	e := &edge{}
	relevant := map[string]nginx.File{}
	for name, file := range files {
		if name == main || strings.Contains(files[main].Text, path.Base(name)) {
			relevant[name] = file
		}
	}
	e.Config, e.problems = nginx.Parse(main, relevant, generated)
	if mounted {
		e.mounted = names
	}
	e.ways = sync.OnceValue(func() ways {
		if e.includesDecide() {
			return findWays(e.Config)
		}
		return waysOf.get(files[main].Text, func() ways { return findWays(e.Config) })
	})
	return e
}

// waysOf keeps where the requests of a text lead: the one that was recorded is the one that is mounted.
var waysOf = remembered[string, ways]{most: 16}

// includesDecide reports whether the way of a request depends on a variable of an included file.
func (e *edge) includesDecide() bool {
	decide := false
	e.Walk(func(d *nginx.Directive, _ []*nginx.Directive) {
		if !slices.Contains([]string{"auth_basic", "error_page", "try_files"}, d.Directive) {
			return
		}
		for _, name := range e.DependsOn(strings.Join(d.Args, " ")) {
			m := e.Definition(name)
			decide = decide || m != nil && m.File != e.Main
		}
	})
	return decide
}

// public are the servers that clients can reach: all but the one that only answers the container's own health check.
func (e *edge) public() []*nginx.Server {
	return slices.DeleteFunc(slices.Clone(e.Servers), isStatus)
}

// isStatus recognises a server that serves nothing but figures of nginx itself and the version that runs.
func isStatus(s *nginx.Server) bool {
	if len(s.Locations) == 0 || len(s.Own("return", "if", "proxy_pass")) > 0 || usesTLS(s) {
		return false
	}
	return !slices.ContainsFunc(s.Locations, func(l *nginx.Location) bool {
		version := l.Modifier == "=" && l.Pattern == "/healthz" && !slices.ContainsFunc(l.Own("return"), func(d *nginx.Directive) bool { return path.Base(d.File) != edgeVersion })
		figures := len(l.Own("stub_status")) > 0 && len(l.Own("return")) == 0
		return !version && !figures || len(l.Own("proxy_pass", "try_files", "if", "error_page")) > 0
	})
}

// usesTLS reports whether all of a server's ports speak TLS. Without a listen directive nginx opens port 80 or 8000.
func usesTLS(s *nginx.Server) bool {
	listens := s.Own("listen")
	return len(listens) > 0 && !slices.ContainsFunc(listens, func(d *nginx.Directive) bool {
		return !slices.Contains(d.Args[1:], "ssl") && !slices.Contains(d.Args[1:], "quic")
	})
}

// scopes are a server and its locations.
func scopes(s *nginx.Server) []*nginx.Scope {
	all := []*nginx.Scope{&s.Scope}
	for _, l := range s.Locations {
		all = append(all, &l.Scope)
	}
	return all
}

// serverName is how a message speaks of a server.
func serverName(s *nginx.Server) string {
	var listens []string
	for _, d := range s.Own("listen") {
		listens = append(listens, nginx.Text(d))
	}
	return fmt.Sprintf("the server of line %d (%s)", s.Of.Line, strings.Join(listens, ", "))
}
