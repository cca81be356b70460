package prefect

import "prefect-platform/internal/workload"

// TakeOver is the path of the script that brings a database from elsewhere to the schema of this Prefect, in a container of TakeOverFiles, as TakeOverUser.
const TakeOver = workload.FilesDir + "/takeover.py"

// TakeOverUser is in the group of PostgreSQL, which may make files beside its socket.
const TakeOverUser = "1001:999"

// TakeOverFiles are the files of the script by their paths.
func TakeOverFiles() map[string]string {
	content, err := launchers.ReadFile("files/takeover.py")
	if err != nil {
		panic(err) // it is in this package
	}
	return map[string]string{TakeOver: string(content)}
}
