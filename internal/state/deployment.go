// Package state reads and mends an exported Pulumi state (`pulumi stack export`).
//
// It keeps every field that it does not know, so that a newer CLI loses nothing, and never looks into encrypted values.
package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"prefect-platform/internal/tokens"
)

// Deployment is the state of a stack.
type Deployment struct {
	document   map[string]any // with its version
	deployment map[string]any
}

// Parse reads what `pulumi stack export` prints.
func Parse(exported []byte) (*Deployment, error) {
	decoder := json.NewDecoder(bytes.NewReader(exported))
	decoder.UseNumber() // keeps numbers as they are written
	document := map[string]any{}
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("exported state: %w", err)
	}
	deployment, ok := document["deployment"].(map[string]any)
	if !ok {
		return nil, errors.New("exported state: no deployment in it")
	}
	return &Deployment{document: document, deployment: deployment}, nil
}

// JSON is what `pulumi stack import` reads.
func (d *Deployment) JSON() ([]byte, error) { return json.Marshal(d.document) }

// Resource is a resource of the state.
type Resource struct {
	fields map[string]any
}

// Resources returns all resources, in the order of the state.
func (d *Deployment) Resources() []Resource {
	var all []Resource
	for _, each := range list(d.deployment["resources"]) {
		all = append(all, Resource{fields: object(each)})
	}
	return all
}

// Pending returns the resources that an interrupted operation was working on.
func (d *Deployment) Pending() []Pending {
	var all []Pending
	for _, each := range list(d.deployment["pending_operations"]) {
		operation := object(each)
		all = append(all, Pending{Operation: text(operation["type"]), Resource: Resource{fields: object(operation["resource"])}})
	}
	return all
}

// Pending is an operation that began and whose end was never recorded.
type Pending struct {
	// Operation is creating, updating, deleting, reading or importing.
	Operation string
	Resource  Resource
}

// URN is the unique name of the resource in all stacks; only old versions that are about to be deleted share that of their successor.
func (r Resource) URN() string { return text(r.fields["urn"]) }

// Type is the type token.
func (r Resource) Type() string { return text(r.fields["type"]) }

// ID is what the provider calls it.
func (r Resource) ID() string { return text(r.fields["id"]) }

// Name is the last part of the URN.
func (r Resource) Name() string { return Name(r.URN()) }

// Name is the last part of a URN: the name that the program gave.
func Name(urn string) string {
	parts := strings.SplitN(urn, "::", 4) // urn:pulumi:stack::project::types::name
	return parts[len(parts)-1]
}

// Data says that it is a volume with data, and not one with files that can be made anew, which has labels.
func (r Resource) Data() bool {
	return r.Type() == tokens.Volume && len(list(object(r.fields["inputs"])["labels"])) == 0
}

// Protected says that Pulumi refuses to let go of it.
func (r Resource) Protected() bool { return r.fields["protect"] == true }

// Replaced says that it is an old version, whose successor is in the state too and which only waits for its deletion.
func (r Resource) Replaced() bool { return r.fields["delete"] == true }

// Input returns a plain text input; empty if there is none, or if it is a secret.
func (r Resource) Input(name string) string { return text(object(r.fields["inputs"])[name]) }

// Output returns an output; nil if there is none. A secret is an object with its ciphertext.
func (r Resource) Output(name string) any { return object(r.fields["outputs"])[name] }

// Label returns a label; empty if it has none of that name.
func (r Resource) Label(name string) string {
	for _, each := range list(object(r.fields["inputs"])["labels"]) {
		if label := object(each); text(label["label"]) == name {
			return text(label["value"])
		}
	}
	return ""
}

// ExitCode is that of a container which ran once, 0 if none was recorded.
func (r Resource) ExitCode() int {
	number, ok := r.Output("exitCode").(json.Number)
	if !ok {
		return 0
	}
	code, err := number.Int64()
	if err != nil {
		return 0
	}
	return int(code)
}

func list(value any) []any {
	values, _ := value.([]any)
	return values
}

func object(value any) map[string]any {
	fields, _ := value.(map[string]any)
	return fields
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
