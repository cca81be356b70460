package rules

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/tokens"
)

// changeEdge changes the configuration of the edge wherever a resource of the real stack has it.
func changeEdge(r *Resource, change func(string) string) {
	switch {
	case r.Type == tokens.Proxy:
		text := r.Properties.Get(tokens.InputNginxConf).AsString()
		r.Properties = r.Properties.Set(tokens.InputNginxConf, property.New(change(text)))
	case r.Type == tokens.Container && r.Name == "proxy-install-files":
		uploads := r.Properties.Get("uploads").AsArray().AsSlice()
		for i, item := range uploads {
			if strings.HasSuffix(item.AsMap().Get("file").AsString(), "/nginx.conf") {
				uploads[i] = property.New(item.AsMap().Set("content", property.New(change(item.AsMap().Get("content").AsString()))))
			}
		}
		r.Properties = r.Properties.Set("uploads", property.New(uploads))
	}
}

// line replaces a part of the configuration, which must be there.
func line(old, replacement string) func(string) string {
	return func(text string) string {
		if !strings.Contains(text, old) {
			panic(fmt.Sprintf("nginx.conf has no %q", old))
		}
		return strings.Replace(text, old, replacement, 1)
	}
}

// both makes one change after the other.
func both(first, second func(string) string) func(string) string {
	return func(text string) string { return second(first(text)) }
}

// every replaces each occurrence.
func every(old, replacement string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(line(old, old)(text), old, replacement) }
}

// onEdge are fixtures with one line changed each: name, old text, new text, and a word of the message.
func onEdge(changes ...[4]string) []fixture {
	var all []fixture
	for _, change := range changes {
		all = append(all, fixture{name: change[0], edge: line(change[1], change[2]), found: change[3]})
	}
	return all
}

// onEdgeOf are the same on another stack.
func onEdgeOf(stack string, changes ...[4]string) []fixture {
	all := onEdge(changes...)
	for i := range all {
		all[i].stack = stack
	}
	return all
}

// neverUnknownEdge is why the rules about the edge's text have no case of an unknown one.
const neverUnknownEdge = "a configuration that is not known is refused by auth-edge-readable"
