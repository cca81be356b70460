package throwaway

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"prefect-platform/config"
)

const replaced = "a throwaway value in place of the encrypted one"

// top replaces what is encrypted in or below one key of the configuration.
func (w *work) top(all *yaml.Node, key string, names map[string][]string) {
	value := find(all, key)
	_, name, _ := strings.Cut(key, ":")
	switch {
	case !isSecure(value):
		w.below(value, name)
	case slices.Contains(config.Keys(), key) && !slices.Contains(config.SecretKeys(), key):
		remove(all, key)
		w.note(name, "left out, its default counts: it is encrypted as a whole")
	default:
		set(all, key, w.secure(shape(name, names[name])))
		w.note(name, replaced)
	}
}

// below replaces what is encrypted inside an object or list.
func (w *work) below(n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.MappingNode:
		for _, name := range keys(n) {
			at := path + "." + name
			if made, keep := w.inside(find(n, name), at); !keep {
				remove(n, name)
			} else if made != nil {
				set(n, name, made)
			}
		}
	case yaml.SequenceNode:
		var left []*yaml.Node
		for i, each := range n.Content {
			made, keep := w.inside(each, fmt.Sprintf("%s[%d]", path, i))
			if made != nil {
				each = made
			}
			if keep {
				left = append(left, each)
			}
		}
		n.Content = left
	}
}

// inside returns what to put in place of a value, nil for the value itself, and whether to keep it at all.
func (w *work) inside(value *yaml.Node, at string) (made *yaml.Node, keep bool) {
	if !isSecure(value) {
		w.below(value, at)
		return nil, true
	}
	for _, known := range nested {
		if known.path.MatchString(at) {
			w.note(at, replaced)
			return w.secure(known.value()), true
		}
	}
	w.note(at, "left out, its default counts: it is encrypted")
	return nil, false
}

// nested are shapes of single values that somebody may have encrypted inside an object. What is not listed may be a number as well as a text.
var nested = []struct {
	path  *regexp.Regexp
	value func() string
}{
	{regexp.MustCompile(`^(worker|acme)Secrets\.`), password},
	{regexp.MustCompile(`^receiverSecrets\.`), receiverURL},
	{regexp.MustCompile(`^workers\[\d+\]\.environment\.`), password},
	{regexp.MustCompile(`^edge\.(allow|trustedProxies|exempt)\[\d+\]$`), func() string { return standInNetwork }},
	{regexp.MustCompile(`^egress\.proxy$`), func() string { return "http://proxy.internal:3128" }},
	{regexp.MustCompile(`^egress\.noProxy\[\d+\]$`), func() string { return "direct.internal" }},
}

// shape is a secret of the kind that a key holds.
func shape(name string, parts []string) string {
	switch {
	case name == "tlsKey": // one that belongs to no certificate; see certificate for the other
		return newKeyPEM()
	case name == "workerSecrets", name == "acmeSecrets", name == "receiverSecrets":
		one := map[string]func() string{"workerSecrets": password, "acmeSecrets": password, "receiverSecrets": receiverURL}[name]
		values := map[string]string{}
		for _, part := range parts {
			values[part] = one()
		}
		if len(values) == 0 && name != "receiverSecrets" {
			values["STANDS_IN"] = password()
		}
		encoded, err := json.Marshal(values)
		if err != nil {
			panic(err) // of texts only
		}
		return string(encoded)
	case strings.Contains(strings.ToLower(name), "url"), strings.Contains(strings.ToLower(name), "webhook"):
		return receiverURL()
	default:
		return password()
	}
}

func receiverURL() string { return "https://receiver.internal/" + password() }

// receiversWithSecrets collects the names of those who are told of alerts and have a secret: all but those by mail without a user.
func receiversWithSecrets(monitoring *yaml.Node) []string {
	var names []string
	receivers := find(monitoring, "receivers")
	if receivers == nil {
		return nil
	}
	for _, receiver := range receivers.Content {
		if scalar(find(receiver, "kind")) != config.Email || scalar(find(receiver, "user")) != "" {
			names = append(names, scalar(find(receiver, "name")))
		}
	}
	return names
}

// secretEnvironment collects the names of the secrets that workers ask for: an object that is encrypted as a whole must have them all.
func secretEnvironment(workers *yaml.Node) []string {
	var names []string
	if workers == nil {
		return nil
	}
	for _, worker := range workers.Content {
		list := find(worker, "secretEnvironment")
		if list == nil {
			continue
		}
		for _, name := range list.Content {
			names = append(names, scalar(name))
		}
	}
	return names
}
