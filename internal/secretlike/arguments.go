package secretlike

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Arguments looks at a command: each argument, what several say together, and the flags by which known programs take a password.
func Arguments(list []string) string {
	for _, each := range list {
		if what := Text(each); what != "" {
			return what
		}
	}
	split := divided(list)
	if what := flags(split); what != "" {
		return what
	}
	joined := strings.Join(list, " ")
	if found := inSQL.FindStringSubmatch(joined); found != nil && !strings.HasPrefix(found[1], "SCRAM-SHA-256$") {
		return "a password in SQL"
	}
	return Text(joined)
}

// Script looks at a program of a shell, each line as a command.
func Script(text string) string {
	if what := Code(text); what != "" {
		return what
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if what := flags(divided([]string{line})); what != "" {
			return what
		}
	}
	return ""
}

var inSQL = regexp.MustCompile(`(?i)\bpassword\s+(?:e|u&)?'([^':][^']*)'`)

// divided splits what a shell would split.
func divided(list []string) []string {
	var all []string
	for _, each := range list {
		for _, word := range strings.FieldsFunc(each, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == ';' || r == '(' || r == ')' }) {
			all = append(all, strings.Trim(word, "\"'"))
		}
	}
	return all
}

// short are flags of one letter that mean a password to a program; elsewhere -p is a port, a path or a pool.
var short = map[string]string{
	"mysql": "-p", "mysqldump": "-p", "mysqladmin": "-p", "mariadb": "-p", "mariadb-dump": "-p", "mongo": "-p", "mongosh": "-p", "mongodump": "-p",
	"sshpass": "-p", "login": "-p", "sqlcmd": "-P", "redis-cli": "-a", "redis-benchmark": "-a", "ldapsearch": "-w", "ldapmodify": "-w", "mosquitto_pub": "-P", "mosquitto_sub": "-P", //nolint:misspell // a program of that name
}

func flags(list []string) string {
	taken, server, user := "", false, ""
	for i, each := range list {
		if flag, known := short[path.Base(each)]; known && !strings.HasPrefix(each, "-") {
			taken = flag
		}
		server = server || path.Base(each) == "redis-server"
		next := ""
		if i+1 < len(list) && !strings.HasPrefix(list[i+1], "-") {
			next = list[i+1]
		}
		name, value, joined := strings.Cut(each, "=")
		if !joined {
			value = next
		}
		switch {
		case server && len(each) > 1 && each[0] == '>' && each[1] != '=' && each[1] != '>':
			return "a password of Redis"
		case !strings.HasPrefix(each, "-"):
		case name == "--user" || name == "-u" || name == "--proxy-user" || name == "-U":
			if account := credential(value); account {
				return "user and password after " + name
			}
			user = value
		case taken != "" && strings.HasPrefix(each, taken) && !strings.HasPrefix(each, "--"):
			if attached := strings.TrimPrefix(each, taken); attached != "" {
				value = attached
			}
			if !stands(value) {
				return "a password after " + taken
			}
		case name == "-p" && guessed(value):
			return "a password after -p"
		case strings.HasPrefix(name, "-") && len(name) > 2:
			if words := words(name); strongly(words) && !place(words) && !about(words, value) && !stands(value) && value != user {
				return "the value of " + name // a value that is the user's own name belongs to an account that needs none
			}
		}
	}
	return ""
}

var numbers = regexp.MustCompile(`^[0-9]+:[0-9]+$`)

// credential is user:password, but not the numbers of a user and a group.
func credential(value string) bool {
	user, password, both := strings.Cut(value, ":")
	return both && user != "" && !numbers.MatchString(value) && !strings.Contains(user, "/") && !stands(password) && !strings.HasPrefix(password, "//")
}

// guessed is what looks like a password after a -p whose meaning is unknown: one of the words for it, or letters and digits that are neither path nor port.
func guessed(value string) bool {
	if slices.Contains([]string{"secret", "password", "passwd", "changeme", "admin", "hunter2"}, strings.ToLower(value)) {
		return true
	}
	lower, upper, digit, _ := tally(value)
	return len(value) >= 8 && digit > 0 && lower > 0 && (upper > 0 || strings.ContainsAny(value, "!@#$%^&*")) && !strings.ContainsAny(value, "/:") && !stands(value)
}
