package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Namespace is that of the stack's own keys, and the name of the Pulumi project.
const Namespace = "prefect-platform"

// The variables in which a language host hands over the configuration, all of it decrypted, and the keys of what was encrypted.
const (
	envValues     = "PULUMI_CONFIG"
	envSecretKeys = "PULUMI_CONFIG_SECRET_KEYS"
)

// FromEnvironment reads the configuration that the Pulumi language host hands to a program.
func FromEnvironment() (Config, error) {
	values := map[string]string{}
	if err := fromVariable(envValues, &values); err != nil {
		return Config{}, err
	}
	var secretKeys []string
	if err := fromVariable(envSecretKeys, &secretKeys); err != nil {
		return Config{}, err
	}
	return Parse(values, secretKeys)
}

func fromVariable(name string, into any) error {
	text := os.Getenv(name)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("%s is not what Pulumi would set, run the program through pulumi or platform: %w", name, err)
	}
	return nil
}

// Parse decodes a stack's configuration over the defaults and checks all of it.
//
// values holds full keys, such as prefect-platform:edge or docker:host; scalars are plain text, objects and lists JSON. secretKeys are those of them that are
// encrypted in the stack file. The error is of type Problems and holds all of them; the Config is to be used only without an error.
func Parse(values map[string]string, secretKeys []string) (Config, error) {
	return parse(values, secretKeys, time.Now())
}

func parse(values map[string]string, secretKeys []string, now time.Time) (Config, error) {
	var problems Problems
	cfg := Default()
	production, _ := strconv.ParseBool(values[Namespace+":production"]) // what is neither true nor false is refused below
	cfg.Monitoring.Canary, cfg.Backup.Enabled = production, production
	for _, full := range slices.Sorted(maps.Keys(values)) {
		namespace, name, _ := strings.Cut(full, ":")
		text, secret := values[full], slices.Contains(secretKeys, full)
		if secret {
			if cfg.Encrypted == nil {
				cfg.Encrypted = map[string]string{}
			}
			cfg.Encrypted[full] = text
		}
		switch {
		case name == "":
			problems.add(strconv.Quote(full), "a key without namespace or name", "namespace:name", "")
		case namespace == Namespace:
			problems.decodeTop(&cfg, name, text, secret)
		case namespace == "docker":
			problems.decodeEngine(&cfg.Engine, name, text, secret)
		case namespace == "pulumi":
		default:
			problems.add(full, "a key of another namespace", "keys of "+Namespace+" and docker only", remove(full))
		}
	}
	known := slices.Clone(problems)
	for _, problem := range cfg.validate(now) {
		if !known.covers(problem.Key) {
			problems = append(problems, problem.hide(secretKeys))
		}
	}
	if len(problems) > 0 {
		return cfg, problems.sorted()
	}
	return cfg, nil
}

// decodeTop reads one key of the stack's own namespace.
func (p *Problems) decodeTop(cfg *Config, name, text string, secret bool) {
	if field, ok := secretByName(reflect.ValueOf(&cfg.Secrets).Elem(), name); ok {
		p.decodeSecret(name, text, secret, field)
		return
	}
	root := reflect.ValueOf(cfg).Elem()
	field, ok := fieldByName(root, name)
	if !ok {
		p.unknown(name, name, append(fieldNames(root.Type()), secretNames()...))
		return
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		flag, err := strconv.ParseBool(text)
		if err != nil {
			p.add(name, decoder{p, secret}.describe(text), "true or false", set(name, "true"))
			return
		}
		field.SetBool(flag)
	default:
		decoder{p, secret}.decodeText(name, text, field)
	}
}

// decodeText reads an object or list, which Pulumi hands over as JSON.
func (d decoder) decodeText(key, text string, out reflect.Value) {
	var value any = text
	if trimmed := strings.TrimSpace(text); trimmed != "" && strings.ContainsAny(trimmed[:1], "{[") {
		parsed, err := parseJSON(trimmed)
		if err != nil {
			d.problems.add(key, "JSON that cannot be read: "+err.Error(), "an object or list in the stack file, without quotes around it", "")
			return
		}
		value = parsed
	}
	d.decode(key, value, out)
}

func (p *Problems) decodeSecret(name, text string, secret bool, out reflect.Value) {
	if !secret {
		p.add(name, "a value that is not encrypted", "a secret", setSecret(name))
		return
	}
	if text == "" {
		p.add(name, "an empty value", "a value, or no key at all", remove(name))
		return
	}
	if out.Kind() == reflect.String {
		out.SetString(text)
		return
	}
	decoder{p, secret}.decodeText(name, text, out)
}

// hide takes out what was found where a key that need not be encrypted was. The rules for Secrets never tell what they found.
func (p Problem) hide(secretKeys []string) Problem {
	for _, full := range secretKeys {
		key := strings.TrimPrefix(full, Namespace+":")
		if within(p.Key, key) && !slices.Contains(secretNames(), key) {
			p.Found, p.Fix = "an encrypted value", ""
		}
	}
	return p
}

func secretByName(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("config") == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func secretNames() []string {
	var names []string
	t := reflect.TypeFor[Secrets]()
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("config"))
	}
	return names
}
