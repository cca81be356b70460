package rules

import (
	"regexp"
	"slices"
	"strings"

	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

var dataDurableRules = []Rule{
	{
		ID:       "data-server-arguments",
		Sentence: "PostgreSQL is given its configuration file and nothing else.",
		Why:      "An argument counts more than the file: --fsync=off loses the database at a crash of the host, -c hba_file lets others log in.",
		Resource: func(c *Case) {
			if kind, ok := dataServer(c, c.Resource); !ok || kind != images.Postgres {
				return
			}
			command := c.Property("command")
			items, ok := command.Items()
			if !ok && command.Exists() {
				return
			}
			words := c.Property("command").Texts()
			if len(words) == len(items) && !slices.Equal(words, []string{"postgres", "-c", "config_file=" + tokens.FilesDir + "/postgresql.conf"}) {
				c.Refuse("command has other words than those", "write the setting into internal/postgresconf, and let the command be postgres -c config_file="+tokens.FilesDir+"/postgresql.conf")
			}
			if entry := c.Property("entrypoints").Texts(); len(entry) > 0 {
				c.Refuse("entrypoints is set", "leave the image its entry point")
			}
		},
	},
	{
		ID:       "data-durable",
		Sentence: "PostgreSQL writes to the disk before it says so.",
		Why:      "Without fsync and full_page_writes a crash of the host can destroy the database; without synchronous_commit it forgets what it confirmed (PostgreSQL manual, 19.5.1).",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			for _, file := range c.Uploads() {
				text, ok := file.Content.Text()
				if !ok || !strings.HasSuffix(file.Name(), ".conf") {
					continue
				}
				for _, found := range durability.FindAllStringSubmatch(text, -1) {
					if value := strings.ToLower(strings.Trim(found[2], "'")); !slices.Contains([]string{"on", "true", "yes", "1", "local", "remote_write", "remote_apply"}, value) {
						c.Refuse(file.Path+" has "+strings.TrimSpace(found[0]), "leave the setting out of internal/postgresconf: the default is on")
					}
				}
			}
		},
	},
}

// durability are settings in a postgresql.conf; names are in any case, and the sign may be left out.
var durability = regexp.MustCompile(`(?im)^\s*(fsync|full_page_writes|synchronous_commit)\s*[=\s]\s*([^\s#]+)`)
