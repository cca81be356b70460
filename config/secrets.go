package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// password is one supplied password and the key that it came from.
type password struct{ key, value string }

func (s Secrets) passwords() []password {
	return []password{
		{"apiPasswordA", s.APIPasswordA},
		{"apiPasswordB", s.APIPasswordB},
		{"databasePasswordA", s.DatabasePasswordA},
		{"databasePasswordB", s.DatabasePasswordB},
		{"redisPasswordA", s.RedisPasswordA},
		{"redisPasswordB", s.RedisPasswordB},
		{"backupPasswordA", s.BackupPasswordA},
		{"backupPasswordB", s.BackupPasswordB},
	}
}

// checkSecrets never tells what it found: its messages end up in terminals and in the logs of pipelines.
func (c Config) checkSecrets(p *Problems) {
	keyOf := map[string]string{}
	for _, given := range c.Secrets.passwords() {
		if given.value == "" {
			continue
		}
		c.checkPassword(p, given)
		if other, used := keyOf[given.value]; used {
			p.add(given.key, "the same value as in "+other, "a password of its own", setSecret(given.key))
		}
		keyOf[given.value] = given.key
	}
	for _, name := range slices.Sorted(maps.Keys(c.Secrets.WorkerSecrets)) {
		key := join("workerSecrets", name)
		checkVariable(p, key, name)
		if c.Secrets.WorkerSecrets[name] == "" {
			p.add(key, "an empty value", "a value, or no key at all", remove(key))
		}
	}
}

const leastPassword, leastDistinct = 16, 8

// checkPassword accepts the 95 printable ASCII characters: others are changed by SCRAM's SASLprep and make Prefect's comparison of credentials fail.
func (c Config) checkPassword(p *Problems, given password) {
	fix := setSecret(given.key)
	if strings.ContainsFunc(given.value, func(r rune) bool { return r < ' ' || r > '~' }) {
		p.add(given.key, "a character outside printable ASCII", "letters, digits, signs and spaces of ASCII only; no line break", fix)
		return
	}
	if len(given.value) < leastPassword {
		p.add(given.key, fmt.Sprintf("%d characters", len(given.value)), fmt.Sprintf("%d or more, or no key at all: what is missing is generated", leastPassword), fix)
		return
	}
	rest := withoutWords(given.value, c.Access.User)
	if len(rest) < leastPassword || distinct(rest) < leastDistinct {
		p.add(given.key, "common words or repetitions", fmt.Sprintf("%d characters besides them, %d of them different, or no key at all: what is missing is generated", leastPassword, leastDistinct), fix)
	}
}

// Guessable reports whether a password is among what attackers try: too short, or made of common words and repetitions.
func Guessable(value string) bool {
	rest := withoutWords(value, "")
	return len(rest) < leastPassword || distinct(rest) < leastDistinct
}

// guessable are what attackers try first in a password of this stack, longer ones first.
var guessable = []string{"administrator", "postgresql", "1234567890", "qwertyuiop", "abcdefgh", "changeme", "password", "passw0rd", "p@ssword", "p@ssw0rd", "postgres", "123456", "prefect", "default", "letmein", "welcome", "qwerty", "secret", "server", "docker", "admin", "nginx", "redis"}

func withoutWords(value, user string) string {
	rest := strings.ToLower(value)
	for _, word := range append([]string{strings.ToLower(user)}, guessable...) {
		if len(word) > 2 {
			rest = strings.ReplaceAll(rest, word, "")
		}
	}
	return rest
}

func distinct(text string) int {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return len(seen)
}
