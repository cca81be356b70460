package rules

import "slices"

var containersRules = slices.Concat(typeRules, imageRules, privilegeRules, hostRules, namespaceRules, limitRules, lifeRules, containersChangesRules)
