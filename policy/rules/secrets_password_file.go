package rules

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"prefect-platform/internal/nginxconf"
)

// mostRounds is the number of rounds of SHA crypt at which a request costs nginx 2 ms, and mostCost that of bcrypt. Measured on one core: bcrypt 10, which the random
// provider makes, takes 51 ms, so that 20 requests per second with any password at all keep it busy.
const mostRounds, leastRounds, leastCost, mostCost = 5000, 1000, 4, 5

var (
	shaCrypt = regexp.MustCompile(`^\$(?:5\$(?:rounds=([0-9]{1,9})\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{43}|6\$(?:rounds=([0-9]{1,9})\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86})$`)
	bcrypt   = regexp.MustCompile(`^\$2[aby]\$([0-9]{2})\$[./0-9A-Za-z]{53}$`)
	accounts = regexp.MustCompile(`^[^:#\s]+:(\$[0-9a-z]+\$|\{[A-Z0-9]+\})`)
)

var secretsPasswordFileRules = []Rule{{
	ID:       "secrets-password-file",
	Sentence: "Each line of a password file has a salted hash that is neither fast to guess nor slow to check.",
	Why:      "nginx hashes at each request and caches nothing (nginx #1084): a slow hash is a denial of service, and {SHA}, {SSHA}, apr1 and DES are guessed by the billion per second",
	Resource: func(c *Case) {
		for _, f := range c.files() {
			if f.known && isPasswordFile(f) {
				judgePasswordFile(c, f)
			}
		}
	},
}}

func isPasswordFile(f file) bool {
	name := strings.TrimPrefix(f.name(), ".")
	if strings.HasPrefix(name, nginxconf.Passwords) || strings.HasSuffix(name, nginxconf.Passwords) {
		return true
	}
	for line := range strings.Lines(f.text) {
		if accounts.MatchString(line) {
			return true
		}
	}
	return false
}

func judgePasswordFile(c *Case, f file) {
	const change = "write it with htpasswd.Line: SHA-256 crypt with 1000 rounds, of a generated password"
	seen := map[string]bool{}
	for i, line := range strings.Split(strings.TrimRight(f.text, "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		user, hash, divided := strings.Cut(line, ":")
		problem := ""
		switch {
		case !divided || user == "" || strings.ContainsAny(user, " \t\r"):
			problem = "is no user:hash"
		case i > 0 && len(seen) > 0 && !seen[user]:
			problem = "lets in another user, whom nothing recorded"
		case seen[user]:
			problem = "names a user for the second time, which nginx never reads"
		default:
			problem = hashProblem(hash)
		}
		seen[user] = true
		if problem != "" {
			c.Refuse(fmt.Sprintf("%s (%s) line %d %s", f.at.Path(), f.path, i+1, problem), change)
		}
	}
}

func hashProblem(hash string) string {
	if parts := shaCrypt.FindStringSubmatch(hash); parts != nil {
		if rounds := parts[1] + parts[2]; rounds != "" {
			if n, err := strconv.Atoi(rounds); err != nil || n < leastRounds || n > mostRounds {
				return fmt.Sprintf("has %s rounds, needs %d to %d", rounds, leastRounds, mostRounds)
			}
		}
		return ""
	}
	if parts := bcrypt.FindStringSubmatch(hash); parts != nil {
		if cost, err := strconv.Atoi(parts[1]); err != nil || cost < leastCost || cost > mostCost {
			return fmt.Sprintf("has bcrypt of cost %s, needs %d or %d", parts[1], leastCost, mostCost)
		}
		return ""
	}
	switch {
	case hash == "":
		return "has an empty password"
	case strings.HasPrefix(hash, "{"):
		return "has a hash of a form in braces"
	case strings.HasPrefix(hash, "$"):
		return "has a hash that is neither $5$, $6$ nor bcrypt, or is broken"
	}
	return "has a password in plain text or DES"
}
