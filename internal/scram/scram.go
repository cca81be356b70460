// Package scram computes what PostgreSQL stores of a password, so that the server never sees the password itself.
package scram

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Iterations is PostgreSQL's own default (scram_iterations). More would only slow asyncpg, which derives the key in Python at each connect.
const Iterations = 4096

// Verifier returns a SCRAM-SHA-256 verifier (RFC 5803), which `ALTER ROLE … PASSWORD` stores as it is.
// The password must be printable ASCII, which SASLprep (RFC 4013) leaves unchanged. The salt is any text of 16 or more characters.
func Verifier(password, salt string) (string, error) {
	for _, c := range password {
		if c < ' ' || c > '~' {
			return "", fmt.Errorf("a password for PostgreSQL holds %q, needs printable ASCII only", c)
		}
	}
	if len(salt) < 16 {
		return "", fmt.Errorf("a salt of %d characters, needs 16 or more", len(salt))
	}
	salted, err := pbkdf2.Key(sha256.New, password, []byte(salt), Iterations, sha256.Size)
	if err != nil {
		return "", err
	}
	storedKey := sha256.Sum256(mac(salted, "Client Key"))
	serverKey := mac(salted, "Server Key")
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", Iterations, encode([]byte(salt)), encode(storedKey[:]), encode(serverKey)), nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
