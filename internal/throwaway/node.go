package throwaway

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// The file is worked on as YAML nodes, because decoding it would turn a date into a time and a long number into a float.

func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// expanded copies a node with every alias replaced by what it stands for, so that what is changed in one place is not changed in another.
func expanded(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	made := *n
	made.Anchor, made.Content = "", nil
	for _, each := range n.Content {
		made.Content = append(made.Content, expanded(each))
	}
	return &made
}

func keys(object *yaml.Node) []string {
	var all []string
	for i := 0; i+1 < len(object.Content); i += 2 {
		all = append(all, object.Content[i].Value)
	}
	return all
}

// find returns the value of a key, or nil.
func find(object *yaml.Node, key string) *yaml.Node {
	if object == nil || object.Kind != yaml.MappingNode {
		return nil
	}
	if i := slices.Index(keys(object), key); i >= 0 {
		return object.Content[2*i+1]
	}
	return nil
}

// child returns the object under a key, which it adds when there is none.
func child(object *yaml.Node, key string) *yaml.Node {
	found := find(object, key)
	if found == nil || found.Tag == "!!null" {
		found = &yaml.Node{Kind: yaml.MappingNode}
		set(object, key, found)
	}
	return found
}

func set(object *yaml.Node, key string, value *yaml.Node) {
	if i := slices.Index(keys(object), key); i >= 0 {
		object.Content[2*i+1] = value
		return
	}
	object.Content = append(object.Content, text(key), value)
}

func remove(object *yaml.Node, key string) bool {
	i := slices.Index(keys(object), key)
	if i < 0 {
		return false
	}
	object.Content = slices.Delete(object.Content, 2*i, 2*i+2)
	return true
}

// isSecure follows the CLI: an object with the one key "secure".
func isSecure(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "secure"
}

// scalar returns the text of a plain value; empty for anything else.
func scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}
