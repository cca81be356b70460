package rules

import "slices"

var tlsRules = slices.Concat(tlsEdgeRules, tlsChallengeRules, tlsKeyRules, tlsProvidedRules)
