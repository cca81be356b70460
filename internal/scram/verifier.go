package scram

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// LeastIterations is what RFC 7677 asks for.
const LeastIterations = 4096

// LeastSalt is the length in bytes of PostgreSQL's own salts (SCRAM_DEFAULT_SALT_LEN).
const LeastSalt = 16

var form = regexp.MustCompile(`^SCRAM-SHA-256\$([0-9]{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$`)

// Check reports what is wrong with a verifier: PostgreSQL takes every text that is none for a password, and one of few iterations as it is.
func Check(verifier string) error {
	parts := form.FindStringSubmatch(verifier)
	if parts == nil {
		return errors.New("it has not the form SCRAM-SHA-256$iterations:salt$key:key")
	}
	if iterations, err := strconv.Atoi(parts[1]); err != nil || iterations < LeastIterations {
		return fmt.Errorf("it has %s iterations, needs %d", parts[1], LeastIterations)
	}
	if salt, err := base64.StdEncoding.DecodeString(parts[2]); err != nil || len(salt) < LeastSalt {
		return fmt.Errorf("its salt is not base64 of %d bytes or more", LeastSalt)
	}
	for _, key := range parts[3:] {
		if bytes, err := base64.StdEncoding.DecodeString(key); err != nil || len(bytes) != sha256.Size {
			return fmt.Errorf("a key in it is not base64 of %d bytes", sha256.Size)
		}
	}
	return nil
}
