// Package htpasswd writes password files for nginx's basic authentication.
package htpasswd

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-crypt/x/crypt"
)

// Rounds is the least that the format allows. nginx hashes on every request and caches nothing: these take half a millisecond. More would not make
// a random password of 190 bits safer, only the edge slower (bcrypt at Pulumi's cost of 10 allows 20 requests per second and core).
const Rounds = 1000

// MaxPassword is the longest password in bytes that every crypt(3) takes.
const MaxPassword = 256

var saltForm = regexp.MustCompile(`^[./0-9A-Za-z]{1,16}$`)

// Line returns the line that lets user in with password: SHA-256 crypt, which the C libraries of all nginx images know. The same arguments give the same line.
//
// The user may not hold a colon, and both must be printable ASCII: browsers and clients disagree on how to send anything else.
// The salt has 1 to 16 characters of [./0-9A-Za-z]. The line is as secret as its password is weak.
func Line(user, password, salt string) (string, error) {
	switch {
	case user == "" || !printable(user) || strings.ContainsRune(user, ':') || user[0] == '#':
		return "", fmt.Errorf("user %q is empty, begins with #, or has a colon or a character that is not printable ASCII", user)
	case password == "" || !printable(password):
		return "", fmt.Errorf("the password of %s is empty or has a character that is not printable ASCII", user)
	case len(password) > MaxPassword:
		return "", fmt.Errorf("the password of %s has %d characters, more than %d", user, len(password), MaxPassword)
	case !saltForm.MatchString(salt):
		return "", fmt.Errorf("the salt of %s is not 1 to 16 characters of [./0-9A-Za-z]", user)
	}
	key := crypt.KeySHACrypt(sha256.New, []byte(password), []byte(salt), Rounds)
	return fmt.Sprintf("%s:$5$rounds=%d$%s$%s\n", user, Rounds, salt, key), nil
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
