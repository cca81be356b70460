package rotation

import "fmt"

// Edit is one change of the configuration.
type Edit struct {
	Key    string
	Value  string
	Remove bool // the whole key, which is a top-level one then
}

// Command is what a person types for it.
func (e Edit) Command(stack string) string {
	if e.Remove {
		return fmt.Sprintf("pulumi config rm --stack %s %s", stack, e.Key)
	}
	value := e.Value
	if value == "" {
		value = "''"
	}
	return fmt.Sprintf("pulumi config set --stack %s --path %s %s", stack, e.Key, value)
}
