package database

import (
	_ "embed"
	"fmt"

	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/postgresconf"
	"prefect-platform/internal/workload"
)

var (
	//go:embed files/upgrade
	upgradeScript string
	//go:embed files/takeover
	takeoverScript string
)

// Upgrade is the path of the script that makes a cluster of a newer major version, in containers of UpgradeFiles and UpgradeEnvironment.
const Upgrade = workload.FilesDir + "/upgrade"

// TakeOver is the path of the script that makes a cluster for what comes from elsewhere.
const TakeOver = workload.FilesDir + "/takeover"

// UpgradeFiles are both scripts by their paths.
func UpgradeFiles() map[string]string {
	return map[string]string{Upgrade: upgradeScript, TakeOver: takeoverScript}
}

// UpgradeEnvironment is what the script wants to know in an image of a major version, where the new volume is on its mount and the socket of the server that runs on
// postgresconf.SocketDir.
func UpgradeEnvironment(major int) []string {
	return []string{"VOLUME=" + datavolume.Mount(major), fmt.Sprint("PG_MAJOR=", major), "INITDB_ARGS=" + initArgs, "OLD=" + postgresconf.SocketDir}
}

// SocketVolume is the name of the volume with the socket of the server, after the stack's prefix.
const SocketVolume = Host + "-socket"
