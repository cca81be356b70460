package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/doctor"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/recovery"
	"prefect-platform/internal/state"
)

// examined is a stack whose state knows some volumes and whose engine has some, on a generation of the database's volume.
func examined(t *testing.T, generation int, known, has []string) *examination {
	t.Helper()
	resources := ""
	for i, name := range known {
		if i > 0 {
			resources += ","
		}
		resources += fmt.Sprintf(`{"urn":"urn:pulumi:dev::prefect-platform::docker:index/volume:Volume::%s","type":"docker:index/volume:Volume","id":%q}`, name, name)
	}
	deployed, err := state.Parse([]byte(`{"version":3,"deployment":{"resources":[` + resources + `]}}`))
	if err != nil {
		t.Fatal(err)
	}
	x := &examination{Seen: doctor.Seen{Stack: "dev", Config: config.Default(), Has: &live.Inventory{Volumes: map[string]bool{}}}, state: deployed}
	x.Config.Database.Volume = generation
	for _, name := range has {
		x.Has.Volumes[name] = true
	}
	return x
}

func TestNextVolume_IsOneThatNothingKnows(t *testing.T) {
	const first, second, third = "prefect-dev-postgres-18", "prefect-dev-postgres-2-18", "prefect-dev-postgres-3-18"
	for name, c := range map[string]struct {
		generation int
		known, has []string
		want       int
	}{
		"a stack that was never deployed":    {1, nil, nil, 1},
		"one that runs":                      {1, []string{first}, []string{first}, 2},
		"one whose volume is gone":           {1, []string{first}, nil, 2},
		"one whose state is gone":            {1, nil, []string{first}, 2},
		"one that was restored":              {2, []string{second}, []string{first, second}, 3},
		"after a restore that did not end":   {1, []string{first}, []string{first, second}, 3},
		"with the volume of another restore": {2, []string{second}, []string{second, third}, 4},
		"one that runs another version":      {1, []string{"prefect-dev-postgres-17"}, []string{"prefect-dev-postgres-17", "prefect-other-postgres-2-18"}, 2},
	} {
		if got := nextVolume("dev", examined(t, c.generation, c.known, c.has)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestMoment_IsATimeWithItsZone(t *testing.T) {
	at, err := restoreOptions{to: "2026-11-27T22:30:00.25+01:00"}.moment()
	if err != nil || at.Format("2006-01-02 15:04:05.999999+00") != "2026-11-27 21:30:00.25+00" {
		t.Errorf("%v, %v", at, err)
	}
	for _, text := range []string{"yesterday", "2026-11-27", "2026-11-27 21:30:00", "21:30"} {
		if _, err := (restoreOptions{to: text}).moment(); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestSource_GivesTheKeyToRootOnlyAndStaysOffTheNetworkWithAVolume(t *testing.T) {
	local := (&source{repository: "/repository", volume: "v", key: "k"}).container("sh")
	if local.Network != "none" || len(local.Mounts) != 1 || !local.Mounts[0].ReadOnly {
		t.Errorf("a volume: %+v", local)
	}
	remote := (&source{repository: "sftp:me@host:/path", key: "k", secret: " s ", knownHosts: "h"}).container("sh")
	if remote.Network == "none" || remote.Secrets["/etc/platform/key"] != "k" || remote.Secrets["/etc/platform/secret"] != "s\n" || remote.Files["/etc/platform/known-hosts"] != "h\n" {
		t.Errorf("elsewhere: %+v", remote)
	}
	for _, once := range []live.Once{local, remote} {
		for _, variable := range once.Env {
			if variable == "k" || variable == "s" {
				t.Errorf("the environment holds a secret: %v", once.Env)
			}
		}
	}
}

func TestSource_TakesFromARecoveryKeyAllThatOpensItsRepository(t *testing.T) {
	const here, elsewhere = "s3:https://s3.corp.net/bucket/dev", "rest:https://backup.corp.net/prod"
	recoveryKey := recovery.Key{Repository: elsewhere, Key: "k", User: "u", Secret: "s", KnownHosts: "h"}
	own := recovery.Key{Repository: here, Key: "k", User: "u"}
	for name, c := range map[string]struct {
		file string
		want restoreOptions
		is   source
	}{
		"the recovery key of another stack": {recoveryKey.String(), restoreOptions{}, source{repository: elsewhere, key: "k", user: "u", secret: "s", knownHosts: "h"}},
		"where the repository is by now":    {recoveryKey.String(), restoreOptions{repository: "rest:https://new.corp.net/prod"}, source{repository: "rest:https://new.corp.net/prod", key: "k", user: "u", secret: "s", knownHosts: "h"}},
		"that of a stack on this engine":    {recoveryKey.String(), restoreOptions{fromStack: "prod"}, source{owner: "prod", repository: elsewhere, key: "k", user: "u", secret: "s", knownHosts: "h"}},
		"its own, broken by a mail":         {own.String()[:30] + "\n" + own.String()[30:] + "\n", restoreOptions{}, source{owner: "dev", repository: here, key: "k", user: "u"}},
		"the key alone":                     {" k\n", restoreOptions{}, source{owner: "dev", repository: here, key: "k", user: "me", secret: "mine"}},
		"the key alone, of another":         {"k", restoreOptions{repository: elsewhere}, source{repository: elsewhere, key: "k", user: "me", secret: "mine"}},
		"the key alone, of a volume":        {"k", restoreOptions{fromStack: "prod"}, source{owner: "prod", repository: "/repository", volume: "prefect-prod-backup-repository", key: "k"}},
	} {
		x := examined(t, 1, nil, []string{"prefect-prod-backup-repository"})
		x.Config.Backup.Enabled, x.Config.Backup.Repository, x.Config.Backup.User, x.Config.Secrets.BackupSecret = true, here, "me", "mine"
		c.want.keyFile = filepath.Join(t.TempDir(), "recovery.key")
		if err := os.WriteFile(c.want.keyFile, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := (&session{options: options{stack: "dev"}}).source(t.Context(), x, c.want)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.owner != c.is.owner || got.repository != c.is.repository || got.volume != c.is.volume || got.key != c.is.key || got.user != c.is.user || got.secret != c.is.secret || got.knownHosts != c.is.knownHosts {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestSource_RefusesAKeyThatIsNotWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recovery.key")
	for text, says := range map[string]string{recovery.Key{Repository: "r", Key: "k"}.String()[:30]: "is not whole", "\n": "no key is in it"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (&session{}).source(t.Context(), examined(t, 1, nil, nil), restoreOptions{keyFile: file}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSource_ReachesOutAsTheStackDoes(t *testing.T) {
	egress := config.Egress{Proxy: "http://proxy.corp.net:3128", NoProxy: []string{".corp.net", "10.0.0.0/8"}, CACertificates: "pem"}
	remote := (&source{repository: "rest:https://host/path", key: "k", egress: egress}).container("sh")
	for _, want := range []string{"HTTPS_PROXY=http://proxy.corp.net:3128", "HTTP_PROXY=http://proxy.corp.net:3128", "NO_PROXY=.corp.net,10.0.0.0/8"} {
		if !slices.Contains(remote.Env, want) {
			t.Errorf("no %s in %v", want, remote.Env)
		}
	}
	if remote.Files["/etc/platform/extra-ca.pem"] != "pem" {
		t.Error("it does not trust the company's authority")
	}
	local := (&source{repository: "/repository", volume: "v", key: "k", egress: egress}).container("sh")
	if _, trusts := local.Files["/etc/platform/extra-ca.pem"]; trusts || slices.Contains(local.Env, "HTTPS_PROXY=http://proxy.corp.net:3128") {
		t.Errorf("a volume is reached out for: %+v", local)
	}
}

func TestAwaitReceived_WaitsUntilTheBackupHasWhatWasAcknowledged(t *testing.T) {
	const asks = `case $* in *flush_lsn*) %s ;; *) n=$(cat "$0.n" 2>/dev/null || echo 0); echo $((n + 1)) >"$0.n"; %s ;; esac`
	for name, c := range map[string]struct{ end, has, want string }{
		"all of it, later":   {"echo 0/3000060", "[ $n -lt 3 ] && echo f || echo t", receivedAll},
		"never":              {"echo 0/3000060", "echo f", receivedLess},
		"no slot":            {"echo 0/3000060", "", receivedLess},
		"no server":          {"exit 2", "exit 2", ""},
		"gone in the middle": {"echo 0/3000060", "exit 2", receivedLess},
	} {
		bin := t.TempDir()
		for program, script := range map[string]string{"psql": fmt.Sprintf(asks, c.end, cmp.Or(c.has, ":")), "sleep": ""} {
			if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		ran := exec.CommandContext(t.Context(), "sh", "-c", awaitReceived)
		ran.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
		if said, err := ran.Output(); strings.TrimSpace(string(said)) != c.want {
			t.Errorf("%s: %q (%v), want %q", name, said, err, c.want)
		}
	}
}
