package rules

var scaleRules = []Rule{}
