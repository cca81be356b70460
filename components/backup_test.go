package components

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/tokens"
)

func backedUp(c *config.Config) { c.Backup.Enabled = true }

// backedUpElsewhere has a repository that is reached by ssh.
func backedUpElsewhere(c *config.Config) {
	c.Backup.Enabled = true
	c.Backup.Repository = "sftp:prefect@backup.corp.net:/srv/prefect"
	c.Backup.KnownHosts = "backup.corp.net ssh-ed25519 AAAA"
	c.Secrets.BackupSecret = "generated-for-ssh"
}

var backupContainers = []string{"backup-backup-wal", "backup-backup-base", "backup-backup-store", "backup-backup-drill", "backup-backup-boot"}

func TestBackup_ComesToItsEndInAPreviewInWhichEverythingIsUnknown(t *testing.T) {
	r := run(t, backedUp, mocks.Preview)
	for _, name := range backupContainers {
		r.Find(t, tokens.Container, name)
	}
}

// TestBackup_IsNotThereUnlessAskedForButItsKeyIs: with another one, backups that were turned off and on again would refuse what is in their repository.
func TestBackup_IsNotThereUnlessAskedForButItsKeyIs(t *testing.T) {
	r := run(t, unchanged)
	if !r.Find(t, tokens.Password, "backup-a").RegisterRPC.GetProtect() {
		t.Error("the key can be replaced")
	}
	for _, args := range r.All("") {
		if strings.HasPrefix(args.Name, "backup") && args.TypeToken != tokens.Password {
			t.Errorf("%s is made", args.Name)
		}
	}
	sql := r.Find(t, tokens.Container, "database-roles-files").Inputs["uploads"].String()
	if !strings.Contains(sql, "ALTER ROLE prefect_backup NOLOGIN") || !strings.Contains(sql, "pg_drop_replication_slot") {
		t.Error("a role and a slot of before are left")
	}
}

func TestBackup_KeepsCopiesAndWayOutApart(t *testing.T) {
	for stack, each := range map[string]struct {
		change func(*config.Config)
		store  []string
	}{
		"a volume":  {backedUp, nil},
		"elsewhere": {backedUpElsewhere, []string{"prefect-dev-egress"}},
	} {
		r := run(t, each.change)
		for name, want := range map[string][]string{
			"backup-backup-wal": {"prefect-dev-db"}, "backup-backup-base": {"prefect-dev-db"}, "backup-backup-store": each.store, "backup-backup-drill": nil, "backup-backup-boot": nil,
		} {
			var joined []string
			if networks, some := r.Find(t, tokens.Container, name).Inputs["networksAdvanced"]; some {
				for _, network := range networks.ArrayValue() {
					joined = append(joined, network.ObjectValue()["name"].StringValue())
				}
			}
			if !slices.Equal(joined, want) {
				t.Errorf("%s: %s joins %v, want %v", stack, name, joined, want)
			}
		}
	}
}

func TestBackup_KeepsWhatIsNotStoredYetAndARepositoryWhenTheStackGoes(t *testing.T) {
	r := run(t, backedUp)
	for _, name := range []string{"backup-stage", "backup-repository"} {
		volume := r.Find(t, tokens.Volume, name)
		if _, labelled := volume.Inputs["labels"]; labelled || !volume.RegisterRPC.GetRetainOnDelete() {
			t.Errorf("%s goes with the stack", name)
		}
	}
	for _, args := range run(t, backedUpElsewhere).All(tokens.Volume) {
		if args.Name == "backup-repository" {
			t.Error("a volume is made for a repository that is elsewhere")
		}
	}
}

func TestBackup_GivesSecretsToNobodyByTheEnvironment(t *testing.T) {
	r := run(t, backedUpElsewhere)
	for _, name := range backupContainers {
		if envs := r.Find(t, tokens.Container, name).Inputs["envs"].String(); strings.Contains(envs, "generated-for-") {
			t.Errorf("the environment of %s holds a secret: %s", name, envs)
		}
	}
	uploads := r.Find(t, tokens.Container, "backup-backup-store-files").Inputs["uploads"].String()
	for _, want := range []string{"generated-for-backup-a", "generated-for-backup-b", "generated-for-ssh", "ssh-ed25519"} {
		if !strings.Contains(uploads, want) {
			t.Errorf("the store lacks %s", want)
		}
	}
}

