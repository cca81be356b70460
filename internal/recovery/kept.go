package recovery

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"prefect-platform/config"
)

// Keep is what a backup holds beside the database, as JSON: values of the configuration by full key, those that are encrypted in the stack file, and one more under
// the key for its slot.
func Keep(encrypted map[string]string, name, slot, value string) (string, error) {
	values := maps.Clone(encrypted)
	if values == nil {
		values = map[string]string{}
	}
	values[SlotKey(name, slot)] = value
	text, err := json.Marshal(values)
	return string(text), err
}

// Kept reads what Keep wrote.
func Kept(text string) (map[string]string, error) {
	var values map[string]string
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, fmt.Errorf("what the snapshot keeps of the configuration cannot be read: %w", err)
	}
	return values, nil
}

// SlotKey is the full key of the value that a user may supply for a slot.
func SlotKey(name, slot string) string {
	return config.Namespace + ":" + name + strings.ToUpper(slot)
}
