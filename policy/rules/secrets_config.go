package rules

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"prefect-platform/config"
	"prefect-platform/internal/secretlike"
	"prefect-platform/internal/tokens"
)

var secretsConfigRules = []Rule{{
	ID:       "secrets-config",
	Sentence: "No secret stands in plain text in the configuration of the stack.",
	Why:      "Pulumi.<stack>.yaml is committed, and is in every clone for ever; " + asvsSecrets,
	Resource: func(c *Case) {
		if !c.Is(tokens.Stack) {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(c.Config)) {
			if slices.Contains(c.Secrets, key) || c.Config[key] == "" {
				continue
			}
			change := "change the value, which has been seen, and set the new one with: pulumi config set --secret " + key
			if slices.Contains(confidentialKeys(), key) {
				c.Refuse(key+" is not encrypted", change)
				continue
			}
			if place, what := inConfig(key, c.Config[key]); what != "" {
				c.Refuse(place+" looks like "+what, "take it out of the plain configuration; workers get secrets by workerSecrets and secretEnvironment, the program by the keys of docs/configuration.md, secrets")
			}
		}
	},
}}

// confidentialKeys are those that must be encrypted, whatever they hold.
func confidentialKeys() []string {
	var keys []string
	secrets := reflect.TypeFor[config.Secrets]()
	for i := range secrets.NumField() {
		keys = append(keys, config.Namespace+":"+secrets.Field(i).Tag.Get("config"))
	}
	return keys
}

// inConfig looks at a value: an object or a list is written as JSON.
func inConfig(key, text string) (place, what string) {
	var value any
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		if json.Unmarshal([]byte(text), &value) == nil {
			return within(key, key[strings.LastIndex(key, ":")+1:], value)
		}
	}
	return key, secretlike.Named(key, text)
}

func within(path, name string, value any) (place, what string) {
	switch value := value.(type) {
	case string:
		return path, secretlike.Named(name, value)
	case []any:
		var texts []string
		for i, each := range value {
			if place, what := within(path+"["+strconv.Itoa(i)+"]", name, each); what != "" {
				return place, what
			}
			if text, ok := each.(string); ok {
				texts = append(texts, text)
			}
		}
		return path, secretlike.Arguments(texts)
	case map[string]any:
		for _, field := range slices.Sorted(maps.Keys(value)) {
			if field == "secretEnvironment" {
				continue // names of secrets, not their values
			}
			if place, what := within(path+"."+field, field, value[field]); what != "" {
				return place, what
			}
		}
	}
	return path, ""
}
