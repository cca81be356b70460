package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Local is the repository on a volume of the stack.
const Local = "local"

// Memory of the containers of the backup but restic's, in MiB.
const (
	ReceiverMiB = 48
	CopierMiB   = 96
	DrillMiB    = 256
	BootMiB     = 384
)

// LimitsMiB is what all containers of the backup may use together, in MiB.
func (b Backup) LimitsMiB() int {
	if !b.Enabled {
		return 0
	}
	return ReceiverMiB + CopierMiB + DrillMiB + BootMiB + b.MemoryMiB
}

// Kinds of repositories, as restic's URLs begin.
const (
	kindS3   = "s3"
	kindREST = "rest"
	kindSFTP = "sftp"
)

var sftpRepository = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*)@([A-Za-z0-9][A-Za-z0-9.-]*):(/[A-Za-z0-9._/-]+)$`)

// Location is the repository as a URL of the usual form, sftp://user@host/path; empty for one on this host, and for what is none.
func (b Backup) Location() string {
	kind, rest, _ := strings.Cut(b.Repository, ":")
	switch kind {
	case kindS3, kindREST:
		at, err := url.Parse(rest)
		if err != nil || at.Host == "" || at.Path == "" || at.Path == "/" || at.RawQuery != "" || at.Fragment != "" || at.Scheme != "https" && at.Scheme != "http" {
			return ""
		}
		if kind == kindS3 {
			at.Scheme = kindS3
		}
		return at.String()
	case kindSFTP:
		if parts := sftpRepository.FindStringSubmatch(rest); parts != nil {
			return "sftp://" + parts[1] + "@" + parts[2] + parts[3]
		}
	}
	return ""
}

// Schedule is how often a backup is restored for a trial, as a cron expression: what a policy wants to know.
func (b Backup) Schedule() string { return fmt.Sprintf("0 0 */%d * *", b.DrillDays) }

// SFTP tells whether the repository is reached by ssh.
func (b Backup) SFTP() bool { return b.kind() == kindSFTP }

// S3 tells whether the repository is a bucket.
func (b Backup) S3() bool { return b.kind() == kindS3 }

func (b Backup) kind() string {
	kind, _, _ := strings.Cut(b.Repository, ":")
	return kind
}

func (c Config) checkBackup(p *Problems) {
	b := c.Backup
	p.between("backup.everyHours", b.EveryHours, 1, 168, "hours")
	p.between("backup.keepDays", b.KeepDays, 2, 3650, "days")
	p.between("backup.drillDays", b.DrillDays, 1, 31, "days")
	p.between("backup.memoryMiB", b.MemoryMiB, 128, 1<<20, "MiB")
	if !c.checkRepository(p) || !b.Enabled {
		return
	}
	if b.Repository == Local && c.Production {
		p.add("backup.repository", Local, "one elsewhere, in production: a disk takes its backups with it; or backup.enabled: false, where somebody else makes them", set("backup.repository", "s3:https://s3.your-company.com/bucket/prefect"))
	}
	needs := func(key string, needed bool, value, found, want, fix string) {
		switch {
		case needed && value == "" && !p.covers(key):
			p.add(key, "nothing", want, fix)
		case !needed && value != "":
			p.add(key, found, "nothing, with the repository "+quote(b.Repository), remove(key))
		}
	}
	// A REST server may ask for neither.
	needs("backup.user", b.S3() || b.kind() == kindREST && b.User != "", b.User, quote(b.User), "the access key ID", set("backup.user", "ID"))
	needs("backup.knownHosts", b.SFTP(), b.KnownHosts, "host keys", "the public keys of the server: whoever answers would get the backups", `pulumi config set --path backup.knownHosts "$(ssh-keyscan HOST)"`)
	needs("backupSecret", b.S3() || b.SFTP() || b.User != "", c.Secrets.BackupSecret, "a secret", "what opens the repository: the secret access key, the password or the private key", setSecret("backupSecret"))
}

// checkRepository does not tell a URL that may hold a password.
func (c Config) checkRepository(p *Problems) bool {
	const key, want = "backup.repository", "local, s3:https://host/bucket/path, rest:https://host/path or sftp:user@host:/path"
	text := c.Backup.Repository
	if text == Local {
		return true
	}
	if at, err := url.Parse(c.Backup.Location()); err == nil && at.User != nil && at.Scheme != kindSFTP || c.Backup.Location() == "" && strings.Contains(text, "@") {
		p.add(key, "a URL with credentials, or none that is known", want+"; the user goes into backup.user and the password into the secret backupSecret", setSecret("backupSecret"))
		return false
	}
	switch {
	case c.Backup.Location() == "":
		p.add(key, quoteOrNothing(text), want, set(key, Local))
		return false
	case strings.Contains(text, ":http://") && c.Production:
		p.add(key, quote(text), "https, in production", set(key, strings.Replace(text, ":http://", ":https://", 1)))
	}
	return true
}
