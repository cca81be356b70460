package state

import (
	"encoding/json"
	"fmt"

	"prefect-platform/internal/tokens"
)

// secretMark is how Pulumi marks a secret value in an exported state (sdk/go/common/resource/sig).
const (
	secretMark  = "4dabf18193072939515e22adb298388d"
	secretValue = "1b47061264138c4ac30d75fd1eb44270"
)

// Password returns the value of a random.RandomPassword by the name that the program gave it. The state must have been exported with its secrets shown.
func (d *Deployment) Password(name string) (string, error) {
	for _, r := range d.Resources() {
		if r.Type() == tokens.Password && r.Name() == name && !r.Replaced() {
			return plaintext(r.Output("result"))
		}
	}
	return "", fmt.Errorf("the state has no password named %s; has `up` succeeded once?", name)
}

func plaintext(value any) (string, error) {
	wrapped := object(value)
	if wrapped[secretMark] != secretValue {
		return "", fmt.Errorf("not a secret")
	}
	encoded, shown := wrapped["plaintext"].(string)
	if !shown {
		return "", fmt.Errorf("the secret is still encrypted")
	}
	var secret string
	if err := json.Unmarshal([]byte(encoded), &secret); err != nil {
		return "", fmt.Errorf("the secret is no text: %w", err)
	}
	return secret, nil
}

// StackOutput returns a plain text output of the stack; empty if there is none.
func (d *Deployment) StackOutput(name string) string {
	for _, r := range d.Resources() {
		if r.Type() == tokens.Stack {
			return text(r.Output(name))
		}
	}
	return ""
}
