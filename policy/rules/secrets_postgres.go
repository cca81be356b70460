package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"prefect-platform/internal/scram"
	"prefect-platform/internal/sqlpassword"
	"prefect-platform/internal/tokens"
)

const plainProtocol = "OWASP ASVS 5.0 11.4.2: passwords are stored as salted, slow hashes"

var secretsPostgresRules = []Rule{
	{
		ID:       "secrets-sql-verifier",
		Sentence: "SQL gives PostgreSQL a SCRAM-SHA-256 verifier of 4096 or more iterations, and never a password.",
		Why:      "a password in SQL is in the server's log, in pg_stat_statements and in pg_stat_activity; " + plainProtocol,
		Resource: judgeSQL,
	},
	{
		ID:       "secrets-postgres-environment",
		Sentence: "The image of PostgreSQL is given its password in a file, and no way around passwords.",
		Why:      inspectable + "; POSTGRES_HOST_AUTH_METHOD=trust lets everyone in as superuser",
		Resource: judgePostgresEnvironment,
	},
	{
		ID:       "secrets-postgres-hba",
		Sentence: "pg_hba.conf asks everyone for a SCRAM password, from the platform's own network only, and ends in reject.",
		Why:      "trust asks for nothing, password sends it in plain text, md5 can be replayed; CIS PostgreSQL 18 5.1 to 5.5",
		Resource: func(c *Case) {
			if c.Is(tokens.Database) {
				text, known := c.Property(tokens.InputHBA).Text()
				if known || !c.Property(tokens.InputHBA).Unknown() {
					refuseHBA(c, tokens.InputHBA, text)
				}
				return
			}
			for _, f := range c.files() {
				place := f.at.Path() + " (" + f.path + ")"
				switch {
				case !f.known:
				case strings.Contains(f.name(), "hba") && strings.HasSuffix(f.name(), ".conf"), hbaEntry.MatchString(f.text):
					refuseHBA(c, place, f.text)
				case weakHBA(f.text):
					c.Refuse(place+" writes a line of pg_hba.conf that asks for no SCRAM password", "write scram-sha-256 in it")
				}
			}
			if c.Is(tokens.Container) {
				if command := commandOf(c); weakHBA(command) {
					c.Refuse("the command writes a line of pg_hba.conf that asks for no SCRAM password", "write scram-sha-256 in it")
				}
			}
		},
	},
	{
		ID:       "secrets-postgres-encryption",
		Sentence: "PostgreSQL stores passwords with scram-sha-256.",
		Why:      "md5 is broken and deprecated since PostgreSQL 18; " + plainProtocol,
		Resource: func(c *Case) {
			const change = "take it out, or set it to scram-sha-256, which is the default"
			for _, f := range c.files() {
				if value := weakEncryption(f.text); value != "" {
					c.Refuse(fmt.Sprintf("%s (%s) sets password_encryption to %s", f.at.Path(), f.path, value), change)
				}
			}
			if c.Is(tokens.Container) {
				if value := weakEncryption(commandOf(c)); value != "" {
					c.Refuse("the command sets password_encryption to "+value, change)
				}
			}
		},
	},
}

// commandOf is what a container runs, entry point first, and its health check.
func commandOf(c *Case) string {
	return strings.Join(slices.Concat(textsOf(c.Property("entrypoints")), textsOf(c.Property("command")), textsOf(c.Property("healthcheck").Get("tests"))), " ")
}

var encryption = regexp.MustCompile(`(?im)\bpassword[_-]encryption\s*(?:=|\bto\b|\s)\s*'?([A-Za-z0-9-]+)`)

func weakEncryption(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "--") && !strings.Contains(line, "=") {
			continue
		}
		for _, found := range encryption.FindAllStringSubmatch(line, -1) {
			if value := strings.ToLower(found[1]); value != "scram-sha-256" {
				return value
			}
		}
	}
	return ""
}

var roleSQL = regexp.MustCompile(`(?i)\b(create|alter)\s+(role|user|group)\b`)

func judgeSQL(c *Case) {
	for _, f := range c.files() {
		if !f.known || strings.HasSuffix(f.name(), ".py") || !strings.HasSuffix(f.name(), ".sql") && !roleSQL.MatchString(f.text) {
			continue
		}
		for i, given := range sqlpassword.Find(f.text) {
			place := f.at.Path() + " (" + f.path + "), PASSWORD number " + strconv.Itoa(i+1) + ": "
			const change = "give the verifier of internal/scram, as postgresconf.Roles does, or PASSWORD NULL"
			if !given.Readable {
				c.Refuse(place+"what it will be cannot be told from the text", change)
			} else if err := scram.Check(given.Literal); err != nil {
				c.Refuse(place+"it is no verifier: "+err.Error(), change)
			}
		}
	}
}

var initAuth = regexp.MustCompile(`(?i)(?:--auth(?:-local|-host)?[= ]|-A ?)["']?([a-z0-9-]+)`)

func judgePostgresEnvironment(c *Case) {
	if !c.Is(tokens.Container) {
		return
	}
	const change = "take it out; POSTGRES_PASSWORD_FILE with a file of workload.SecretText is enough"
	for _, leaf := range c.Property("envs").Leaves() {
		name, value, _ := strings.Cut(leaf.Text, "=")
		name, value = strings.TrimSpace(name), strings.ToLower(strings.TrimSpace(value))
		place := leaf.Value.Path() + " "
		switch name {
		case "POSTGRES_PASSWORD":
			c.Refuse(place+"is POSTGRES_PASSWORD", change)
		case "POSTGRES_HOST_AUTH_METHOD":
			if value != "scram-sha-256" && value != "cert" {
				c.Refuse(place+"is POSTGRES_HOST_AUTH_METHOD="+value, change)
			}
		case "POSTGRES_INITDB_ARGS":
			refuseInitAuth(c, place, value)
		case "ALLOW_EMPTY_PASSWORD":
			if yes, err := strconv.ParseBool(value); yes || err != nil && value != "no" {
				c.Refuse(place+"is ALLOW_EMPTY_PASSWORD="+value, change)
			}
		}
	}
	if command := commandOf(c); strings.Contains(command, "initdb") {
		refuseInitAuth(c, "the command ", command)
	}
}

func refuseInitAuth(c *Case, place, text string) {
	for _, found := range initAuth.FindAllStringSubmatch(text, -1) {
		if method := strings.ToLower(found[1]); !slices.Contains([]string{"scram-sha-256", "peer", "cert", "reject"}, method) {
			c.Refuse(place+"lets initdb set the method "+method, "use --auth-local=peer --auth-host=scram-sha-256")
		}
	}
}
