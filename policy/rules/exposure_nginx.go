package rules

var exposureNginxRules = []Rule{}
