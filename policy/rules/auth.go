package rules

var authRules = []Rule{}
