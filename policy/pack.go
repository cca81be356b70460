package main

import (
	"context"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"prefect-platform/policy/rules"
)

// version of the pack. Raise it when a rule begins to refuse what it let pass before.
var version = semver.MustParse("1.0.0")

// newPack makes the pack for one operation on one stack.
func newPack(ctx *pulumi.Context) (policyx.PolicyPack, error) {
	return pack(rules.NewFacts(ctx), rules.All())
}

func pack(facts rules.Facts, all []rules.Rule) (policyx.PolicyPack, error) {
	p := &policies{all: all, facts: facts, asked: map[string]bool{}}
	list := []policyx.Policy{p.exceptions()} // the first, because only it is given the exceptions, which the others heed
	for _, rule := range all {
		list = append(list, p.policy(rule))
	}
	list = append(list, p.production())
	return policyx.NewPolicyPack("prefect-platform", version, policyx.EnforcementLevelMandatory, list)
}

// policies are what one operation shares.
type policies struct {
	all   []rules.Rule
	facts rules.Facts
	known given           // the exceptions
	asked map[string]bool // rules that were asked about a resource, and so are not disabled
}

// policy hands a rule to Pulumi. The level is that of the strictest stack: policy/dev.json turns some off. It is given for each policy, because Pulumi's zero value is
// advisory and the level of a pack is ignored (pulumi #24648).
func (p *policies) policy(rule rules.Rule) policyx.Policy {
	if rule.Stack != nil {
		return policyx.NewStackValidationPolicy(rule.ID, policyx.StackValidationPolicyArgs{
			Description:      rule.Sentence,
			EnforcementLevel: policyx.EnforcementLevelMandatory,
			ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
				report(args.Manager, rule.JudgeStack(p.facts, resources(args.Resources)))
				return nil
			},
		})
	}
	return policyx.NewResourceValidationPolicy(rule.ID, policyx.ResourceValidationPolicyArgs{
		Description:      rule.Sentence,
		EnforcementLevel: policyx.EnforcementLevelMandatory,
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			p.ask(rule.ID)
			resource := resource(args.Resource)
			if !p.excused(rule.ID, resource) {
				report(args.Manager, rule.Judge(p.facts, resource))
			}
			return nil
		},
	})
}

func report(to policyx.PolicyManager, violations []rules.Violation) {
	for _, v := range violations {
		to.ReportViolation(v.String(), v.URN)
	}
}

func resources(all []policyx.AnalyzerResource) []rules.Resource {
	list := make([]rules.Resource, 0, len(all))
	for _, each := range all {
		list = append(list, resource(each))
	}
	return list
}

func resource(r policyx.AnalyzerResource) rules.Resource {
	return rules.Resource{
		Type: r.Type, Name: name(r), URN: r.URN, Parent: r.Parent, Properties: r.Properties,
		Protect: r.Options.Protect, DeleteBeforeReplace: r.Options.DeleteBeforeReplace, IgnoreChanges: r.Options.IgnoreChanges,
	}
}

// name is the last part of the URN where Pulumi gives no name.
func name(r policyx.AnalyzerResource) string {
	if r.Name != "" {
		return r.Name
	}
	return r.URN[strings.LastIndex(r.URN, "::")+1:]
}