func TestBackup_ReachesARepositoryElsewhereAsTheStackReachesOut(t *testing.T) {
	corporate := func(c *config.Config) {
		c.Egress = config.Egress{Proxy: "http://proxy.corp.net:3128", NoProxy: []string{".corp.net"}, CACertificates: "-----BEGIN of the company"}
	}
	store := run(t, func(c *config.Config) { backedUpElsewhere(c); corporate(c) })
	envs := store.Find(t, tokens.Container, "backup-backup-store").Inputs["envs"].String()
	for _, want := range []string{"HTTPS_PROXY=http://proxy.corp.net:3128", "HTTP_PROXY=http://proxy.corp.net:3128", "NO_PROXY=.corp.net"} {
		if !strings.Contains(envs, want) {
			t.Errorf("no %s in %s", want, envs)
		}
	}
	trusts := func(r *mocks.Recorder) bool {
		return strings.Contains(r.Find(t, tokens.Container, "backup-backup-store-files").Inputs["uploads"].String(), "-----BEGIN of the company")
	}
	if !trusts(store) {
		t.Error("it does not trust the company's authority")
	}
	if trusts(run(t, func(c *config.Config) { backedUp(c); corporate(c) })) {
		t.Error("what reaches nobody has an authority to trust")
	}
}

func TestBackup_ReportsToTheExporterOfTheHostsFigures(t *testing.T) {
	r := run(t, func(c *config.Config) { monitored(c); backedUp(c) })
	exporter := r.Find(t, tokens.Container, "monitoring-node-exporter").Inputs
	if !strings.Contains(exporter["command"].String(), "--collector.textfile.directory=/reports") || !strings.Contains(exporter["volumes"].String(), "prefect-dev-backup-reports") {
		t.Errorf("it has %v and %v", exporter["command"], exporter["volumes"])
	}
	if rules := r.Find(t, tokens.Container, "monitoring-prometheus-files").Inputs["uploads"].String(); !strings.Contains(rules, "BackupTooOld") {
		t.Error("no alert tells of a backup that is too old")
	}
	without := run(t, monitored)
	if command := without.Find(t, tokens.Container, "monitoring-node-exporter").Inputs["command"].String(); strings.Contains(command, "textfile") {
		t.Errorf("without a backup it has %s", command)
	}
}

func TestBackup_TakesTheMemoryThatDoctorCounts(t *testing.T) {
	sum, limits := 0, 0
	r := run(t, func(c *config.Config) { backedUp(c); limits = c.Backup.LimitsMiB() })
	for _, name := range backupContainers {
		sum += int(r.Find(t, tokens.Container, name).Inputs["memory"].NumberValue())
	}
	if sum != limits {
		t.Errorf("limits add up to %d MiB, doctor counts %d", sum, limits)
	}
}

// PostgreSQL 17 wants its volume elsewhere.
func TestNewPlatform_NamesAndMountsTheVolumeByTheMajorOfTheImage(t *testing.T) {
	r := run(t, func(c *config.Config) {
		c.Images.Override = map[string]string{"postgres": "mirror.example.com/postgres:17.12-trixie"}
	})
	if name := r.Find(t, tokens.Volume, "postgres-17").Inputs["name"].StringValue(); name != "prefect-dev-postgres-17" {
		t.Errorf("the volume is %s", name)
	}
	if volumes := fmt.Sprint(r.Find(t, tokens.Container, "database-server").Inputs["volumes"].Mappable()); !strings.Contains(volumes, "containerPath:/var/lib/postgresql/data ") {
		t.Errorf("it is not where 17 keeps its data: %s", volumes)
	}
}

// A restore fills the next volume; what jobs did to the one before must be done to it too.
func TestNewPlatform_TakesAnotherVolumeAndRunsAllThatKnowsTheOneBeforeAnew(t *testing.T) {
	r := run(t, func(c *config.Config) { c.Database.Volume = 2 })
	if !r.Find(t, tokens.Volume, "postgres-2-18").RegisterRPC.GetProtect() {
		t.Error("it is not protected")
	}
	for _, each := range []string{"database-roles", "prefect-migrate", "prefect-api-0", "prefect-services-0"} {
		if envs := r.Find(t, tokens.Container, each).Inputs["envs"].String(); !strings.Contains(envs, "DATABASE_VOLUME=postgres-2-18") {
			t.Errorf("%s would not run anew: %s", each, envs)
		}
	}
}
