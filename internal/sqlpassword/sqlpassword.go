// Package sqlpassword finds the passwords that SQL for PostgreSQL gives to roles.
package sqlpassword

import (
	"regexp"
	"strings"
)

// Given is one place at which a role gets a password.
type Given struct {
	// Literal is the text of the password or verifier.
	Literal string
	// Readable says that it is a plain literal; otherwise it is a variable, a format or an escape string, and nobody can tell what it will be.
	Readable bool
}

// Find returns every place, also those in strings that are executed later: bodies of DO and functions, what \gexec runs, templates of format().
func Find(sql string) []Given { return find(sql, 3) }

func find(sql string, depth int) []Given {
	tokens := tokenise(sql)
	var all []Given
	for i, each := range tokens {
		if each.text != "" && each.kind == body && depth > 0 && mention.MatchString(each.text) {
			all = append(all, find(each.text, depth-1)...)
		}
		if each.kind != word || !strings.EqualFold(each.text, "password") {
			continue
		}
		next := token{kind: end}
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		switch {
		case next.kind == body:
			all = append(all, Given{next.text, next.plain})
		case next.kind == end && depth < 3, next.kind == variable:
			all = append(all, Given{})
		case next.kind == word && (strings.EqualFold(next.text, "e") || strings.EqualFold(next.text, "u")) && next.glued:
			all = append(all, Given{})
		}
	}
	return all
}

var mention = regexp.MustCompile(`(?i)\bpassword\b`)

type kind int

const (
	word     kind = iota
	body          // a literal, quoted by ' or $tag$
	variable      // :'name', %L, $1, ||
	sign
	end
)

type token struct {
	kind  kind
	text  string
	plain bool // a literal in '…', which is taken as it is
	glued bool // a word that a quotation mark follows at once, as in E'…'
}

var (
	letters = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*`)
	dollar  = regexp.MustCompile(`^\$([A-Za-z_][A-Za-z0-9_]*)?\$`)
	filled  = regexp.MustCompile(`^(:'[^']*'|:"[^"]*"|:[A-Za-z_][A-Za-z0-9_]*|%[0-9]*\$?[LsI]|\$[0-9]+|\|\|)`)
)

func tokenise(sql string) []token {
	var all []token
	for sql != "" {
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case strings.HasPrefix(sql, "/*"):
			sql = afterComment(sql)
		case sql[0] == '\'':
			text, rest := literal(sql[1:])
			all, sql = append(all, token{kind: body, text: text, plain: true}), rest
		case sql[0] == '"':
			_, rest, _ := strings.Cut(sql[1:], `"`)
			all, sql = append(all, token{kind: sign}), rest
		case dollar.MatchString(sql):
			tag := dollar.FindString(sql)
			text, rest, _ := strings.Cut(sql[len(tag):], tag)
			all, sql = append(all, token{kind: body, text: text}), rest
		case filled.MatchString(sql):
			found := filled.FindString(sql)
			all, sql = append(all, token{kind: variable}), sql[len(found):]
		case letters.MatchString(sql):
			found := letters.FindString(sql)
			sql = sql[len(found):]
			all = append(all, token{kind: word, text: found, glued: strings.HasPrefix(sql, "'") || strings.HasPrefix(sql, "&'")})
		case strings.ContainsRune(" \t\r\n\f\v", rune(sql[0])):
			sql = sql[1:]
		default:
			all, sql = append(all, token{kind: sign}), sql[1:]
		}
	}
	return all
}

// literal reads up to the closing quotation mark; two of them stand for one.
func literal(sql string) (text, rest string) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(sql, "'")
		b.WriteString(before)
		if !found || !strings.HasPrefix(after, "'") {
			return b.String(), after
		}
		b.WriteByte('\'')
		sql = after[1:]
	}
}

// afterComment skips a comment, which may hold others.
func afterComment(sql string) string {
	depth := 0
	for sql != "" {
		switch {
		case strings.HasPrefix(sql, "/*"):
			depth, sql = depth+1, sql[2:]
		case strings.HasPrefix(sql, "*/"):
			if depth, sql = depth-1, sql[2:]; depth == 0 {
				return sql
			}
		default:
			sql = sql[1:]
		}
	}
	return ""
}
