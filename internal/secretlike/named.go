package secretlike

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"prefect-platform/config"
)

// Named looks at a value and the name that it goes by: a variable of the environment, a label, a field of an object.
func Named(name, value string) string {
	words := words(name)
	switch {
	case stands(value):
		return ""
	case headerOfAccount(words):
		return "the value of " + name
	case last(words) == "HEADERS" && strings.Contains(value, ":"):
		if what := inObject(value); what != "" {
			return what
		}
	case place(words):
		if tells(words[:len(words)-1]) && !somewhere.MatchString(value) {
			return "the value of " + name + ", which is no path"
		}
	case tells(words) && !about(words, value):
		return "the value of " + name
	}
	if digest(words) && hexadecimal.MatchString(value) {
		return ""
	}
	return Text(value)
}

func inObject(text string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if value, ok := fields[name].(string); ok {
			if what := Named(name, value); what != "" {
				return what
			}
		}
	}
	return ""
}

var hump = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// words divides a name as it is spelled in any language: apiPasswordA, api-password.a, API_PASSWORD_A.
func words(name string) []string {
	divided := hump.ReplaceAllString(name, "${1}_$2")
	return strings.FieldsFunc(strings.ToUpper(divided), func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}

func last(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

func tells(words []string) bool {
	also := func(word string) bool {
		return slices.Contains([]string{"REQUIREPASS", "MASTERAUTH", "PRIVATEKEY", "SECRETKEY", "ACCESSKEY", "AUTHTOKEN"}, word)
	}
	return config.LooksSecret(strings.Join(words, "_")) || slices.ContainsFunc(words, also)
}

// headerOfAccount knows the names whose whole value is user:password or a header, such as PREFECT_SERVER_API_AUTH_STRING and REDISCLI_AUTH.
func headerOfAccount(words []string) bool {
	switch last(words) {
	case "STRING":
		return len(words) > 1 && words[len(words)-2] == "AUTH"
	case "AUTH":
		return len(words) > 1 && (words[0] == "REDISCLI" || words[len(words)-2] == "BASIC")
	case "AUTHORIZATION", "COOKIE":
		return true
	}
	return false
}

// place reports whether a name says where something is.
func place(words []string) bool { return slices.Contains([]string{"FILE", "PATH", "DIR"}, last(words)) }

func digest(words []string) bool {
	return slices.Contains([]string{"SHA", "SHA1", "SHA256", "SHA512", "DIGEST", "HASH", "CHECKSUM", "COMMIT", "REVISION", "FINGERPRINT"}, last(words))
}

var (
	somewhere = regexp.MustCompile(`^(/|\./|\.\./|~/|[A-Za-z]:\\|file:|%[A-Z])`)
	// amount is a number, a switch or a duration.
	amount = regexp.MustCompile(`(?i)^(true|false|on|off|yes|no|[0-9]+(\.[0-9]+)?\s?(ms|s|m|h|d)?|P[0-9TDHMSWY]+)$`)
)

// about reports whether the words speak about a secret (TOKEN_TTL=3600, PASSWORD_ENCRYPTION=scram-sha-256) or of a file with a key.
func about(words []string, value string) bool {
	switch last(words) {
	case "TTL", "LENGTH", "TIMEOUT", "SECONDS", "MINUTES", "HOURS", "DAYS", "EXPIRY", "EXPIRES", "LIFETIME", "AGE", "ENABLED", "DISABLED", "REQUIRED", "COUNT", "SIZE", "LIMIT", "ROUNDS", "ITERATIONS", "ROTATION":
		return amount.MatchString(value)
	case "TYPE", "ALGORITHM", "ENCRYPTION", "POLICY", "NAME", "HEADER", "PREFIX", "URL", "URI", "ENDPOINT", "HOST", "PORT", "ISSUER", "AUDIENCE":
		return true // and the value is still looked at as a text
	case "KEY", "KEYS":
		return somewhere.MatchString(value)
	case "PWD":
		return len(words) == 1 && somewhere.MatchString(value)
	}
	return amount.MatchString(value) && !number.MatchString(value)
}

var (
	reference = regexp.MustCompile(`^["']?(\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|\$\(.*|\$\{[^}]*\}|\$[1-9@]|\{\{.*\}\}|\{[A-Za-z_.]*\}|<[^>]*>|%[sv]|:'[a-z_]+')["']?$`)
	nothing   = []string{"", "null", "none", "nil", "true", "false", "\"\"", "''"}
)

// stands reports whether a value is nothing, or stands for another one: $PASSWORD, {{ .password }}, <password>.
func stands(value string) bool {
	value = strings.TrimSpace(value)
	return slices.Contains(nothing, strings.ToLower(value)) || strings.Trim(value, "*x") == "" || reference.MatchString(value)
}

// assignment is name=value, "name": "value", name => value.
var assignment = regexp.MustCompile(`["']?\b([A-Za-z][A-Za-z0-9_.-]*)["']?\s*(?:=>|:=|=|:)\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"')}\]]+)`)

// tag is what follows the colon in the name of an image.
var tag = regexp.MustCompile(`^(v?[0-9]+(\.[0-9]+)*([-+_.][A-Za-z0-9._+-]*)?|latest)(@.*)?$`)

func assigned(text string, how reading) string {
	for line := range strings.Lines(text) {
		if !containsAny(strings.ToLower(line), "pass pwd token secret key credential auth") {
			continue
		}
		if what := assignedIn(line, how); what != "" {
			return what
		}
	}
	return ""
}

func assignedIn(text string, how reading) string {
	for _, found := range assignment.FindAllStringSubmatch(text, -1) {
		name, value := words(found[1]), found[2]
		bare := strings.Trim(value, `"'`)
		isQuoted := bare != value
		switch {
		case how == quoted && !isQuoted, stands(bare), !strongly(name), about(name, bare), place(name):
		case how == quoted && strings.ContainsAny(bare, "{}$% "): // a format or a sentence
		case !isQuoted && strings.Contains(found[0], ":") && !strings.Contains(found[0], "=") && tag.MatchString(value):
		default:
			return "the value of " + found[1]
		}
	}
	return ""
}

// strongly reports whether a name within a text tells of a secret by its last words. A key alone may be that of a map, a cache or a table.
func strongly(words []string) bool {
	end := last(words)
	if end != "KEY" && end != "KEYS" {
		return tells([]string{end}) && end != "PWD"
	}
	if len(words) < 2 {
		return false
	}
	return slices.Contains([]string{"API", "SECRET", "ACCESS", "PRIVATE", "ENCRYPTION", "SIGNING", "AUTH", "MASTER", "ACCOUNT", "STORAGE", "SHARED"}, words[len(words)-2])
}
