// Package clone knows the folder that holds the Pulumi project, and how the Pulumi CLI must be called there.
package clone

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"prefect-platform/config"
)

// DevStack is the stack that works without any account, login or passphrase of one's own.
const DevStack = "dev"

// devPassphrase is documented: it protects nothing but what is on this machine anyway. The salt in Pulumi.dev.yaml belongs to it.
const devPassphrase = "dev"

// Folder is a clone of the project.
type Folder string

// Find looks for the project in a folder and those above it.
func Find(from string) (Folder, error) {
	at, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(at, "Pulumi.yaml"))
		if err == nil && strings.HasPrefix(string(text), "name: "+config.Namespace+"\n") {
			return Folder(at), nil
		}
		if filepath.Dir(at) == at {
			return "", fmt.Errorf("no Pulumi.yaml of %s in %s or above it: change into the clone first", config.Namespace, from)
		}
		at = filepath.Dir(at)
	}
}

// State is the ignored folder for what belongs to this clone: the state of the dev stack, certificates to trust.
func (f Folder) State() string { return filepath.Join(string(f), ".state") }

// CertificateFile is where the CA certificate of a stack is put for clients.
func (f Folder) CertificateFile(stack string) string {
	return filepath.Join(f.State(), stack+"-ca.pem")
}

// HasStackFile reports whether a stack has its configuration in the clone.
func (f Folder) HasStackFile(stack string) bool {
	_, err := os.Stat(filepath.Join(string(f), "Pulumi."+stack+".yaml"))
	return !errors.Is(err, os.ErrNotExist)
}

// PolicyPack is the binary of the policy pack; `make` and `platform` build it.
func (f Folder) PolicyPack() string { return filepath.Join(string(f), "bin", "policy") }

// PolicyLevels is the file that says which rules a stack must obey.
func (f Folder) PolicyLevels(production bool) string {
	name := "dev.json"
	if production {
		name = "prod.json"
	}
	return filepath.Join(string(f), "policy", name)
}

// LabEnvironment is the file that puts the lab's tools on the PATH; empty where there is no lab.
func (f Folder) LabEnvironment() string {
	file := filepath.Join(string(f), ".lab", "env")
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// Environment is what the Pulumi CLI needs beside the environment that it inherits. What the user set counts.
func (f Folder) Environment(stack string, lookup func(name string) (string, bool)) map[string]string {
	env := map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true"}
	if stack != DevStack {
		return env
	}
	if backend, _ := lookup("PULUMI_BACKEND_URL"); backend == "" {
		env["PULUMI_BACKEND_URL"] = "file://" + f.State()
	}
	_, phrase := lookup("PULUMI_CONFIG_PASSPHRASE")
	_, file := lookup("PULUMI_CONFIG_PASSPHRASE_FILE")
	if !phrase && !file {
		env["PULUMI_CONFIG_PASSPHRASE"] = devPassphrase
	}
	return env
}

// LocalBackend is the folder of a file:// backend; empty for any other, or when the user is logged in to one and no variable names it.
func LocalBackend(env map[string]string, lookup func(name string) (string, bool)) string {
	url := env["PULUMI_BACKEND_URL"]
	if url == "" {
		url, _ = lookup("PULUMI_BACKEND_URL")
	}
	path, found := strings.CutPrefix(url, "file://")
	if !found {
		return ""
	}
	path, _, _ = strings.Cut(path, "?")
	if rest, home := strings.CutPrefix(path, "~"); home {
		if folder, err := os.UserHomeDir(); err == nil {
			path = folder + rest
		}
	}
	return path
}
