package rules

import "slices"

var authRules = slices.Concat(authAPIRules, authEdgeRules, authServerRules, authGrafanaRules)
