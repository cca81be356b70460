// Package leak finds secrets where none should be, in the forms in which configuration files, URLs, headers and logs spell them.
package leak

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// shortest is the length in characters below which a text is too common to be searched for. The platform makes no secret shorter than 32 and takes none
// shorter than 16.
const shortest = 12

// Needles are the spellings of a set of secrets.
type Needles struct {
	spellings map[string]needle
}

type needle struct{ secret, form string }

// Finding says which secret was found, never its value.
type Finding struct {
	Where, Secret, Form string
}

func (f Finding) String() string { return fmt.Sprintf("%s shows %s (%s)", f.Where, f.Secret, f.Form) }

// NewNeedles takes secrets by name: passwords and PEM keys. A key is looked for line by line, since files and JSON break lines differently.
func NewNeedles(secrets map[string]string) (*Needles, error) {
	n := &Needles{spellings: map[string]needle{}}
	for name, value := range secrets {
		if strings.HasPrefix(value, "-----BEGIN ") {
			if err := n.addPEM(name, value); err != nil {
				return nil, err
			}
			continue
		}
		if len(value) < shortest {
			return nil, fmt.Errorf("leak: secret %s has %d characters, too few to be told from ordinary text", name, len(value))
		}
		n.addText(name, value)
	}
	return n, nil
}

// addPEM looks for those parts of the key's text that spell its secret number; the rest of a key is public, and in certificates too.
func (n *Needles) addPEM(name, value string) error {
	block, _ := pem.Decode([]byte(value))
	key, err := ssh.ParseRawPrivateKey([]byte(value))
	if err != nil || block == nil {
		return fmt.Errorf("leak: secret %s: %w", name, err)
	}
	for _, number := range secretNumbers(key) {
		at := bytes.Index(block.Bytes, number)
		if at < 0 {
			return fmt.Errorf("leak: secret %s: its number is not in the file", name)
		}
		from, to := (at*8+5)/6, (at+len(number))*8/6
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "-----") {
				continue
			}
			if part := line[min(max(from, 0), len(line)):min(max(to, 0), len(line))]; len(part) >= shortest {
				n.spellings[part] = needle{name, "a line of the key"}
			}
			from, to = from-len(line), to-len(line)
		}
	}
	return nil
}

// secretNumbers returns what makes a private key private, as it is stored in files.
func secretNumbers(key any) [][]byte {
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		scalar, err := key.Bytes()
		if err != nil {
			panic(err) // keys that were parsed are on their curve
		}
		return [][]byte{scalar}
	case *rsa.PrivateKey:
		return [][]byte{key.D.Bytes(), key.Primes[0].Bytes()}
	case ed25519.PrivateKey:
		return [][]byte{key.Seed()}
	case *ed25519.PrivateKey:
		return [][]byte{key.Seed()}
	}
	panic(fmt.Sprintf("leak: %T is not a private key", key))
}

func (n *Needles) addText(name, value string) {
	add := func(form, spelling string) {
		if _, known := n.spellings[spelling]; !known {
			n.spellings[spelling] = needle{name, form}
		}
	}
	add("as it is", value)
	add("in JSON", inJSON(value))
	add("in JSON within JSON", inJSON(inJSON(value)))
	add("in a quoted string", strings.ReplaceAll(value, `'`, `''`))
	add("escaped for a URL", strings.TrimPrefix(url.UserPassword("", value).String(), ":"))
	add("escaped for a URL path", url.PathEscape(value))
	add("escaped for a URL query", url.QueryEscape(value))
	add("in hexadecimal", hex.EncodeToString([]byte(value)))
	for offset := range 3 {
		add("in base64, as in a Basic header", within(base64.RawStdEncoding, offset, value))
		add("in base64 for URLs", within(base64.RawURLEncoding, offset, value))
	}
}

// within returns what any base64 text has in common that holds value after offset (mod 3) other bytes, such as a user name: a group of four characters stands
// for three bytes, so the ones that value shares with its neighbours are left out.
func within(encoding *base64.Encoding, offset int, value string) string {
	encoded := encoding.EncodeToString(append(make([]byte, offset), value...))
	from := (offset*8 + 5) / 6
	to := (offset + len(value)) * 8 / 6
	return encoded[from:to]
}

// inJSON is the inside of a JSON string, also as Go writes it, with < > & escaped.
func inJSON(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text[1 : len(text)-1])
}

// derived are values from which a secret can be guessed or which serve in its place, recognised by their form.
var derived = map[string]*regexp.Regexp{
	"a SCRAM verifier":    regexp.MustCompile(`SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]{16,}\$[A-Za-z0-9+/=]{40,}`),
	"a password hash":     regexp.MustCompile(`\$(1|5|6|apr1|2y|2b)\$(rounds=\d+\$)?[A-Za-z0-9./$]{22,}`),
	"a PEM private key":   regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`),
	"a URL with password": regexp.MustCompile(`(postgresql(\+asyncpg)?|redis|https?)://[^/@\s"':]*:[^/@\s"'*]{8,}@`),
}

// Find looks for secrets in a text.
func (n *Needles) Find(where string, text []byte) []Finding {
	found := n.findSecrets(where, text)
	for form, pattern := range derived {
		if pattern.Match(text) {
			found = append(found, Finding{where, "a value derived from a secret", form})
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
	return found
}

// Holds tells whether a text holds a secret itself, in any spelling.
func (n *Needles) Holds(text []byte) bool { return len(n.findSecrets("", text)) > 0 }

func (n *Needles) findSecrets(where string, text []byte) []Finding {
	var found []Finding
	for spelling, of := range n.spellings {
		if bytes.Contains(text, []byte(spelling)) {
			found = append(found, Finding{where, of.secret, of.form})
		}
	}
	return found
}
