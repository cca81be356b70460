package rules

// secretsNginxRules judge what nginx itself is told of secrets.
var secretsNginxRules = []Rule{}
