package recovery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// salts are the keys of a stack file that belong to the passphrase or key which is lost.
var salts = []string{"encryptionsalt", "encryptedkey", "secretsprovider"}

// Strip takes out of a stack file what can no longer be read, and returns the rest, with the values of its configuration as Pulumi hands them to a program.
// A key that has anything encrypted in it is left out as a whole.
func Strip(text []byte) (rest []byte, values map[string]string, err error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, nil, fmt.Errorf("the stack file cannot be read: %w", err)
	}
	values = map[string]string{}
	if len(document.Content) == 0 {
		return text, values, nil
	}
	top := document.Content[0]
	remove(top, func(key string, _ *yaml.Node) bool { return slices.Contains(salts, key) })
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value == "config" {
			values, err = stripConfig(top.Content[i+1])
		}
	}
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return nil, nil, err
	}
	return out.Bytes(), values, nil
}

func stripConfig(c *yaml.Node) (map[string]string, error) {
	remove(c, func(_ string, value *yaml.Node) bool { return encrypted(value) })
	values := map[string]string{}
	for i := 0; i+1 < len(c.Content); i += 2 {
		key, value := c.Content[i].Value, c.Content[i+1]
		if value.Kind == yaml.ScalarNode {
			values[key] = value.Value
			continue
		}
		var decoded any
		if err := value.Decode(&decoded); err != nil {
			return nil, fmt.Errorf("%s in the stack file: %w", key, err)
		}
		object, err := json.Marshal(decoded)
		if err != nil {
			return nil, fmt.Errorf("%s in the stack file: %w", key, err)
		}
		values[key] = string(object)
	}
	return values, nil
}

// remove takes entries out of a mapping. The comment above the first of all is about the file and stays.
func remove(mapping *yaml.Node, gone func(key string, value *yaml.Node) bool) {
	var left []*yaml.Node
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if key, value := mapping.Content[i], mapping.Content[i+1]; !gone(key.Value, value) {
			left = append(left, key, value)
		}
	}
	if len(left) > 0 && left[0].HeadComment == "" {
		left[0].HeadComment = mapping.Content[0].HeadComment
	}
	mapping.Content = left
}

// encrypted tells whether a value is {secure: …}, or has one in it.
func encrypted(value *yaml.Node) bool {
	if value.Kind == yaml.MappingNode && len(value.Content) == 2 && value.Content[0].Value == "secure" {
		return true
	}
	return slices.ContainsFunc(value.Content, encrypted)
}
