package rules

import "slices"

// All returns every rule, family by family.
func All() []Rule {
	return slices.Concat(authRules, tlsRules, exposureRules, secretsRules, containersRules, dataRules, scaleRules, monitoringRules)
}

// Find returns the rule with an ID.
func Find(id string) (Rule, bool) {
	for _, r := range All() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}
