package progress

import (
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/internal/state"
	"prefect-platform/internal/tokens"
)

// subject is a resource as people know it.
type subject struct {
	kind string // service, one-shot, files, image, network, data, secret, or empty for what is never worth a line
	name string
}

// about names what a step is about.
func about(step apitype.StepEventMetadata) subject {
	name := state.Name(step.URN)
	switch step.Type {
	case tokens.Container:
		return subject{kind: containerKind(step), name: name}
	case tokens.Image:
		return subject{"image", name}
	case tokens.Network:
		return subject{"network", name}
	case tokens.Volume:
		if retained(step) && label(step, tokens.LabelRole) != tokens.RoleFiles {
			return subject{"data volume", name}
		}
		return subject{"files", name}
	case tokens.Password:
		return subject{"secret", name}
	case tokens.PrivateKey, tokens.SelfSignedCert, tokens.LocallySignedCert, tokens.CertRequest:
		return subject{"certificate", name}
	default:
		return subject{}
	}
}

func containerKind(step apitype.StepEventMetadata) string {
	switch label(step, tokens.LabelRole) {
	case tokens.RoleJob:
		return "one-shot"
	case tokens.RoleFiles:
		return "files"
	default:
		return "service"
	}
}

func label(step apitype.StepEventMetadata, name string) string {
	for _, of := range []*apitype.StepEventStateMetadata{step.New, step.Old} {
		if of == nil {
			continue
		}
		list, _ := of.Inputs["labels"].([]any)
		for _, each := range list {
			if entry, ok := each.(map[string]any); ok && entry["label"] == name {
				value, _ := entry["value"].(string)
				return value
			}
		}
	}
	return ""
}

func retained(step apitype.StepEventMetadata) bool {
	return step.New != nil && step.New.RetainOnDelete || step.Old != nil && step.Old.RetainOnDelete
}

// plumbing is what a person need not see to follow an `up`.
func (s subject) plumbing() bool {
	return s.kind == "" || s.kind == "files" || s.kind == "secret" || s.kind == "certificate"
}

// exitCode is that of a one-shot that ended, for the provider counts every end as a success.
func exitCode(step apitype.StepEventMetadata) string {
	if step.New == nil || containerKind(step) != "one-shot" {
		return ""
	}
	code, ok := step.New.Outputs["exitCode"].(float64)
	if !ok {
		return ""
	}
	return strconv.Itoa(int(code))
}

// Subject names what a step is about: its kind, empty for what is never worth a line, and its name.
func Subject(step apitype.StepEventMetadata) (kind, name string) {
	s := about(step)
	return s.kind, s.name
}

// Label returns a label of the resource that a step is about; empty if there is none.
func Label(step apitype.StepEventMetadata, name string) string { return label(step, name) }
