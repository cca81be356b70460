package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"prefect-platform/internal/tokens"
)

var authServerRules = []Rule{
	{
		ID:       "auth-server-recorded",
		Sentence: "A Prefect server behind the edge has a credential of its own.",
		Why:      "The edge lets the WebSocket paths through without one, because Prefect's clients send no header there: without its own, anybody reads events and logs (Prefect #22812, server/utilities/subscriptions.py).",
		Stack: func(c *Case, all []Resource) {
			for _, r := range all {
				if r.Type != tokens.Prefect {
					continue
				}
				value := c.PropertyOf(r, tokens.InputAuthenticated)
				if flag, ok := value.Flag(); ok && !flag || !value.Exists() {
					c.RefuseOf(r, "it records no credential of its own ("+tokens.InputAuthenticated+")", "give prefect.Args the Secrets.AuthString that the edge checks too")
				}
			}
		},
	},
	{
		ID:       "auth-server-credential",
		Sentence: "The settings of Prefect's API and services hold auth_string, and no variable takes it away.",
		Why:      "It is what guards the WebSockets and everything that reaches the API past the edge; a variable of the environment counts more than prefect.toml (Prefect settings/sources.py).",
		Resource: serverCredential,
	},
}

// launched are this program's launchers of processes that hold the database; their settings are mounted beside them.
var launched = []string{"api.py", "services.py"}

func serverCredential(c *Case) {
	if !c.Is(tokens.Container) {
		return
	}
	quiet := &Case{Facts: Facts{Preview: true}}
	launcher := slices.ContainsFunc(edgeFiles(quiet, c.Resource), func(f edgeFile) bool { return slices.Contains(launched, path.Base(f.path)) })
	settings := 0
	items, _ := c.Property("uploads").Items()
	for _, item := range items {
		name, _ := item.Get("file").Text()
		if path.Base(name) != "prefect.toml" {
			continue
		}
		settings++
		text, ok := item.Get("content").Text()
		if !ok {
			if !item.Get("content").Exists() {
				c.Refuse(item.Path()+" has no content", "give the text of "+name+" as content")
			}
			continue
		}
		if problem := authString(text, launcher); problem != "" {
			c.Refuse(name+" "+problem, "let internal/prefecttoml write it, with Secrets.AuthString")
		}
	}
	if launcher && settings == 0 && len(items) > 0 {
		c.Refuse("it mounts a launcher of Prefect's server and no prefect.toml", "mount it with the files of serverFiles in components/prefect/specs.go")
	}
	for _, entry := range c.envs() {
		if name := strings.ToUpper(entry.name); name == "PREFECT_SERVER_API_AUTH_STRING" && !strings.Contains(strings.Trim(entry.value, ":"), ":") {
			c.Refuse(entry.path+" sets "+entry.name+" to what is no credential", "take it away: prefect.toml holds the credential")
		}
	}
}

// authString says what is wrong with a server's settings. It never tells the credential.
func authString(text string, launcher bool) string {
	var settings struct {
		Server *struct {
			API struct {
				AuthString any `toml:"auth_string"`
			} `toml:"api"`
		} `toml:"server"`
	}
	if _, err := toml.Decode(text, &settings); err != nil {
		return "is not TOML that can be read"
	}
	if settings.Server == nil {
		if launcher {
			return "has no settings of the server"
		}
		return "" // those of a client
	}
	credential, _ := settings.Server.API.AuthString.(string)
	user, password, _ := strings.Cut(credential, ":")
	if user == "" || password == "" {
		return "has no server.api.auth_string of the form user:password"
	}
	return ""
}
