package rules

import "slices"

// secretsRules keep secrets out of where they can be read, and weak ones out of everywhere.
var secretsRules = slices.Concat(
	secretsPlacesRules, secretsConfigRules, secretsProviderRules, secretsGeneratorRules, secretsFilesRules, secretsPostgresRules, secretsPasswordFileRules,
	secretsRedisRules, secretsRotationRules, secretsOutputsRules, secretsNginxRules,
)

// asvsSecrets is the number of the OWASP ASVS 5.0 that most of these rules rest on.
const asvsSecrets = "OWASP ASVS 5.0 13.3.1: secrets are kept out of source code and build artefacts"
