package backup

import (
	_ "embed"
	"strings"

	"prefect-platform/config"
	"prefect-platform/internal/workload"
)

//go:embed files/fetch
var fetchScript string

// Paths in the containers of a restore.
const (
	Fetch   = workload.FilesDir + "/fetch"
	Recover = workload.FilesDir + "/recover"

	RepositoryFile = workload.FilesDir + "/repository"
	KeyFile        = workload.FilesDir + "/key"
	SecretFile     = workload.FilesDir + "/secret"
	KeptFile       = workload.FilesDir + "/kept.json"
	KnownHostsFile = workload.FilesDir + "/known-hosts"

	AuthoritiesFile = workload.FilesDir + "/" + authorities
)

// authorities is the file with those that are trusted besides the system's.
const authorities = "extra-ca.pem"

// WayOut are the variables of whatever reaches a repository elsewhere.
func WayOut(e config.Egress) map[string]string {
	if e.Proxy == "" {
		return nil
	}
	return map[string]string{"HTTPS_PROXY": e.Proxy, "HTTP_PROXY": e.Proxy, "NO_PROXY": strings.Join(e.NoProxy, ",")}
}

// RestoreFiles are the scripts of a restore by their paths: what reaches the repository, and what makes a database of it.
func RestoreFiles() map[string]string {
	return map[string]string{RepositoryFile: repositoryScript, Fetch: fetchScript, Recover: recoverScript}
}
