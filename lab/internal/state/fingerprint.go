package state

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Fingerprint is a hash over every file below dir, names and modes included, and over the given extra inputs.
// Test files do not count: they change nothing that is built.
func Fingerprint(dir string, extra ...string) (string, error) {
	sum := sha256.New()
	for _, s := range extra {
		_, _ = fmt.Fprintf(sum, "%d:%s\n", len(s), s)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(sum, "%s %v %d\n", name, info.Mode()&0o100 != 0, len(content))
		_, _ = sum.Write(content)
		return nil
	})
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Stamped says whether the step called name finished with this fingerprint before.
func (d Dir) Stamped(name, fingerprint string) bool {
	content, err := os.ReadFile(filepath.Join(d.Stamps(), name))
	return err == nil && string(content) == fingerprint
}

// Stamp records that the step called name finished with this fingerprint.
func (d Dir) Stamp(name, fingerprint string) error {
	return WriteFile(filepath.Join(d.Stamps(), name), []byte(fingerprint), 0o644)
}
