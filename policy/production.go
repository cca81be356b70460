package main

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// production refuses a production stack that is judged by the levels of another one: `--policy-pack-config policy/dev.json` would turn the strict rules off unseen.
func (p *policies) production() policyx.Policy {
	return policyx.NewStackValidationPolicy("levels-of-production", policyx.StackValidationPolicyArgs{
		Description:      "A production stack is judged by every rule that has to do with production.",
		EnforcementLevel: policyx.EnforcementLevelMandatory,
		ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
			if !p.facts.Production {
				return nil
			}
			var off []string
			for _, rule := range p.all {
				if rule.Production && rule.Resource != nil && !p.wasAsked(rule.ID) {
					off = append(off, rule.ID)
				}
			}
			if len(off) > 0 {
				args.Manager.ReportViolation("the stack says production: true, and these rules are disabled: "+strings.Join(off, ", ")+"; use --policy-pack-config policy/prod.json, and exceptions rather than disabled rules", "")
			}
			return nil
		},
	})
}

func (p *policies) ask(rule string) {
	p.known.mutex.Lock()
	p.asked[rule] = true
	p.known.mutex.Unlock()
}

func (p *policies) wasAsked(rule string) bool {
	p.known.mutex.Lock()
	defer p.known.mutex.Unlock()
	return p.asked[rule]
}
