// Package secretlike recognises secrets in text by what they look like and by the names that they go by.
//
// It answers in words such as "a URL with a password", never with what it found, so that the answer may be printed; an empty answer means that nothing was found.
// It is a net for accidents and not a proof: whoever wants to hide a secret from it can.
package secretlike

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
)

// Text looks at free text: the value of a variable, a label, one argument of a command.
func Text(text string) string { return find(text, loose, 2) }

// Code looks at a program or a configuration file, in which `password = …` is often a variable: only quoted literals count there.
func Code(text string) string { return find(text, quoted, 2) }

// how assignments such as password=… are read.
type reading int

const (
	loose reading = iota
	quoted
)

// depth is how often what was encoded is looked into again.
func find(text string, how reading, depth int) string {
	if strings.Contains(text, "-----BEGIN ") {
		text = public.ReplaceAllString(text, "")
	}
	for _, each := range signatures {
		if containsAny(text, each.hints) && each.form.MatchString(text) {
			return each.what
		}
	}
	for _, look := range []func(string) string{inURL, inHeader} {
		if what := look(text); what != "" {
			return what
		}
	}
	if what := assigned(text, how); what != "" {
		return what
	}
	if random(text) {
		return "a long random text"
	}
	if depth == 0 {
		return ""
	}
	return encoded(text, how, depth-1)
}

// public are the parts of PEM files that everyone may see.
var public = regexp.MustCompile(`(?s)-----BEGIN (CERTIFICATE|TRUSTED CERTIFICATE|X509 CRL|CERTIFICATE REQUEST|NEW CERTIFICATE REQUEST|PUBLIC KEY|RSA PUBLIC KEY|DH PARAMETERS|EC PARAMETERS)-----.*?(-----END [A-Z0-9 ]+-----|$)`)

func containsAny(text string, hints string) bool {
	for hint := range strings.FieldsSeq(hints) {
		if strings.Contains(text, hint) {
			return true
		}
	}
	return false
}

