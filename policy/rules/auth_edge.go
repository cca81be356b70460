package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"prefect-platform/internal/tokens"
	"prefect-platform/policy/nginx"
)

// template is where the edge's configuration is written.
const template = "internal/nginxconf/nginx.conf.tmpl"

var authEdgeRules = []Rule{
	{
		ID:       "auth-edge-readable",
		Sentence: "Every configuration of nginx that a container mounts can be read as nginx reads it, with all that it includes.",
		Why:      "What cannot be read cannot be judged: an include of a file that is not known may hold a location without a credential (OWASP ASVS 5.0 15.2.3).",
		Resource: readable,
	},
	{
		ID:       "auth-edge-same",
		Sentence: "The configuration that the edge recorded is the one that its installer mounts.",
		Why:      "Policies judge the recorded text in a preview in which files may be unknown; two texts would let one be judged and the other run.",
		Stack:    sameText,
	},
	{
		ID:       "auth-edge-directives",
		Sentence: "The edge uses only directives whose effect on who reaches what is known.",
		Why:      "Modules run code, mirror sends requests with their credential elsewhere, alias and dav serve files (OWASP ASVS 5.0 13.4.1); whatever is not known here is refused, not guessed.",
		Resource: overEdges(knownDirectives),
	},
	{
		ID:       "auth-edge-included",
		Sentence: "A file that the edge includes holds maps and nothing else.",
		Why:      "It is secret or made on the host, so no preview shows it; a server or location in it would be seen by nobody.",
		Resource: overEdges(includesMaps),
	},
	{
		ID:       "auth-edge-routes",
		Sentence: "Every route of the edge demands a credential, but GET /api/health and the five WebSocket paths of Prefect.",
		Why:      "Prefect's API runs code on workers (OWASP ASVS 5.0 8.3.1). WebSocket paths are excepted because Prefect's clients send no header there (Prefect #22812, #15274). Proved by requests that the configuration itself suggests, followed through nginx's phases and error pages.",
		Resource: overEdges(func(c *Case, e *edge) {
			told := map[*nginx.Directive]bool{}
			for _, w := range e.ways().anonymous {
				if !told[w.outcome.At] {
					told[w.outcome.At] = true
					c.Refuse(fmt.Sprintf("%s, without a credential, %s (%s)", w, ending(w.outcome), nginx.Place(w.outcome.At)), "make the location, and whatever leads to it before the access phase (return, error_page), demand auth_basic in "+template)
				}
			}
		}),
	},
	{
		ID:       "auth-edge-satisfy",
		Sentence: "The edge demands the allowlist and the credential.",
		Why:      "With satisfy any an address in the allowlist needs no credential (nginx, ngx_http_core_module, satisfy; OWASP ASVS 5.0 8.3.1).",
		Resource: overEdges(func(c *Case, e *edge) {
			e.Walk(func(d *nginx.Directive, _ []*nginx.Directive) {
				if d.Directive == "satisfy" && d.Args[0] != "all" {
					c.Refuse(nginx.Place(d), "write satisfy all in "+template)
				}
			})
		}),
	},
	{
		ID:       "auth-edge-password-file",
		Sentence: "The edge checks passwords against files that are mounted with its configuration.",
		Why:      "Another file may hold anybody's password, or be missing, in which case nginx refuses everyone.",
		Resource: overEdges(passwordFiles),
	},
	{
		ID:       "auth-edge-authorization",
		Sentence: "What the API is told of a client's credential is what the client sent, or the active one for the one before the last rotation.",
		Why:      "A credential that the edge adds by itself makes every request an authorised one (OWASP ASVS 5.0 6.3.1).",
		Resource: overEdges(authorizationHeader),
	},
	{
		ID:       "auth-edge-upstream",
		Sentence: "The edge leads to the Prefect API and to Grafana, and to nothing else.",
		Why:      "A target that a client can choose makes the edge a way into every network that it joins (OWASP ASVS 5.0 1.3.6, SSRF).",
		Resource: overEdges(upstreams),
	},
}

