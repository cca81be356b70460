package rules

var dataRules = []Rule{}
