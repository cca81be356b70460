// Package rules holds what the policy pack demands of a stack, one file per family.
//
// A judgement is a pure function over property maps. It is total: whatever the type, shape or knowledge of a value, it neither panics nor lets it pass because it
// could not be read (see Value). The same judgements guard the program itself, where no pack is loaded (see policy/guard).
package rules

import (
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Rule is one demand. Exactly one of Resource and Stack is set.
type Rule struct {
	// ID names the rule for ever: configuration and exceptions refer to it. The part before the first dash is the family.
	ID string
	// Sentence says what must be so.
	Sentence string
	// Why says where the demand comes from: a CIS Docker Benchmark or OWASP ASVS number, an upstream issue, a measurement.
	Why string
	// Production says that a stack for trying things out need not obey: policy/dev.json turns it off.
	Production bool

	// Resource judges one resource, before it is made. It is called for every resource of the stack.
	Resource func(*Case)
	// Stack judges all resources together: what must exist, or must agree. Pulumi asks at the end, so that in an `up` it prevents by the preview that precedes.
	// It must judge on what a preview knows; what is unknown then is refused.
	Stack func(*Case, []Resource)
}

// Resource is what Pulumi would register.
type Resource struct {
	Type, Name, URN string
	// Parent is the URN of the component it belongs to; the stack's own or empty at the top.
	Parent     string
	Properties property.Map

	Protect             bool
	DeleteBeforeReplace bool
	IgnoreChanges       []string
}

// Facts are what a judgement knows beside the resource.
type Facts struct {
	// Production is the stack's own key of that name.
	Production bool
	// Preview says that values of resources which do not exist yet are unknown, and that an `up` will judge them again.
	Preview bool
	// Today is the day on which certificates, rotations and exceptions are judged.
	Today time.Time
	// Config holds the stack's configuration by full key, and Secrets the keys that are encrypted in it.
	Config  map[string]string
	Secrets []string
}

// Violation is one thing that is not as it must be.
type Violation struct {
	URN  string
	Name string // of the resource
	// Found is what is there.
	Found string
	// Change is what would make it right.
	Change string
}

func (v Violation) String() string { return v.Name + ": " + v.Found + "; " + v.Change }

// Case is one judgement under way.
type Case struct {
	Facts
	Resource   Resource // the zero value when all are judged together
	violations []Violation
}

// Judge lets a rule look at one resource.
func (r Rule) Judge(facts Facts, resource Resource) []Violation {
	if r.Resource == nil {
		return nil
	}
	c := &Case{Facts: facts, Resource: resource}
	r.Resource(c)
	return c.violations
}

// JudgeStack lets a rule look at all resources of a stack.
func (r Rule) JudgeStack(facts Facts, all []Resource) []Violation {
	if r.Stack == nil {
		return nil
	}
	facts.Preview = false // nobody asks again before everything is made
	c := &Case{Facts: facts}
	r.Stack(c, all)
	return c.violations
}

// Refuse records a violation of the resource: what was found, and the change that makes it right.
func (c *Case) Refuse(found, change string) { c.RefuseOf(c.Resource, found, change) }

// RefuseOf records a violation of one of all resources.
func (c *Case) RefuseOf(r Resource, found, change string) {
	v := Violation{URN: r.URN, Name: r.Name, Found: found, Change: change}
	if !slices.Contains(c.violations, v) {
		c.violations = append(c.violations, v)
	}
}

// Is reports whether the resource has one of the types.
func (c *Case) Is(types ...string) bool { return slices.Contains(types, c.Resource.Type) }

// In reports whether the resource belongs to a component of a type, directly or further up.
func (r Resource) In(component string) bool {
	return slices.Contains(parents(r.URN), component)
}
