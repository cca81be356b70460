package rules

import (
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

var dataRules = []Rule{
	{
		ID:       "data-volume-named",
		Sentence: "Every volume of a container has a name.",
		Why:      "A volume without a name goes with its container, and nobody finds what was in it (pulumi-docker removeVolumes).",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			volumes, _ := c.Property("volumes").Items()
			for _, v := range volumes {
				if v.Get("volumeName").Empty() && v.Get("hostPath").Empty() && v.Get("fromContainer").Empty() {
					c.Refuse(v.Path()+" has no name", "make the volume with workload.Engine.NewVolume and mount it by its name")
				}
			}
			mounts, _ := c.Property("mounts").Items()
			for _, m := range mounts {
				if kind, _ := m.Get("type").Text(); kind == "volume" && m.Get("source").Empty() {
					c.Refuse(m.Path()+" has no source", "make the volume with workload.Engine.NewVolume and mount it by its name")
				}
			}
		},
	},
	{
		ID:       "data-path",
		Sentence: "What a server of data keeps is on a named volume, at the path and under the name of its major version.",
		Why:      "The image of PostgreSQL 18 keeps data below /var/lib/postgresql, that of 17 and before in /var/lib/postgresql/data: on the other path the data is lost with the container. Another major cannot read the volume (docker-library/postgres #1259).",
		Resource: func(c *Case) {
			kind, ok := dataServer(c, c.Resource)
			if !ok {
				return
			}
			at, name := dataPlace(c, kind)
			if at == "" || c.Property("volumes").Unknown() || c.Property("mounts").Unknown() {
				return
			}
			found := false
			for _, m := range mountsOf(c, c.Resource) {
				if strings.HasPrefix(m.path, at+"/") {
					c.Refuse(fmt.Sprintf("a %s mount on %s lies over the data", m.kind, m.path), "take it away: what is written there is not on the protected volume")
				}
				if m.path != at {
					continue
				}
				found = true
				if text, known := m.volume.Text(); m.kind != "volume" {
					c.Refuse(fmt.Sprintf("%s is a %s mount", at, m.kind), "mount a protected volume there (workload.Engine.NewVolume)")
				} else if known && !strings.HasSuffix(text, name) {
					c.Refuse(fmt.Sprintf("%s holds the volume %q, whose name does not end in %s", at, text, name), "give every major a volume of its own, as components/database does with Major")
				}
			}
			if !found {
				c.Refuse("no volume is mounted on "+at, "mount the data volume there (components/database, components/cache)")
			}
			inside := func(folder string) bool { return strings.HasPrefix(path.Clean(folder)+"/", at+"/") }
			if env, _ := environmentOf(c, c.Resource); kind == images.Postgres && len(env["PGDATA"]) > 0 && !env.right("PGDATA", inside) {
				c.Refuse(fmt.Sprintf("%s, outside of the volume on %s", env.tell("PGDATA"), at), "leave PGDATA out")
			}
		},
	},
	{
		ID:       "data-volume-protected",
		Sentence: "The volumes of database and cache are resources of the stack, and protected.",
		Why:      "Without protection a changed name or a `pulumi destroy` removes the data. That they are kept when they leave the stack (RetainOnDelete) is not to be seen by policies; TestNewPlatform_KeepsItsDataWhenTheStackGoes in components/platform_test.go holds it.",
		Stack: func(c *Case, all []Resource) {
			for _, r := range all {
				kind, ok := dataServer(c, r)
				if !ok {
					continue
				}
				for _, m := range mountsOf(c, r) {
					if m.kind == "volume" && slices.Contains(dataPaths[kind], m.path) {
						judgeProtected(c, r, m, all)
					}
				}
			}
		},
	},
	{
		ID:       "data-one-server",
		Sentence: "What owns a data volume is gone before its successor is made, and has a fixed name.",
		Why:      "Two servers on one volume destroy it: PostgreSQL's lock file tells nothing across containers, whose processes have the same numbers.",
		Resource: func(c *Case) {
			if _, ok := dataServer(c, c.Resource); !ok {
				return
			}
			if !c.Resource.DeleteBeforeReplace {
				c.Refuse("its successor would be started beside it (deleteBeforeReplace is false)", "use workload.StopFirst")
			}
			v := c.Property("name")
			if name, known := v.Text(); !v.Exists() || known && !strings.HasPrefix(name, prefixOf(c.Resource)) {
				c.Refuse(fmt.Sprintf("its name is %q and may be another each time", name), "use workload.StopFirst, which gives it the name "+prefixOf(c.Resource)+"…")
			}
		},
	},
	{
		ID:       "data-retention",
		Sentence: "Finished flow runs and events are removed after a set number of days.",
		Why:      "Prefect removes nothing by default: pages of millions of flow runs take seconds, and the disk fills (Prefect #16906, #22249, #17895).",
		Resource: func(c *Case) {
			const change = "set database.runRetentionDays and database.eventRetentionDays, 1 to 3650, and let components/prefect/environment.go write the settings"
			if c.Is(tokens.Prefect) {
				v := c.Property(tokens.InputRetentionDays)
				if days, ok := v.Number(); ok && !(days >= 1 && days <= mostDays) || !v.Exists() {
					c.Refuse(fmt.Sprintf("%s is %v", v.Path(), days), change)
				}
				return
			}
			if !c.runs() || processOf(c, c.Resource) != processServices {
				return
			}
			env, known := environmentOf(c, c.Resource)
			if !known {
				return
			}
			for name, right := range map[string]func(string) bool{vacuumEnabled: vacuums, vacuumPeriod: withinSeconds, eventPeriod: withinDays} {
				if !env.right(name, right) {
					c.Refuse(env.tell(name), change)
				}
			}
		},
	},
	{
		ID:       "data-connections",
		Sentence: "The database has a connection for everything that may open one, also while a replacement runs old and new at once.",
		Why:      "Beyond max_connections PostgreSQL refuses whoever comes, health checks and migration too: pool and overflow of each process, twice, and a reserve (Prefect's defaults are 5 and 10 for each of its processes; config.Connections).",
		Stack:    judgeConnections,
	},
	{
		ID:         "data-backup-repository",
		Sentence:   "In production backups are kept off the host.",
		Why:        "A disk takes its backups with it (OWASP ASVS 5.0 14.2.7). It judges a backup where there is one; that there is one, nothing demands yet.",
		Production: true,
		Resource: func(c *Case) {
			v := c.Property(tokens.InputRepository)
			if !c.Is(tokens.Backup) || v.Unknown() {
				return
			}
			text, _ := v.Text()
			if at, err := url.Parse(text); err != nil || !slices.Contains([]string{"s3", "gs", "azure", "sftp", "https"}, at.Scheme) || onHost(at.Hostname()) {
				c.Refuse(v.Path()+" is on this host or nowhere", "name a repository elsewhere, such as s3://bucket/path or sftp://backup.corp.net/path")
			}
		},
	},
	{
		ID:         "data-backup-drill",
		Sentence:   "In production backups are restored regularly, to see that they can be.",
		Why:        "What was never restored is a hope (Google SRE, ch. 26; OWASP ASVS 5.0 14.2.7). It judges a backup where there is one.",
		Production: true,
		Resource: func(c *Case) {
			v := c.Property(tokens.InputDrill)
			if !c.Is(tokens.Backup) || v.Unknown() {
				return
			}
			if text, _ := v.Text(); len(strings.Fields(text)) != 5 {
				c.Refuse(fmt.Sprintf("%s is %q", v.Path(), text), "give the backup component a schedule of restores, such as 0 4 * * 0")
			}
		},
	},
}

const (
	vacuumEnabled = "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"
	vacuumPeriod  = "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD"
	eventPeriod   = "PREFECT_SERVER_EVENTS_RETENTION_PERIOD"

	mostDays = 3650
)

var isoDays = regexp.MustCompile(`^P([0-9]{1,5})D$`)

// vacuums reports whether a list of what Prefect removes has both of what grows.
func vacuums(list string) bool {
	what := strings.Split(strings.ReplaceAll(list, " ", ""), ",")
	return slices.Contains(what, "events") && slices.Contains(what, "flow_runs")
}

func withinSeconds(text string) bool {
	seconds, err := strconv.ParseFloat(text, 64)
	return err == nil && seconds >= 86_400 && seconds <= mostDays*86_400
}

// withinDays reads a duration of ISO 8601, the only way in which Prefect takes this one.
func withinDays(text string) bool {
	found := isoDays.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	days, err := strconv.Atoi(found[1])
	return err == nil && days >= 1 && days <= mostDays
}

// onHost reports whether a name is that of the host itself.
func onHost(name string) bool {
	address, err := netip.ParseAddr(name)
	return name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") || name == "host.docker.internal" || err == nil && (address.IsLoopback() || address.IsUnspecified())
}
