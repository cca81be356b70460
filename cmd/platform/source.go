package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"prefect-platform/components/backup"
	"prefect-platform/components/database"
	"prefect-platform/config"
	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/images"
	"prefect-platform/internal/recovery"
	"prefect-platform/internal/snapshot"
	"prefect-platform/internal/workload"
)

// source is a repository of backups and what opens it.
type source struct {
	owner      string // the stack that stores there; empty where nobody here does
	image      string
	repository string
	volume     string // that has the repository; empty for one that is elsewhere
	key        string
	user       string
	secret     string
	knownHosts string
	egress     config.Egress // the way out, of the stack that the repository is read for
}

// source finds the repository that the flags name.
func (s *session) source(ctx context.Context, x *examination, want restoreOptions) (*source, error) {
	given, err := want.key()
	if err != nil {
		return nil, err
	}
	if want.repository != "" && (config.Backup{Repository: want.repository}).Location() == "" {
		return nil, fmt.Errorf("--repository %q: want s3:https://host/bucket/path, rest:https://host/path or sftp:user@host:/path", want.repository)
	}
	c := x.Config
	from := newSource(c, given)
	holder := s
	switch {
	case given.Repository != "": // all that opens it is in the key
		from.owner, from.repository = want.fromStack, cmp.Or(want.repository, given.Repository)
	case want.fromStack != "" && given.Key != "": // nothing but its volume is needed
		from.owner, from.repository = want.fromStack, config.Local
	case want.fromStack != "":
		from.owner = want.fromStack
		if holder, err = s.other(ctx, from.owner); err != nil {
			return nil, err
		}
		if c, err = holder.config(ctx); err != nil {
			return nil, fmt.Errorf("stack %s: %w", from.owner, err)
		}
		from.open(c)
	default:
		if want.repository == "" && !c.Backup.Enabled {
			return nil, errors.New("this stack has no backup (backup.enabled): name a repository with --repository or --key-file, or a stack with --from-stack")
		}
		from.open(c)
		from.repository = cmp.Or(want.repository, from.repository)
	}
	if from.owner == "" && x.Config.Backup.Enabled && from.repository == x.Config.Backup.Repository {
		from.owner = s.options.stack
	}
	if from.repository == config.Local {
		from.volume = workload.Prefix(from.owner) + "-" + backup.RepositoryVolume
		from.repository = backup.RepositoryDir
		if !x.Has.Volumes[from.volume] {
			return nil, fmt.Errorf("there is no volume %s on this engine, and so no backup of stack %s", from.volume, from.owner)
		}
	}
	if from.key == "" {
		key, err := holder.ownKey(ctx, c)
		if err != nil {
			return nil, err
		}
		from.key = strings.TrimSpace(key)
	}
	return from, nil
}

// key is what the file has that was named; nothing where none was.
func (o restoreOptions) key() (recovery.Key, error) {
	if o.keyFile == "" {
		return recovery.Key{}, nil
	}
	text, err := os.ReadFile(o.keyFile)
	if err != nil {
		return recovery.Key{}, err
	}
	key, err := recovery.Read(string(text))
	if err != nil {
		return key, fmt.Errorf("%s: %w", o.keyFile, err)
	}
	return key, nil
}

// newSource is the repository that a key is of, reached as the stack reaches out.
func newSource(c config.Config, key recovery.Key) *source {
	return &source{
		image: images.Resolve(c.Images, images.Restic), egress: c.Egress,
		repository: key.Repository, key: key.Key, user: key.User, secret: key.Secret, knownHosts: key.KnownHosts,
	}
}

// open takes what a stack's configuration says of its repository.
func (f *source) open(c config.Config) {
	f.repository, f.user, f.secret, f.knownHosts = c.Backup.Repository, c.Backup.User, c.Secrets.BackupSecret, c.Backup.KnownHosts
}

// container reaches the repository. It is root's, because the files of a database must become those of its user.
func (f *source) container(entrypoint ...string) live.Once {
	once := live.Once{
		Image:      f.image,
		User:       "0:0",
		Entrypoint: entrypoint,
		Env:        []string{"RESTIC_REPOSITORY=" + f.repository, "REPOSITORY_USER=" + f.user, "RESTIC_CACHE_DIR=/tmp/cache", "HOME=/tmp"},
		Files:      backup.RestoreFiles(),
		Secrets:    map[string]string{backup.KeyFile: f.key},
		Network:    "bridge",
		Capability: []string{"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"},
		MemoryMiB:  1024,
	}
	if f.secret != "" {
		once.Secrets[backup.SecretFile] = strings.TrimSpace(f.secret) + "\n"
	}
	if f.knownHosts != "" {
		once.Files[backup.KnownHostsFile] = f.knownHosts + "\n"
	}
	if f.volume != "" {
		once.Network = "none"
		once.Mounts = []live.Volume{{Name: f.volume, Path: backup.RepositoryDir, ReadOnly: true}}
		return once
	}
	for _, name := range slices.Sorted(maps.Keys(backup.WayOut(f.egress))) {
		once.Env = append(once.Env, name+"="+backup.WayOut(f.egress)[name])
	}
	if f.egress.CACertificates != "" {
		once.Files[backup.AuthoritiesFile] = f.egress.CACertificates
	}
	return once
}