// signatures are the forms that issuers chose so that their secrets can be found. The hints, one of which each has, spare most texts the search.
var signatures = []struct {
	what  string
	hints string
	form  *regexp.Regexp
}{
	{"a private key", "BEGIN begin PuTTY AGE-", regexp.MustCompile(`(?i)-----\s?BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key-File|AGE-SECRET-KEY-1[0-9A-Z]{20}`)},
	{"a JSON web token", "eyJ", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}`)},
	{"a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_ github_", regexp.MustCompile(`(^|[^A-Za-z0-9])(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})`)},
	{"a Slack token", "xox", regexp.MustCompile(`(^|[^A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{8,}`)},
	{"an AWS access key", "AKIA ASIA", regexp.MustCompile(`(^|[^A-Za-z0-9])(AKIA|ASIA)[0-9A-Z]{16}($|[^A-Za-z0-9])`)},
	{"an API key", "sk- rk- pk- sk_ rk_ pk_", regexp.MustCompile(`(^|[^A-Za-z0-9])(sk|rk|pk)[-_](live|test|proj|ant|svcacct|or|lf)[-_][A-Za-z0-9_-]{16,}|(^|[^A-Za-z0-9-])sk-[A-Za-z0-9]{20,}`)},
	{"a GitLab token", "glpat glptt gldt glrt glcbt glsoat glagent glft", regexp.MustCompile(`(^|[^A-Za-z0-9])gl(pat|ptt|dt|rt|cbt|soat|agent|ft)-[A-Za-z0-9_.-]{16,}`)},
	{"a Pulumi token", "pul-", regexp.MustCompile(`(^|[^A-Za-z0-9])pul-[0-9A-Fa-f]{20,}`)},
	{"a Prefect API key", "pnu_ pnb_", regexp.MustCompile(`(^|[^A-Za-z0-9])pn[ub]_[A-Za-z0-9]{16,}`)},
	{"a Docker token", "dckr_", regexp.MustCompile(`(^|[^A-Za-z0-9])dckr_(pat|oat)_[A-Za-z0-9_-]{16,}`)},
	{"a Google key", "AIza ya29", regexp.MustCompile(`(^|[^A-Za-z0-9])(AIza[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z_-]{20,})`)},
	{"a token", "hf_ npm_ hvb. hvs. SG. pypi- dop_ dapi", regexp.MustCompile(`(^|[^A-Za-z0-9])(hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|hv[bs]\.[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|pypi-AgE[A-Za-z0-9_-]{20,}|dop_v1_[0-9a-f]{32,}|dapi[0-9a-f]{32})`)},
	{"a PostgreSQL verifier", "SCRAM-SHA-256$", regexp.MustCompile(`SCRAM-SHA-256\$[0-9]+:`)},
	{"a password hash", "$1$ $5$ $6$ $7$ $y$ $gy$ $apr1$ $2 $argon2 $scrypt $pbkdf2", regexp.MustCompile(`\$(1|5|6|7|y|gy|apr1|2[abxy]|argon2(i|d|id)|scrypt|pbkdf2[a-z0-9-]*)\$[^\s$]+\$?[./A-Za-z0-9]{8,}`)},
}

// account is scheme://user:password@. SQLAlchemy lets the password hold a slash, so it may here (sqlalchemy/engine/url.py, _parse_url).
var account = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://([^\s:/?#@"'\[]*):([^\s@"'<>]+)@`)

// portAndPath is what follows the host of https://host:5000/path@sha256:….
var portAndPath = regexp.MustCompile(`^[0-9]{1,5}/`)

func inURL(text string) string {
	if !strings.Contains(text, "://") || !strings.Contains(text, "@") {
		return ""
	}
	for _, found := range account.FindAllStringSubmatch(text, -1) {
		if password := found[2]; !portAndPath.MatchString(password) && !stands(password) {
			return "a URL with a password"
		}
	}
	return ""
}

var (
	header = regexp.MustCompile(`(?i)authorization["']?\s*[:= ]\s*["']?(basic|bearer|token|apikey|digest|negotiate)["']?[\s,]+["']?([^\s"',;]+)`)
	scheme = regexp.MustCompile(`(?i)\b(?:basic|bearer)[\s:]+([A-Za-z0-9+/_.=-]{8,})`)
)

func inHeader(text string) string {
	const what = "an Authorization header"
	if !containsAny(strings.ToLower(text), "authorization basic bearer") {
		return ""
	}
	for _, found := range header.FindAllStringSubmatch(text, -1) {
		if !stands(found[2]) {
			return what
		}
	}
	for _, found := range scheme.FindAllStringSubmatch(text, -1) {
		if plain, ok := decoded(found[1]); ok && pair.MatchString(plain) || random(found[1]) {
			return what
		}
	}
	return ""
}

var (
	// pair is user:password, as basic authentication encodes it.
	pair    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}:[ -~]{3,}$`)
	escaped = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
)

func encoded(text string, how reading, depth int) string {
	if strings.Contains(text, "%") && escaped.MatchString(text) {
		if plain, err := url.PathUnescape(text); err == nil {
			if what := find(plain, how, depth); what != "" {
				return what
			}
		}
	}
	for each := range runs(text, 11) {
		plain, ok := decoded(each)
		if !ok {
			continue
		}
		if pair.MatchString(plain) {
			return "user and password in base64"
		}
		if what := find(plain, how, depth); what != "" {
			return what + " in base64"
		}
	}
	return ""
}

// decoded is the text behind base64, if it is one of at least 8 characters.
func decoded(text string) (string, bool) {
	bare := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	plain, err := base64.RawStdEncoding.DecodeString(bare)
	if err != nil || len(plain) < 8 {
		return "", false
	}
	for _, c := range plain {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return "", false
		}
	}
	return string(plain), true
}
