package rules

import "slices"

// All returns every rule, family by family.
func All() []Rule {
	return slices.Concat(authRules, tlsRules, exposureRules, secretsRules, containersRules, dataRules, dataDurableRules, scaleRules, monitoringRules)
}

func find(all []Rule, id string) (Rule, bool) {
	i := slices.IndexFunc(all, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return all[i], true
}