func ending(o nginx.Outcome) string {
	switch o.Kind {
	case nginx.Proxied:
		return "reaches " + o.Target
	case nginx.Redirected:
		return "is redirected to " + o.Target
	case nginx.Status:
		return "gets the figures of stub_status"
	case nginx.Unclear:
		return "may get anywhere: " + o.Why
	}
	return fmt.Sprintf("is answered with %d", o.Code)
}

func readable(c *Case) {
	if c.Is(tokens.Proxy) {
		if text, ok := c.Property(tokens.InputNginxConf).Text(); ok && strings.TrimSpace(text) == "" || !c.Property(tokens.InputNginxConf).Exists() {
			c.Refuse("it records no "+tokens.InputNginxConf, "record the text of nginx.conf, as components/proxy does")
		}
	}
	if c.Is(tokens.Container) {
		readableFiles(c)
	}
	for _, e := range edgesOf(c, c.Resource) {
		for _, p := range e.problems {
			c.Refuse(p.String(), "mend it in "+template+", and include nothing but "+edgeAuthorization+" and "+edgeVersion)
		}
	}
}

// readableFiles reads the files loudly where nginx may read them: what is unknown even in an `up` or has an odd type is refused.
func readableFiles(c *Case) {
	quiet := &Case{Facts: Facts{Preview: true}}
	runs := runsNginx(quiet, c.Resource)
	items, _ := c.Property("uploads").Items()
	for _, item := range items {
		name, _ := item.Get("file").Text()
		if !runs && !strings.Contains(strings.ToLower(name), "nginx") {
			continue
		}
		item.Get("content").Text()
		if from, ok := item.Get("source").Text(); ok && from != "" {
			c.Refuse(item.Path()+".source: "+name+" comes from a file of whoever runs Pulumi", "give its text as content")
		}
		if encoded, ok := item.Get("contentBase64").Text(); ok && encoded != "" && !readsBase64(c, name) {
			c.Refuse(item.Path()+".contentBase64: "+name+" cannot be decoded", "give its text as content")
		}
		if path.Ext(name) == ".template" {
			c.Refuse(item.Path()+": "+name+" is a template, which the image fills with its environment", "mount the finished configuration")
		}
	}
}

func readsBase64(c *Case, name string) bool {
	for _, f := range edgeFiles(&Case{Facts: Facts{Preview: true}}, c.Resource) {
		if f.path == path.Clean("/"+name) {
			return f.known
		}
	}
	return false
}

func sameText(c *Case, all []Resource) {
	for _, proxy := range all {
		if proxy.Type != tokens.Proxy {
			continue
		}
		recorded, ok := c.PropertyOf(proxy, tokens.InputNginxConf).Text()
		mounted := 0
		for _, r := range all {
			if r.Type != tokens.Container || !r.In(tokens.Proxy) || r.Parent != proxy.URN {
				continue
			}
			for _, f := range edgeFiles(&Case{Facts: Facts{Preview: true}}, r) {
				if path.Base(f.path) != edgeConf {
					continue
				}
				if mounted++; !f.known || f.text != recorded {
					c.RefuseOf(r, f.path+" is not the "+tokens.InputNginxConf+" that "+proxy.Name+" recorded", "record and mount the one text that Args.nginxConf returns in components/proxy")
				}
			}
		}
		if ok && mounted == 0 {
			c.RefuseOf(proxy, "none of its containers mounts the "+tokens.InputNginxConf+" that it recorded", "mount it with the installer, as components/proxy does")
		}
	}
}

func includesMaps(c *Case, e *edge) {
	main := path.Base(e.Main)
	if main != edgeConf { // a part that an image's own configuration includes is the main one here
		return
	}
	e.Walk(func(d *nginx.Directive, within []*nginx.Directive) {
		file := path.Base(d.File)
		if file == main || len(within) == 1 && d.Directive == "map" {
			return
		}
		if file == edgeVersion && d.Directive == "return" && slices.ContainsFunc(within, func(w *nginx.Directive) bool {
			return w.Directive == "location" && slices.Equal(w.Args, []string{"=", "/healthz"})
		}) {
			return
		}
		c.Refuse(fmt.Sprintf("%s line %d has %s, in a file that is included", file, d.Line, d.Directive), "write it in "+template+", where a preview sees it") // without its arguments: the file is secret
	})
}

