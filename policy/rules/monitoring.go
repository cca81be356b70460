package rules

var monitoringRules = []Rule{}
