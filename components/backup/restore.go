package backup

import (
	_ "embed"

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
)

// RestoreFiles are the scripts of a restore by their paths: what reaches the repository, and what makes a database of it.
func RestoreFiles() map[string]string {
	return map[string]string{RepositoryFile: repositoryScript, Fetch: fetchScript, Recover: recoverScript}
}
