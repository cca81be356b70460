// Package recovery knows what brings a stack back of which host and state are lost: the recovery key that a person keeps, what each backup holds beside the database,
// and how the stack file of the clone begins anew without the passphrase.
package recovery

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// Key is all that opens a repository of backups.
type Key struct {
	Repository string `json:"repository"`
	Key        string `json:"key"`
	User       string `json:"user,omitempty"`
	Secret     string `json:"secret,omitempty"`
	KnownHosts string `json:"knownHosts,omitempty"`
}

// mark begins a recovery key, so that people and programs that look for secrets know what they have found.
const mark = "prefect-recovery-"

// String is the key as one word.
func (k Key) String() string {
	text, err := json.Marshal(k) //nolint:gosec // a secret is what it is
	if err != nil {
		panic(err) // strings only
	}
	return mark + base64.RawURLEncoding.EncodeToString(text)
}

// Read takes what a file with a key holds: a recovery key, or the key of the repository alone.
func Read(text string) (Key, error) {
	if strings.HasPrefix(word(text), mark) {
		return ParseKey(text)
	}
	alone := strings.TrimSpace(text)
	if alone == "" {
		return Key{}, errors.New("no key is in it")
	}
	return Key{Key: alone}, nil
}

// word is a text without the line breaks that a mail or a printer put in.
func word(text string) string { return strings.Join(strings.Fields(text), "") }

// ParseKey reads what String wrote.
func ParseKey(text string) (Key, error) {
	var k Key
	encoded, ours := strings.CutPrefix(word(text), mark)
	if !ours {
		return k, errors.New("this is no recovery key: it begins with " + mark + ", and `platform backup` prints it")
	}
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err == nil {
		err = json.Unmarshal(raw, &k)
	}
	if err != nil || k.Repository == "" || k.Key == "" {
		return k, errors.New("the recovery key is not whole: it is one long word, and all of it is needed")
	}
	return k, nil
}