// Exit codes of restic.
const (
	resticNoRepository = 10
	resticWrongKey     = 12
)

// snapshots lists what the repository has, oldest first.
func (f *source) snapshots(ctx context.Context, x *examination) ([]snapshot.Snapshot, error) {
	said, err := x.engine.RunOnce(ctx, f.container("sh", "-c", ". "+backup.RepositoryFile+" && repository snapshots --json --no-lock"))
	if err != nil {
		return nil, err
	}
	if said.Code != 0 {
		return nil, fmt.Errorf("%w; nothing was changed", f.refusal(said))
	}
	return snapshot.Parse(said.Stdout)
}

// kept reads what a snapshot has of the configuration.
func (f *source) kept(ctx context.Context, x *examination, chosen snapshot.Snapshot) (map[string]string, error) {
	said, err := x.engine.RunOnce(ctx, f.container("sh", "-c", ". "+backup.RepositoryFile+` && repository dump --quiet --no-lock "$1" "$2"`, "sh", chosen.ID, backup.KeptFile))
	if err != nil {
		return nil, err
	}
	if said.Code != 0 {
		return nil, f.refusal(said)
	}
	return recovery.Kept(said.Stdout)
}

func (f *source) refusal(said *live.Result) error {
	switch said.Code {
	case resticNoRepository:
		return fmt.Errorf("there is no repository at %s", f.place())
	case resticWrongKey:
		return fmt.Errorf("the key does not open the repository at %s", f.place())
	default:
		return fmt.Errorf("the repository at %s cannot be read, or is damaged:\n%s", f.place(), strings.TrimSpace(said.Stderr))
	}
}

func (f *source) place() string {
	if f.volume != "" {
		return "volume " + f.volume
	}
	return f.repository
}

// fetch brings a snapshot to two volumes, and refuses it when WAL is missing.
func (f *source) fetch(ctx context.Context, x *examination, chosen snapshot.Snapshot, data, wal string) error {
	const dataDir, walDir = "/data", "/wal"
	once := f.container(backup.Fetch, chosen.ID, chosen.Copy)
	once.Env = append(once.Env, "DATA="+dataDir, "FOLDER="+datavolume.Folder(images.PostgresMajor(x.Config.Images)), "WAL="+walDir)
	once.Mounts = append(once.Mounts, live.Volume{Name: data, Path: dataDir}, live.Volume{Name: wal, Path: walDir})
	said, err := x.engine.RunOnce(ctx, once)
	switch {
	case err != nil:
		return err
	case said.Code != 0:
		return f.refusal(said)
	}
	return snapshot.CompleteWAL(said.Stdout)
}

// recoverDatabase replays the WAL until the moment, or to its end. Where it is not sure that all of the moment was received, something after it must be there.
func recoverDatabase(ctx context.Context, x *examination, data, wal string, at time.Time, sure bool) error {
	const walDir = "/wal"
	until := ""
	if !at.IsZero() {
		until = at.Format("2006-01-02 15:04:05.999999+00")
	}
	env := []string{"WAL=" + walDir}
	if !sure {
		env = append(env, "BEYOND=yes")
	}
	files := maps.Clone(backup.RestoreFiles())
	delete(files, backup.Fetch)
	said, err := x.engine.RunOnce(ctx, live.Once{
		Image:      images.Resolve(x.Config.Images, images.Postgres),
		User:       database.User,
		Entrypoint: []string{backup.Recover, until},
		Env:        env,
		Files:      files,
		Mounts:     []live.Volume{{Name: data, Path: datavolume.Mount(images.PostgresMajor(x.Config.Images))}, {Name: wal, Path: walDir, ReadOnly: true}},
		Network:    "none",
		MemoryMiB:  512,
	})
	switch {
	case err != nil:
		return err
	case said.Code != 0:
		return fmt.Errorf("PostgreSQL cannot make a database of this snapshot:\n%s", strings.TrimSpace(said.Stdout+said.Stderr))
	}
	fmt.Print(said.Stdout)
	return nil
}