func passwordFiles(c *Case, e *edge) {
	e.Walk(func(d *nginx.Directive, _ []*nginx.Directive) {
		if d.Directive != "auth_basic_user_file" {
			return
		}
		names, ok := e.Values(d.Args[0])
		if !ok {
			if e.Definition(d.Args[0]) != nil || len(e.Unseen) == 0 {
				c.Refuse(nginx.Place(d)+" can name any file", "let a map of "+edgeAuthorization+" choose among the password files")
			}
			return
		}
		for _, name := range names {
			switch {
			case name == "" || strings.Contains(name, "/"):
				c.Refuse(fmt.Sprintf("%s names %q", nginx.Place(d), name), "name a password file that is mounted beside nginx.conf, without a folder")
			case e.mounted != nil && !slices.Contains(e.mounted, path.Join(path.Dir(e.Main), name)):
				c.Refuse(fmt.Sprintf("%s names %q, which is not mounted", nginx.Place(d), name), "mount it beside nginx.conf, as credentialFiles in components/proxy does")
			}
		}
	})
}

func authorizationHeader(c *Case, e *edge) {
	e.Walk(func(d *nginx.Directive, _ []*nginx.Directive) {
		if d.Directive != "proxy_set_header" || !strings.EqualFold(d.Args[0], "Authorization") {
			return
		}
		value := d.Args[1]
		if value == "" || value == "$http_authorization" {
			return
		}
		definition := e.Definition(value)
		switch {
		case !strings.HasPrefix(value, "$"):
			c.Refuse("proxy_set_header Authorization is a credential of the edge's own ("+path.Base(d.File)+fmt.Sprintf(" line %d)", d.Line), "send what the client sent: $api_authorization")
		case definition == nil && len(e.Unseen) == 0:
			c.Refuse(nginx.Place(d)+" is defined nowhere", "send $api_authorization of "+edgeAuthorization)
		case definition != nil:
			if problem := rewrites(definition); problem != "" {
				c.Refuse(nginx.Place(d)+": "+problem, "let RenderAuthorization in internal/nginxconf write the map: it rewrites the kept credential only")
			}
		}
	})
}

// rewrites says what is wrong with a map that rewrites credentials; it names none.
func rewrites(m *nginx.Directive) string {
	if m.Directive != "map" || m.Args[0] != "$http_authorization" {
		return "it does not depend on what the client sent"
	}
	for _, e := range m.Block {
		switch {
		case len(e.Args) != 1:
			return "an entry of its map is not understood"
		case e.Directive == "default":
			if e.Args[0] != "$http_authorization" && e.Args[0] != "" {
				return "its map gives a credential to everybody"
			}
		case !strings.HasPrefix(e.Directive, "Basic ") || len(e.Directive) < len("Basic ")+4:
			return "its map gives a credential to whoever sends none, or to a pattern"
		}
	}
	return ""
}

func upstreams(c *Case, e *edge) {
	blocks := map[string]*nginx.Directive{}
	for _, d := range e.HTTP.Of.Block {
		if d.Directive == "upstream" {
			blocks[d.Args[0]] = d
		}
	}
	const change = "lead to the upstreams prefect, grafana or acme, as " + template + " does"
	e.Walk(func(d *nginx.Directive, within []*nginx.Directive) {
		if len(within) == 0 || within[0].Directive != "http" {
			return
		}
		switch d.Directive {
		case "proxy_pass":
			name, plain := strings.CutPrefix(d.Args[0], "http://")
			name, _, _ = strings.Cut(name, "/")
			if !plain || strings.Contains(d.Args[0], "$") || blocks[name] == nil {
				c.Refuse(nginx.Place(d), change)
			}
		case "server":
			if within[len(within)-1].Directive == "upstream" && !tokens.LeadsToAPI(d.Args[0]) && d.Args[0] != tokens.GrafanaEndpoint && d.Args[0] != tokens.ChallengeEndpoint {
				c.Refuse(nginx.Place(d)+", which is neither the API nor Grafana, nor what answers an authority", change)
			}
		}
	})
}
