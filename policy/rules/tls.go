package rules

var tlsRules = []Rule{}
