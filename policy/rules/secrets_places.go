package rules

import (
	"slices"
	"strings"

	"prefect-platform/internal/secretlike"
	"prefect-platform/internal/tokens"
)

const (
	inspectable = "`docker inspect`, `docker ps` and /proc show it to everyone who may use the engine, and Pulumi's state keeps it; " + asvsSecrets
	intoFile    = "hand it over in a file: workload.Spec.Files with workload.SecretText"
)

var secretsPlacesRules = []Rule{
	{
		ID:       "secrets-environment",
		Sentence: "No environment variable of a container holds a secret.",
		Why:      inspectable + "; a worker hands its environment to every flow run",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			envs := c.Property("envs")
			refuseSecrets(c, envs, intoFile)
			for _, leaf := range envs.Leaves() {
				name, value, _ := strings.Cut(leaf.Text, "=")
				if strings.TrimSpace(name) == "POSTGRES_PASSWORD" {
					continue // see secrets-postgres-environment
				}
				if what := secretlike.Named(name, value); what != "" {
					c.Refuse(leaf.Value.Path()+" ("+strings.TrimSpace(name)+") looks like "+what, intoFile)
				}
			}
		},
	},
	{
		ID:       "secrets-command",
		Sentence: "No command, entry point or health check of a container holds a secret.",
		Why:      inspectable,
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			var whole []string
			for _, list := range []Value{c.Property("entrypoints"), c.Property("command")} {
				refuseSecrets(c, list, intoFile)
				texts := textsOf(list)
				whole = append(whole, texts...)
				refuseArguments(c, list.Path(), texts)
			}
			refuseArguments(c, "entrypoints and command", whole)
			if health := c.Property("healthcheck"); health.Exists() {
				refuseSecrets(c, health, intoFile)
				refuseArguments(c, "healthcheck.tests", textsOf(health))
			}
		},
	},
	{
		ID:       "secrets-metadata",
		Sentence: "No label, name, option or other property of a Docker resource holds a secret.",
		Why:      inspectable + "; labels go to every metrics and log collector",
		Resource: func(c *Case) {
			if !strings.HasPrefix(c.Resource.Type, "docker:") {
				return
			}
			for _, property := range c.Properties() {
				if elsewhere(c.Resource.Type, property.Path()) {
					continue
				}
				refuseSecrets(c, property, "use a value that everyone may see; "+intoFile)
				for _, leaf := range labelled(property) {
					if what := secretlike.Named(leaf.Name, leaf.Text); what != "" {
						c.Refuse(leaf.Value.Path()+" looks like "+what, "take it out; "+intoFile)
					}
				}
			}
		},
	},
	{
		ID:       "secrets-recorded-inputs",
		Sentence: "What a component records of itself holds no secret.",
		Why:      "recorded inputs are there to be read: by previews, policies and whoever opens the state; " + asvsSecrets,
		Resource: func(c *Case) {
			if !strings.HasPrefix(c.Resource.Type, "prefect-platform:") {
				return
			}
			for _, property := range c.Properties() {
				const change = "record what everyone may see in RegisterComponentResourceV2, such as the name of the slot and not its value"
				refuseSecrets(c, property, change)
				for _, leaf := range property.Leaves() {
					look := func() string { return secretlike.Named(leaf.Name, leaf.Text) }
					if strings.Contains(leaf.Text, "\n") { // a whole configuration file
						look = func() string { return secretlike.Code(leaf.Text) }
					}
					if what := look(); what != "" {
						c.Refuse(leaf.Value.Path()+" looks like "+what, change)
					}
				}
			}
		},
	},
}

// elsewhere reports whether another rule looks at a property. Data of a Swarm secret is where a secret belongs.
func elsewhere(token, property string) bool {
	switch token {
	case tokens.Container:
		return slices.Contains([]string{"envs", "command", "entrypoints", "healthcheck", "uploads"}, property)
	case "docker:index/secret:Secret":
		return property == "data"
	}
	return false
}

func refuseSecrets(c *Case, v Value, change string) {
	for _, place := range v.SecretPlaces() {
		c.Refuse(place+" is a Pulumi secret, which is plain text once it is there", change)
	}
}

func refuseArguments(c *Case, place string, list []string) {
	if what := secretlike.Arguments(list); what != "" && len(c.violations) == 0 {
		c.Refuse(place+" looks like "+what, intoFile)
	}
}

func textsOf(v Value) []string {
	var all []string
	for _, leaf := range v.Leaves() {
		all = append(all, leaf.Text)
	}
	return all
}

// labelled are the leaves of a property. In a list of labels the name is beside the value.
func labelled(v Value) []Leaf {
	all := v.Leaves()
	for i := range all {
		if all[i].Name != "value" {
			continue
		}
		place := strings.TrimSuffix(all[i].Value.Path(), ".value") + ".label"
		for _, other := range all {
			if other.Value.Path() == place {
				all[i].Name = other.Text
			}
		}
	}
	return all
}
