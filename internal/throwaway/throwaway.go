// Package throwaway makes, of a stack's configuration file, one that anybody can preview: no secret of the stack is in it, no key of the stack is needed for it,
// and the engine that it names can be reached by nobody.
//
// It is a function from text to text, so that what a pull request from a stranger gets to see can be told without running anything.
package throwaway

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"

	"prefect-platform/config"
)

// File is a configuration file that stands in for a stack's own.
type File struct {
	// Text is what to write as Pulumi.<stack>.yaml.
	Text []byte
	// Instead says, for people, what is not the stack's own in it; sorted, without any value that was encrypted.
	Instead []string
}

// New makes a file whose secrets are encrypted under the passphrase, whoever's key they were encrypted with before: they are replaced, not read.
func New(stackFile []byte, passphrase string, now time.Time) (File, error) {
	crypter, salt, err := newCrypter(passphrase)
	if err != nil {
		return File{}, err
	}
	return rewrite(stackFile, crypter, salt, now)
}

func rewrite(stackFile []byte, crypter pulumiconfig.Encrypter, salt string, now time.Time) (File, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(stackFile, &document); err != nil {
		return File{}, fmt.Errorf("the stack file cannot be read: %w", err)
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	if len(document.Content) > 0 {
		root = expanded(document.Content[0])
	}
	if root.Kind != yaml.MappingNode {
		return File{}, errors.New("the stack file is not an object with the key config")
	}

	w := &work{crypter: crypter, now: now}
	for _, foreign := range []string{"secretsprovider", "encryptedkey", "encryptionsalt"} {
		remove(root, foreign)
	}
	if remove(root, "environment") {
		w.note("environment", "left out: only the account it belongs to can open it")
	}
	w.config(child(root, "config"))
	set(root, "encryptionsalt", text(salt))
	if w.err != nil {
		return File{}, w.err
	}

	var out bytes.Buffer
	if err := yaml.NewEncoder(&out).Encode(root); err != nil {
		return File{}, err
	}
	slices.Sort(w.instead)
	return File{Text: out.Bytes(), Instead: slices.Compact(w.instead)}, nil
}

// newCrypter makes a key and the line by which the Pulumi CLI finds it again (pkg/secrets/passphrase): a salt, and a known word encrypted.
func newCrypter(passphrase string) (pulumiconfig.Crypter, string, error) {
	salt := make([]byte, 8)
	if _, err := rand.Read(salt); err != nil {
		return nil, "", err
	}
	crypter := pulumiconfig.NewSymmetricCrypterFromPassphrase(passphrase, salt)
	known, err := crypter.EncryptValue(context.Background(), "pulumi")
	return crypter, "v1:" + base64.StdEncoding.EncodeToString(salt) + ":" + known, err
}

// work is one file under way.
type work struct {
	crypter pulumiconfig.Encrypter
	now     time.Time
	instead []string
	err     error // the first one
}

func (w *work) note(path, what string) { w.instead = append(w.instead, path+": "+what) }

// secure is an encrypted value of the stack file.
func (w *work) secure(plain string) *yaml.Node {
	encrypted, err := w.crypter.EncryptValue(context.Background(), plain)
	w.err = errors.Join(w.err, err)
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{text("secure"), text(encrypted)}}
}

func (w *work) config(all *yaml.Node) {
	if all.Kind != yaml.MappingNode {
		return // the CLI says what is wrong with it
	}
	own := func(name string) string { return config.Namespace + ":" + name }
	w.required(all, own)
	w.engine(all)
	names := map[string][]string{"workerSecrets": secretEnvironment(find(all, own("workers"))), "receiverSecrets": receiversWithSecrets(find(all, own("monitoring"))), "acmeSecrets": nil}
	for _, key := range keys(all) {
		w.top(all, key, names)
	}
	w.certificate(all, own)
}
