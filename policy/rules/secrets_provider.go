package rules

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"prefect-platform/internal/secretlike"
	"prefect-platform/internal/tokens"
)

var secretsProviderRules = []Rule{
	{
		ID:       "secrets-provider",
		Sentence: "The Docker provider is given no password and no key.",
		Why:      "settings of a provider are not encrypted in the state, secret or not (pulumi-docker #643)",
		Resource: func(c *Case) {
			if !c.Is(tokens.DockerProvider) {
				return
			}
			for _, property := range c.Properties() {
				judgeProviderProperty(c, property)
			}
		},
	},
	{
		ID:         "secrets-provider-host-key",
		Sentence:   "The key of the host on which the engine runs is checked.",
		Why:        "whoever answers in its place gets every secret of the stack; OWASP ASVS 5.0 12.3.2",
		Production: true,
		Resource: func(c *Case) {
			if !c.Is(tokens.DockerProvider) {
				return
			}
			options := strings.ToLower(strings.Join(textsOf(unwrapped(c.Property("sshOpts"))), " "))
			options = strings.NewReplacer("=", " ", "\"", " ", "'", " ", ",", " ", "[", " ", "]", " ").Replace(options)
			words := strings.Fields(options)
			for i, word := range words {
				option, value := strings.TrimPrefix(word, "-o"), ""
				if i+1 < len(words) {
					value = words[i+1]
				}
				unchecked := option == "stricthostkeychecking" && slices.Contains([]string{"no", "off", "accept-new"}, value)
				forgotten := strings.HasSuffix(option, "knownhostsfile") && (value == "/dev/null" || value == "none")
				if unchecked || forgotten {
					c.Refuse("sshOpts has "+option+" "+value, "take it out of docker:sshOpts, and put the host's key into the known_hosts of whoever runs Pulumi")
				}
			}
		},
	},
}

func judgeProviderProperty(c *Case, property Value) {
	const login = "use `docker login` on the machine that runs Pulumi"
	const folder = "use docker:certPath with a folder that holds ca.pem, cert.pem and key.pem"
	refuseSecrets(c, property, login+" or docker:certPath")
	switch name := strings.ToLower(property.Path()); name {
	case "keymaterial":
		for _, leaf := range property.Leaves() {
			if leaf.Text != "" {
				c.Refuse(name+" has a private key", folder)
			}
		}
	case "registryauth":
		for _, leaf := range unwrapped(property).Leaves() {
			if field := strings.ToLower(leaf.Name); leaf.Text != "" && (field == "password" || field == "configfilecontent") {
				c.Refuse(leaf.Value.Path()+" has the password of a registry", login)
			}
		}
	case "host":
		for _, leaf := range property.Leaves() {
			at, err := url.Parse(leaf.Text)
			if err == nil && at.User != nil {
				if _, given := at.User.Password(); given {
					c.Refuse("host has a password", "use a key: docker:host with ssh://user@host")
				}
			} else if what := secretlike.Text(leaf.Text); what != "" {
				c.Refuse("host looks like "+what, "use a key: docker:host with ssh://user@host")
			}
		}
	default:
		texts := textsOf(unwrapped(property))
		what := secretlike.Arguments(texts)
		for _, leaf := range property.Leaves() {
			if what == "" {
				what = secretlike.Named(leaf.Name, leaf.Text)
			}
		}
		if what != "" {
			c.Refuse(property.Path()+" looks like "+what, login+" or docker:certPath")
		}
	}
}

// unwrapped reads a list or object that is written as JSON, as the SDKs hand it to a provider.
func unwrapped(v Value) Value {
	if !v.Known() || !v.holds.IsString() {
		return v
	}
	var value any
	if json.Unmarshal([]byte(v.holds.AsString()), &value) != nil {
		return v
	}
	switch value.(type) {
	case []any, map[string]any:
		v.holds = fromJSON(value).WithSecret(v.holds.Secret())
	}
	return v
}
