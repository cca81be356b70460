package rules

import "slices"

var exposureRules = slices.Concat(exposureNginxRules, exposureDockerRules, exposureServerRules)
