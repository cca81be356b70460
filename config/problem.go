package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Problem is one thing in the configuration that must change before the stack can be deployed.
type Problem struct {
	// Key is the full path in Pulumi's own notation, such as workers[0].limit or docker:host.
	Key string
	// Found is what is there now. It never holds a secret.
	Found string
	// Want is what would be right.
	Want string
	// Fix is a command that mends it, or an example of one; empty where there is none.
	Fix string
}

func (p Problem) String() string {
	line := fmt.Sprintf("%s: found %s, want %s", p.Key, p.Found, p.Want)
	if p.Fix != "" {
		line += " (" + p.Fix + ")"
	}
	return line
}

// Problems is all that is wrong with one configuration, sorted by key.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, 0, len(p)+1)
	switch len(p) {
	case 1:
		lines = append(lines, "1 problem in the configuration:")
	default:
		lines = append(lines, fmt.Sprintf("%d problems in the configuration:", len(p)))
	}
	for _, problem := range p {
		lines = append(lines, "  "+problem.String())
	}
	return strings.Join(lines, "\n")
}

func (p *Problems) add(key, found, want, fix string) {
	*p = append(*p, Problem{Key: key, Found: found, Want: want, Fix: fix})
}

func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, compareKeys)
	return p
}

func compareKeys(a, b Problem) int { return cmp.Compare(a.Key, b.Key) }

// covers tells whether a problem is known for the key, for one of its parents or for one of its children.
func (p Problems) covers(key string) bool {
	return slices.ContainsFunc(p, func(known Problem) bool { return within(key, known.Key) || within(known.Key, key) })
}

func (p Problems) coversAny(keys ...string) bool {
	return slices.ContainsFunc(keys, p.covers)
}

func within(key, parent string) bool {
	rest, found := strings.CutPrefix(key, parent)
	return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// set is the command that gives a key a value. The CLI turns what looks like a whole number or a boolean into one, so other types are named.
func set(key, value string) string {
	return "pulumi config set " + pathFlag(key) + shellWord(key) + " " + shellWord(value)
}

func setTyped(kind, key, value string) string {
	return "pulumi config set --type " + kind + " " + pathFlag(key) + shellWord(key) + " " + shellWord(value)
}

func setSecret(key string) string {
	return "pulumi config set --secret " + pathFlag(key) + shellWord(key)
}

func remove(key string) string {
	return "pulumi config rm " + pathFlag(key) + shellWord(key)
}

func pathFlag(key string) string {
	if strings.ContainsAny(key, ".[") {
		return "--path "
	}
	return ""
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
