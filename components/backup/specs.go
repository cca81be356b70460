package backup

import (
	_ "embed"
	"maps"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/components/database"
	"prefect-platform/config"
	"prefect-platform/internal/postgresconf"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// Names of volumes, after the stack's prefix.
const (
	StageVolume      = "backup-stage"
	RepositoryVolume = "backup-repository"
)

// RepositoryDir is where a repository on a volume is found.
const RepositoryDir = "/repository"

// nobody has a name in both images; ssh refuses a user without one.
const nobody = "65534:65534"

// everySeconds is how old the newest snapshot becomes: what is lost with the host.
const everySeconds = 30

// Where the containers find their volumes.
const (
	stageDir   = "/stage"
	reportsDir = "/reports"
	drillDir   = "/drill"
	cacheDir   = "/cache"
)

var (
	//go:embed files/receive
	receiveScript string
	//go:embed files/receiving
	receivingScript string
	//go:embed files/copy
	copyScript string
	//go:embed files/dump.sql
	dumpSQL string
	//go:embed files/tables.sql
	tablesSQL string
	//go:embed files/store
	storeScript string
	//go:embed files/repository
	repositoryScript string
	//go:embed files/snapshot
	snapshotScript string
	//go:embed files/tidy
	tidyScript string
	//go:embed files/drill
	drillScript string
	//go:embed files/examine
	examineScript string
	//go:embed files/boot
	bootScript string
	//go:embed files/boot.py
	bootProgram string
	//go:embed files/recover
	recoverScript string
)

// ready is said by each script itself: it is so unless its last attempt failed.
func ready() workload.Health {
	return workload.Health{Command: []string{"test", "-e", "/tmp/ready"}}
}

// client is what both containers have that ask the database.
func (a Args) client(role, script string, memoryMiB int, v volumes) workload.Spec {
	return workload.Spec{
		Role:       role,
		Image:      a.Images.Postgres,
		User:       nobody,
		Entrypoint: []string{workload.FilesDir + "/" + script},
		Env: map[string]string{
			"STAGE":      stageDir,
			"PGHOST":     database.Host,
			"PGUSER":     postgresconf.RoleBackup,
			"PGDATABASE": postgresconf.Database,
			"PGAPPNAME":  role,
		},
		Files:     map[string]workload.File{"password": workload.SecretText(a.Secrets.Password)},
		Mounts:    []workload.Mount{{Volume: v.stage.Name, Path: stageDir}},
		Networks:  []workload.Network{{Name: a.Networks.DB}},
		Health:    ready(),
		MemoryMiB: memoryMiB,
		Grace:     time.Minute, // the least that a policy wants of this image
		Order:     workload.StopFirst,
	}
}

func (a Args) receive(v volumes) workload.Spec {
	s := a.client(tokens.BackupReceiver, "receive", config.ReceiverMiB, v)
	s.Command = []string{postgresconf.BackupSlot}
	s.Env["REPORT"] = reportsDir
	s.Files["receive"], s.Files["receiving"] = workload.Script(receiveScript), workload.Script(receivingScript)
	s.Mounts = append(s.Mounts, workload.Mount{Volume: v.reports.Name, Path: reportsDir})
	s.Health = workload.Health{Command: []string{workload.FilesDir + "/receiving"}}
	return s
}

func (a Args) copy(v volumes) workload.Spec {
	s := a.client(tokens.BackupCopier, "copy", config.CopierMiB, v)
	s.Env["EVERY_HOURS"], s.Env["REPORT"] = number(a.Options.EveryHours), reportsDir
	s.Files["copy"], s.Files["dump.sql"], s.Files["tables.sql"] = workload.Script(copyScript), workload.Text(dumpSQL), workload.Text(tablesSQL)
	s.Mounts = append(s.Mounts, workload.Mount{Volume: v.reports.Name, Path: reportsDir})
	return s
}

func (a Args) store(v volumes) workload.Spec {
	s := workload.Spec{
		Role:       tokens.BackupStore,
		Image:      a.Images.Restic,
		User:       nobody,
		Entrypoint: []string{workload.FilesDir + "/store"},
		Env: map[string]string{
			"STAGE":             stageDir,
			"REPORT":            reportsDir,
			"DRILL":             drillDir,
			"STACK":             a.Engine.Stack,
			"HOME":              "/tmp",
			"RESTIC_REPOSITORY": a.Options.Repository,
			"RESTIC_CACHE_DIR":  cacheDir,
			"REPOSITORY_USER":   a.Options.User,
			"KEEP_OTHER_KEY":    "false",
			"EVERY_SECONDS":     number(everySeconds),
			"EVERY_HOURS":       number(a.Options.EveryHours),
			"KEEP_DAYS":         number(a.Options.KeepDays),
			"DRILL_DAYS":        number(a.Options.DrillDays),
		},
		Files: map[string]workload.File{
			"store":      workload.Script(storeScript),
			"repository": workload.Text(repositoryScript),
			"snapshot":   workload.Text(snapshotScript),
			"tidy":       workload.Text(tidyScript),
			"key":        workload.SecretText(a.Secrets.Key.Active().Secret),
			"other-key":  workload.SecretText(a.Secrets.Key.Idle().Secret),
			"kept.json":  workload.SecretText(a.Secrets.Kept),
		},
		Mounts: []workload.Mount{
			{Volume: v.stage.Name, Path: stageDir},
			{Volume: v.reports.Name, Path: reportsDir},
			{Volume: v.drill.Name, Path: drillDir},
			{Volume: v.cache.Name, Path: cacheDir},
		},
		Health:    ready(),
		MemoryMiB: a.Options.MemoryMiB,
		Grace:     time.Minute, // a snapshot comes to its end
		Order:     workload.StopFirst,
	}
	if a.Secrets.Key.IdleValid {
		s.Env["KEEP_OTHER_KEY"] = "true"
	}
	if v.repository != nil {
		s.Env["RESTIC_REPOSITORY"] = RepositoryDir
		s.Mounts = append(s.Mounts, workload.Mount{Volume: v.repository.Name, Path: RepositoryDir})
		return s
	}
	s.Networks = []workload.Network{{Name: a.Networks.Egress}}
	if a.Secrets.Secret != "" {
		// ssh refuses a private key without a line break at its end.
		s.Files["secret"] = workload.SecretText(pulumi.ToSecret(pulumi.String(strings.TrimSpace(a.Secrets.Secret) + "\n")).(pulumi.StringOutput))
	}
	if a.Options.SFTP() {
		s.Files["known-hosts"] = workload.Text(a.Options.KnownHosts + "\n")
	}
	maps.Copy(s.Env, WayOut(a.Egress))
	if a.Egress.CACertificates != "" {
		s.Files[authorities] = workload.Text(a.Egress.CACertificates)
	}
	return s
}

// drill needs nobody: it makes a database of what was stored, and asks it over its own socket.
func (a Args) drill(v volumes) workload.Spec {
	return workload.Spec{
		Role:       tokens.BackupDrill,
		Image:      a.Images.Postgres,
		User:       nobody,
		Entrypoint: []string{workload.FilesDir + "/drill"},
		Env:        map[string]string{"DRILL": drillDir, "REPORT": reportsDir},
		Files: map[string]workload.File{
			"drill": workload.Script(drillScript), "recover": workload.Script(recoverScript), "examine": workload.Script(examineScript), "tables.sql": workload.Text(tablesSQL),
		},
		Mounts:    []workload.Mount{{Volume: v.drill.Name, Path: drillDir}, {Volume: v.reports.Name, Path: reportsDir}},
		Health:    ready(),
		MemoryMiB: config.DrillMiB,
		Grace:     time.Minute,
		Order:     workload.StopFirst,
	}
}

// boot starts Prefect on the database of a drill, through the socket on the volume that both have. It is the same user: the server lets nobody else in.
func (a Args) boot(v volumes) workload.Spec {
	return workload.Spec{
		Role:       tokens.BackupBoot,
		Image:      a.Images.Prefect,
		User:       nobody,
		Entrypoint: []string{workload.FilesDir + "/boot"},
		Env:        map[string]string{"DRILL": drillDir},
		Files:      map[string]workload.File{"boot": workload.Script(bootScript), "boot.py": workload.Text(bootProgram)},
		Mounts:     []workload.Mount{{Volume: v.drill.Name, Path: drillDir}},
		Health:     ready(),
		MemoryMiB:  config.BootMiB,
		Grace:      30 * time.Second, // in which Prefect ends
		Order:      workload.StopFirst,
	}
}
