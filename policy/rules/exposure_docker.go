package rules

var exposureDockerRules = []Rule{}
