package rules

var exposureRules = []Rule{}
