package rules

import "slices"

var tlsRules = slices.Concat(tlsEdgeRules, tlsKeyRules, tlsProvidedRules)
