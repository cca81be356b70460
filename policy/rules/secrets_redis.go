package rules

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

var secretsRedisRules = []Rule{{
	ID:       "secrets-redis",
	Sentence: "Redis knows hashes of passwords only, and lets nobody in without one but to PING.",
	Why:      "its configuration is shown by CONFIG GET and its accounts by ACL LIST, and the default account may do everything; CIS Redis 2.1, redis.io security",
	Resource: func(c *Case) {
		files := c.files()
		for _, f := range files {
			if f.known && isRedis(f) {
				judgeRedis(c, f, files)
			}
		}
	},
}}

const redisChange = "write it as components/cache does: user default on resetpass #<SHA-256> ~* &* +@all"

var redisLine = regexp.MustCompile(`(?mi)^[ \t]*["']?(requirepass|masterauth|protected-mode|aclfile|appendonly|appendfsync|maxmemory-policy)["']?[ \t]+\S|^[ \t]*user[ \t]+\S+[ \t]+([^\n]*[ \t])?(on|off|nopass|resetpass|>\S+|#[0-9a-f]{64})([ \t]|$)`)

func isRedis(f file) bool {
	name := f.name()
	return strings.HasPrefix(name, "redis") && strings.HasSuffix(name, ".conf") || strings.HasSuffix(name, ".acl") || !strings.HasSuffix(name, ".py") && redisLine.MatchString(f.text)
}

func judgeRedis(c *Case, f file, all []file) {
	place := f.at.Path() + " (" + f.path + ")"
	guarded := false
	for i, line := range strings.Split(f.text, "\n") {
		words := strings.Fields(strings.NewReplacer(`"`, "", "'", "").Replace(line))
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		problem := ""
		switch directive := strings.ToLower(words[0]); directive {
		case "requirepass", "masterauth", "tls-key-file-pass", "tls-client-key-file-pass":
			problem = directive + " with a password in plain text"
		case "sentinel":
			if len(words) > 1 && slices.Contains([]string{"auth-pass", "sentinel-pass"}, strings.ToLower(words[1])) {
				problem = "a password in plain text"
			}
		case "include", "loadmodule":
			problem = directive + ", which brings in what nobody sees here"
		case "aclfile":
			guarded = true
			if len(words) < 2 || !slices.ContainsFunc(all, func(other file) bool { return path.Base(other.path) == path.Base(words[1]) }) {
				problem = "an aclfile that is not among the files"
			}
		case "user":
			if len(words) < 2 {
				problem = "a user without name"
				break
			}
			guarded = guarded || words[1] == "default"
			problem = accountProblem(words[1], words[2:])
		}
		if problem != "" {
			c.Refuse(fmt.Sprintf("%s line %d has %s", place, i+1, problem), redisChange)
		}
	}
	if !guarded && (redisServer.MatchString(f.text) || strings.HasSuffix(f.name(), ".acl") || strings.HasPrefix(f.name(), "redis")) {
		c.Refuse(place+" has no line for the user default, who then needs no password", redisChange)
	}
}

var (
	redisServer = regexp.MustCompile(`(?mi)^[ \t]*(protected-mode|appendonly|appendfsync|maxmemory-policy)[ \t]+\S`)
	sha256Hex   = regexp.MustCompile(`^#[0-9a-f]{64}$`)
)

// accountProblem follows the rules of an account from left to right, as Redis does (acl.c, ACLSetUser).
func accountProblem(name string, rules []string) string {
	on, open, keys, channels := false, false, false, false
	commands := map[string]bool{}
	for _, rule := range rules {
		lower := strings.ToLower(rule)
		switch {
		case rule[0] == '>' || rule[0] == '<':
			return "a password in plain text for the user " + name
		case rule[0] == '#':
			if !sha256Hex.MatchString(rule) {
				return "no SHA-256 hash for the user " + name
			}
			open = false
		case lower == "nopass":
			open = true
		case lower == "resetpass":
			open = false
		case lower == "reset":
			on, open, keys, channels, commands = false, false, false, false, map[string]bool{}
		case lower == "on", lower == "off":
			on = lower == "on"
		case lower == "allkeys", rule[0] == '~', rule[0] == '%':
			keys = true
		case lower == "resetkeys":
			keys = false
		case lower == "allchannels", rule[0] == '&':
			channels = true
		case lower == "resetchannels":
			channels = false
		case lower == "-@all", lower == "nocommands":
			commands = map[string]bool{}
		case lower == "allcommands":
			commands["@all"] = true
		case rule[0] == '+':
			commands[lower[1:]] = true
		case rule[0] == '-':
			delete(commands, lower[1:])
		case rule[0] == '(':
			keys = true // a selector grants more
		}
	}
	delete(commands, "ping")
	if on && open && (name == "default" || keys || channels || len(commands) > 0) {
		return "a user " + name + " without password who may do more than PING"
	}
	return ""
}
