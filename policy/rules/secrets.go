package rules

import "slices"

// secretsRules keep secrets out of where they can be read, and weak ones out of everywhere. What they cannot see: outputs of the stack, which are no resource, and
// what a component registers as outputs after it was judged. The program marks the first as secret itself.
var secretsRules = slices.Concat(
	secretsPlacesRules, secretsConfigRules, secretsProviderRules, secretsGeneratorRules, secretsFilesRules, secretsPostgresRules, secretsPasswordFileRules,
	secretsRedisRules, secretsRotationRules, secretsNginxRules,
)

// asvsSecrets is the number of the OWASP ASVS 5.0 that most of these rules rest on.
const asvsSecrets = "OWASP ASVS 5.0 13.3.1: secrets are kept out of source code and build artefacts"
