package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"prefect-platform/internal/tokens"
	"prefect-platform/policy/levels"
	"prefect-platform/policy/rules"
)

// given are the exceptions of one operation. Pulumi may judge resources at the same time.
type given struct {
	mutex sync.Mutex
	list  []rules.Exception
}

// exceptions is a policy of its own, for three reasons: each policy is told its own configuration only, all exceptions belong in one list, and what is let pass is
// shown in every output, which takes a policy of level advisory.
func (p *policies) exceptions() policyx.Policy {
	return policyx.NewResourceValidationPolicy(levels.Policy, policyx.ResourceValidationPolicyArgs{
		Description:      "What is let pass by way of exception is listed, with its reason and its end.",
		EnforcementLevel: policyx.EnforcementLevelAdvisory,
		ConfigSchema: &policyx.ConfigSchema{Properties: map[string]map[string]any{levels.Key: {
			"type": "array",
			"items": map[string]any{
				"type":                 "object",
				"required":             []any{"rule", "resource", "reason", "until"},
				"additionalProperties": false,
				"properties": map[string]any{
					"rule": map[string]any{"type": "string"}, "resource": map[string]any{"type": "string"},
					"reason": map[string]any{"type": "string"}, "until": map[string]any{"type": "string"},
				},
			},
		}}},
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			list, err := decode(args.Config[levels.Key])
			if err != nil {
				return err
			}
			p.known.mutex.Lock()
			p.known.list = list
			p.known.mutex.Unlock()
			p.list(args.Manager, list, resource(args.Resource))
			return nil
		},
	})
}

// list tells what an exception lets pass for this resource. Those that count for nothing are told once, with the stack itself.
func (p *policies) list(to policyx.PolicyManager, list []rules.Exception, r rules.Resource) {
	for _, e := range list {
		problem := e.Problem(p.all, p.facts.Today)
		if problem != "" && r.Type == tokens.Stack {
			to.ReportViolation(fmt.Sprintf("%s: the exception of %s from %s does not count: %s", r.Name, e.Resource, e.Rule, problem), r.URN)
		}
		i := slices.IndexFunc(p.all, func(rule rules.Rule) bool { return e.Covers(rule.ID, r) })
		if problem != "" || i < 0 {
			continue
		}
		violations := p.all[i].Judge(p.facts, r)
		for _, v := range violations {
			to.ReportViolation(fmt.Sprintf("%s: %s may be broken until %s (%s): %s", r.Name, e.Rule, e.Until, e.Reason, v.Found), r.URN)
		}
		if len(violations) == 0 && !p.facts.Preview {
			to.ReportViolation(fmt.Sprintf("%s: the exception from %s is not needed; take it out of the list", r.Name, e.Rule), r.URN)
		}
	}
}

// excused reports whether an exception lets a resource break a rule today.
func (p *policies) excused(rule string, r rules.Resource) bool {
	p.known.mutex.Lock()
	defer p.known.mutex.Unlock()
	return levels.Excused(p.known.list, p.all, rule, r, p.facts.Today)
}

func decode(value any) ([]rules.Exception, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var list []rules.Exception
	return list, json.Unmarshal(text, &list)
}
