package rules

import "slices"

var exposureRules = slices.Concat(exposureNginxRules, exposureMonRules, exposureDockerRules, exposureServerRules)
