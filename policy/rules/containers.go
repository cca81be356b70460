package rules

var containersRules = []Rule{}
