package config

import (
	"regexp"
	"slices"
	"strings"
)

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// owned says what to use instead of environment variables that the program sets itself. A name that ends in "_" stands for all that begin so.
var owned = map[string]string{
	"HOME":                                 "no change of it: the files of the container depend on it",
	"HTTPS_PROXY":                          "egress.proxy",
	"HTTP_PROXY":                           "egress.proxy",
	"NO_PROXY":                             "egress.noProxy",
	"PATH":                                 "a full path in the command, or worker image with a PATH of its own",
	"PREFECT_API_AUTH_STRING":              "access.user and the secret apiPasswordA: the program hands them over in a file",
	"PREFECT_API_DATABASE_":                "nothing: workers have no way to the database",
	"PREFECT_API_KEY":                      "nothing: it belongs to Prefect Cloud",
	"PREFECT_API_SSL_CERT_FILE":            "egress.caCertificates",
	"PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "egress.caCertificates",
	"PREFECT_API_URL":                      "nothing: workers reach the stack's own API",
	"PREFECT_HOME":                         "nothing: results are on a volume already",
	"PREFECT_LOCAL_STORAGE_PATH":           "a storage block in the flow: results are on a volume already",
	"PREFECT_LOGGING_CONFIG_PATH":          "nothing: the program's own sends flow logs to the API and to a file",
	"PREFECT_LOGGING_SETTINGS_PATH":        "nothing: the program's own sends flow logs to the API and to a file",
	"PREFECT_PROFILES_PATH":                "variables of their own",
	"PREFECT_REDIS_":                       "nothing: workers do not use Redis",
	"PREFECT_RESULTS_LOCAL_STORAGE_PATH":   "a storage block in the flow: results are on a volume already",
	"PREFECT_SERVER_":                      "the sections api, services and database: workers run no server",
	"PREFECT_WORKER_":                      "limit and drainSeconds",
	"PYTHONPATH":                           "an image in which the packages are installed",
	"REQUESTS_CA_BUNDLE":                   "egress.caCertificates",
	"SSL_CERT_FILE":                        "egress.caCertificates",
	"TZ":                                   "timeZone",
}

// checkVariable looks at the name of an environment variable.
func checkVariable(p *Problems, key, name string) bool {
	if !variable.MatchString(name) {
		p.add(key, quoteOrNothing(name), "the name of an environment variable: letters, digits and _, not beginning with a digit", "")
		return false
	}
	for known, instead := range owned {
		if upper := strings.ToUpper(name); upper == known || strings.HasSuffix(known, "_") && strings.HasPrefix(upper, known) {
			p.add(key, "a variable that the program sets", instead, remove(key))
			return false
		}
	}
	return true
}

var confidential = []string{"PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "TOKEN", "SECRET", "SECRETS", "KEY", "KEYS", "APIKEY", "CREDENTIAL", "CREDENTIALS"}

// LooksSecret reports whether the words of a variable's name, divided by _, tell of a secret. A name that ends in FILE, PATH or DIR says where a secret is, not what it is.
func LooksSecret(name string) bool {
	words := strings.Split(strings.ToUpper(name), "_")
	if slices.Contains([]string{"FILE", "PATH", "DIR"}, words[len(words)-1]) {
		return false
	}
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains(confidential, word) || strings.HasSuffix(word, "PASSWORD")
	})
}
