package rules

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"prefect-platform/internal/tokens"
	"prefect-platform/policy/nginx"
)

var authGrafanaRules = []Rule{
	{
		ID:       "auth-grafana-anonymous",
		Sentence: "Grafana lets nobody in without logging in.",
		Why:      "Its dashboards and data sources show what the platform runs; anonymous access is one variable away (Grafana, auth.anonymous; OWASP ASVS 5.0 8.3.1).",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			overGrafana(c, "auth.anonymous", "enabled", func(found, value string) {
				if !off(value) {
					c.Refuse(fmt.Sprintf("%s is %q", found, value), "take it away, or set it to false")
				}
			})
		},
	},
	{
		ID:       "auth-grafana-admin",
		Sentence: "Grafana's administrator has no default password.",
		Why:      "Without one Grafana makes admin with the password admin (Grafana, security.admin_password; OWASP ASVS 5.0 6.3.2).",
		Resource: grafanaAdmin,
	},
	{
		ID:       "auth-grafana-user",
		Sentence: "Only the route /grafana/ leads to Grafana, and it says who has logged in at the edge.",
		Why:      "Grafana believes the name that a header tells it (Grafana, auth.proxy): where a client may send that header, or needs no credential, it is whoever it likes.",
		Resource: overEdges(grafanaUser),
	},
}

const grafanaRoute = "^/grafana/"

func grafanaUser(c *Case, e *edge) {
	const change = "lead to Grafana as " + template + " does, which also tells the name"
	for _, s := range e.Servers {
		for _, l := range s.Locations {
			if !leadsTo(e, l, tokens.GrafanaEndpoint) {
				continue
			}
			if l.Modifier != "~" || l.Pattern != grafanaRoute {
				c.Refuse(nginx.Place(l.Of)+" leads to Grafana", change)
			}
			var names []string
			credential := true
			for _, d := range l.Effective("proxy_set_header") {
				switch {
				case strings.EqualFold(d.Args[0], tokens.HeaderGrafanaUser):
					names = append(names, d.Args[1])
				case strings.EqualFold(d.Args[0], "Authorization"):
					credential = d.Args[1] != ""
				}
			}
			if !slices.Equal(names, []string{"$remote_user"}) || l.Value("proxy_pass_request_headers", "on") != "on" {
				c.Refuse(nginx.Place(l.Of)+" does not tell Grafana who has logged in", change)
			}
			if credential {
				c.Refuse(nginx.Place(l.Of)+" hands the credential of Prefect to Grafana", change)
			}
		}
	}
}

// leadsTo reports whether a location hands requests to an upstream with a server of this name.
func leadsTo(e *edge, l *nginx.Location, server string) bool {
	return slices.ContainsFunc(l.Own("proxy_pass"), func(pass *nginx.Directive) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(pass.Args[0], "http://"), "/")
		return slices.ContainsFunc(e.HTTP.Of.Block, func(upstream *nginx.Directive) bool {
			return upstream.Directive == "upstream" && upstream.Args[0] == name && slices.ContainsFunc(upstream.Block, func(d *nginx.Directive) bool {
				return d.Directive == "server" && d.Args[0] == server
			})
		})
	})
}

// off are the texts that Grafana reads as false (gopkg.in/ini.v1 parseBool); whatever is neither true nor false counts as the default, and is refused here.
func off(value string) bool {
	return slices.Contains([]string{"0", "f", "F", "n", "N", "no", "NO", "No", "off", "OFF", "Off", "false", "FALSE", "False"}, strings.TrimSpace(value))
}

var iniSetting = regexp.MustCompile(`^\s*([^=;#\[]+?)\s*[=:]\s*(.*?)\s*$`)

// overGrafana visits every place where a container sets one of Grafana's settings: a variable, an argument, or a line of an ini file.
func overGrafana(c *Case, section, key string, visit func(found, value string)) {
	variable := "GF_" + strings.ToUpper(strings.ReplaceAll(section, ".", "_")+"_"+key)
	for _, entry := range c.envs() {
		name := strings.ToUpper(strings.TrimSpace(entry.name))
		if name == variable || name == variable+"__FILE" {
			visit(entry.path+" ("+entry.name+")", entry.value)
		}
	}
	for _, list := range []string{"entrypoints", "command"} {
		for _, text := range c.Property(list).Texts() {
			for _, word := range strings.Fields(text) {
				name, value, ok := strings.Cut(strings.ToLower(word), "=")
				if ok && strings.HasSuffix(name, section+"."+key) {
					visit(list+" ("+name+")", value)
				}
			}
		}
	}
	for _, f := range edgeFiles(&Case{Facts: Facts{Preview: true}}, c.Resource) {
		if ext := path.Ext(f.path); ext != ".ini" && !strings.Contains(f.text, "["+section+"]") {
			continue
		}
		within := ""
		for line := range strings.Lines(f.text) {
			line = strings.TrimSpace(strings.ToLower(line))
			if strings.HasPrefix(line, "[") {
				within = strings.TrimSpace(strings.Trim(line, "[]"))
			}
			if m := iniSetting.FindStringSubmatch(line); m != nil && within == section && m[1] == key {
				visit(f.path+" ["+section+"] "+key, strings.Trim(m[2], `"'`+"`"))
			}
		}
	}
}

func grafanaAdmin(c *Case) {
	image, _ := c.Property("image").Text()
	image, _, _ = strings.Cut(image, "@")
	name, _, _ := strings.Cut(path.Base(image), ":")
	started, known := c.Property("start").Flag()
	if !c.Is(tokens.Container) || !strings.HasPrefix(name, "grafana") || known && !started || !c.Property("image").Known() {
		return
	}
	set := false
	if c.Property("envs").Unknown() {
		return
	}
	overGrafana(c, "security", "disable_initial_admin_creation", func(_, value string) { set = set || value == "true" })
	overGrafana(c, "security", "admin_password", func(found, value string) {
		set = true
		if value == "" || strings.EqualFold(value, "admin") {
			c.Refuse(found+" is the default password, or none", "name a file with a generated one: GF_SECURITY_ADMIN_PASSWORD__FILE")
		}
	})
	if !set {
		c.Refuse("it is a Grafana whose administrator has the default password", "name a file with a generated one: GF_SECURITY_ADMIN_PASSWORD__FILE")
	}
}
