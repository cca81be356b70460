package rules

var secretsRules = []Rule{}
