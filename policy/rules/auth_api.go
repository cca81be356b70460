package rules

import (
	"path"
	"slices"
	"strings"

	"prefect-platform/internal/tokens"
)

var authAPIRules = []Rule{
	{
		ID:       "auth-api-published",
		Sentence: "No container that runs a Prefect API publishes a port.",
		Why:      "Behind a published port the API is reached without TLS, allowlist and rate limits, and its WebSockets without any credential when it has none of its own (Prefect #22812); CIS Docker 5.7.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) || !isPrefectAPI(c, c.Resource) {
				return
			}
			if items, _ := c.Property("ports").Items(); len(items) > 0 {
				c.Refuse("it runs a Prefect API and publishes a port ("+items[0].Path()+")", "take the port away: clients reach the API through the edge (components/proxy), containers over the network app")
			}
			if all, _ := c.Property("publishAllPorts").Flag(); all {
				c.Refuse("it runs a Prefect API and publishes every port (publishAllPorts)", "take publishAllPorts away: clients reach the API through the edge (components/proxy)")
			}
		},
	},
	{
		ID:       "auth-api-behind-proxy",
		Sentence: "A stack with a Prefect API has the edge in front of it.",
		Why:      "Prefect Server has neither TLS nor rate limits, and one credential for everybody; the edge has what it lacks (OWASP ASVS 5.0 12.2.1, 6.3.1).",
		Stack: func(c *Case, all []Resource) {
			if slices.ContainsFunc(all, func(r Resource) bool { return r.Type == tokens.Proxy }) {
				return
			}
			for _, r := range all {
				if r.Type == tokens.Prefect || r.Type == tokens.Container && !r.In(tokens.Prefect) && isPrefectAPI(c, r) {
					c.RefuseOf(r, "it is a Prefect API and the stack has no edge", "add proxy.New with this API as its Upstream, as components/platform.go does")
				}
			}
		},
	},
}

// servers are programs that serve an application which is named by an argument.
var servers = []string{"uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "fastapi"}

// isPrefectAPI reports whether a container runs Prefect's API, whatever its image: by `prefect server start` in any of its forms (within a shell, with options between,
// through this program's launcher) or by a server of Python applications that is given Prefect's. What cannot be read is none.
func isPrefectAPI(c *Case, r Resource) bool {
	if r.Type != tokens.Container {
		return false
	}
	quiet := &Case{Facts: c.Facts} // what a command must look like is for other rules to say
	quiet.Preview = true
	var words []string
	for _, name := range []string{"entrypoints", "command"} {
		for _, text := range quiet.PropertyOf(r, name).Texts() {
			words = append(words, strings.FieldsFunc(strings.ToLower(text), betweenWords)...)
		}
	}
	return startsServer(words) || servesPrefect(words)
}

// betweenWords separates the words of a shell command and of a Python one, as in sh -c "exec prefect server start" and ["server", "start"].
func betweenWords(r rune) bool { return strings.ContainsRune(" \t\r\n;&|()'\"`,[]{}$\\", r) }

// startsServer finds "server … start" with nothing but options between, which also is how cyclopts takes them. Of "server services start" the second word is none.
func startsServer(words []string) bool {
	for i, word := range words {
		if word != "server" {
			continue
		}
		for _, next := range words[i+1:] {
			if next == "start" {
				return true
			}
			if !strings.HasPrefix(next, "-") {
				break
			}
		}
	}
	return false
}

func servesPrefect(words []string) bool {
	serves := slices.ContainsFunc(words, func(w string) bool { return slices.Contains(servers, path.Base(w)) })
	return slices.ContainsFunc(words, func(w string) bool {
		return strings.Contains(w, "prefect.server.api") || strings.Contains(w, "prefect.server.main") || serves && strings.Contains(w, "prefect")
	})
}
