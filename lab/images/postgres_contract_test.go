//go:build lab

package images

import (
	"strings"
	"testing"
)

// query asks over the socket, where the cluster's own rules trust everyone.
func query(c container, user, db, sql string) string {
	c.t.Helper()
	return c.mustExec("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", db, "-c", sql)
}

func TestPostgres_TakesItsSettingsFromFiles(t *testing.T) {
	files := map[string]file{
		"/tmp/password": {"p@ss w/o#r?d%\n", 0o444}, "/tmp/user": {"owner", 0o444}, "/tmp/db": {"data", 0o444},
		"/tmp/initdb": {"--auth-local=trust --auth-host=scram-sha-256 --locale-provider=builtin --locale=C.UTF-8", 0o444},
	}
	c := start(t, files, "--env", "POSTGRES_PASSWORD_FILE=/tmp/password", "--env", "POSTGRES_USER_FILE=/tmp/user",
		"--env", "POSTGRES_DB_FILE=/tmp/db", "--env", "POSTGRES_INITDB_ARGS_FILE=/tmp/initdb", postgresImage)
	c.await("pg_isready", "-q", "-h", "127.0.0.1")
	if got := c.mustExec("env", "PGPASSWORD=p@ss w/o#r?d%", "psql", "-X", "-A", "-t", "-h", "127.0.0.1", "-U", "owner", "-d", "data", "-c", "SELECT datlocprovider FROM pg_database WHERE datname = 'data'"); got != "b" {
		t.Errorf("locale provider is %q, want b", got)
	}
	if output, err := c.exec("env", "PGPASSWORD=wrong", "psql", "-X", "-h", "127.0.0.1", "-U", "owner", "-d", "data", "-c", ""); err == nil {
		t.Errorf("a wrong password is accepted: %s", output)
	}
}

func TestPostgres_RefusesAVariableGivenTwice(t *testing.T) {
	c := start(t, nil, "--env", "POSTGRES_PASSWORD=x", "--env", "POSTGRES_PASSWORD_FILE=/etc/hostname", postgresImage)
	if exit := c.exitCode(); exit != 1 {
		t.Errorf("exit code %d, want 1", exit)
	}
}

func TestPostgres_RefusesToMakeAClusterWithoutAPassword(t *testing.T) {
	c := start(t, nil, postgresImage)
	if exit := c.exitCode(); exit != 1 {
		t.Errorf("exit code %d, want 1", exit)
	}
}

func TestPostgres_RefusesAVolumeAtTheOldPlace(t *testing.T) {
	c := start(t, nil, "--env", "POSTGRES_PASSWORD=x", "--volume", "/var/lib/postgresql/data", postgresImage)
	if exit := c.exitCode(); exit != 1 {
		t.Errorf("exit code %d, want 1", exit)
	}
}

func TestPostgres_RunsAsItsOwnUserWhenStartedAsRoot(t *testing.T) {
	c := start(t, nil, "--env", "POSTGRES_PASSWORD=x", postgresImage)
	c.await("pg_isready", "-q", "-h", "127.0.0.1")
	if got := c.mustExec("stat", "-c", "%u:%g %a", "/proc/1", "/var/lib/postgresql/18/docker"); got != "999:999 555\n999:999 700" {
		t.Errorf("server and data belong to %q", got)
	}
}

func TestPostgres_RunsInitFilesOnceInOrderAndWithoutNetwork(t *testing.T) {
	files := map[string]file{
		"/docker-entrypoint-initdb.d/1-table.sql": {"CREATE TABLE seen (at serial, who text);", 0o444},
		"/docker-entrypoint-initdb.d/2-run.sh": {`#!/bin/sh
pg_isready -q -h 127.0.0.1 && who=network || who=$POSTGRES_USER
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -c "INSERT INTO seen (who) VALUES ('$who')"
`, 0o555},
		"/docker-entrypoint-initdb.d/3-source.sh":  {`psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -c "INSERT INTO seen (who) VALUES ('sourced')"` + "\n", 0o444},
		"/docker-entrypoint-initdb.d/4-ignore.txt": {"CREATE SYNTAX ERROR", 0o444},
	}
	c := start(t, files, "--env", "POSTGRES_PASSWORD=x", "--env", "POSTGRES_DB=prefect", postgresImage)
	c.await("pg_isready", "-q", "-h", "127.0.0.1")
	docker(t, "restart", c.id)
	c.await("pg_isready", "-q", "-h", "127.0.0.1")
	if got := query(c, "postgres", "prefect", "SELECT string_agg(who, ',' ORDER BY at) FROM seen"); got != "postgres,sourced" {
		t.Errorf("init files left %q, want postgres,sourced", got)
	}
}

func TestPostgres_StopsWhenAnInitFileFails(t *testing.T) {
	files := map[string]file{"/docker-entrypoint-initdb.d/1.sql": {"SELECT 1/0;", 0o444}}
	c := start(t, files, "--env", "POSTGRES_PASSWORD=x", postgresImage)
	if exit := c.exitCode(); exit == 0 {
		t.Error("exit code 0")
	}
	if !strings.Contains(c.logs(), "division by zero") {
		t.Error("the log does not show why")
	}
}

func TestPostgres_HandsServerOptionsOn(t *testing.T) {
	c := start(t, nil, "--env", "POSTGRES_PASSWORD=x", postgresImage, "-c", "log_line_prefix=%m a b ", "-c", "max_connections=17")
	c.await("pg_isready", "-q", "-h", "127.0.0.1")
	if got := query(c, "postgres", "postgres", "SELECT current_setting('max_connections') || current_setting('log_line_prefix')"); got != "17%m a b " {
		t.Errorf("settings are %q", got)
	}
}

func TestPostgres_RunsOtherCommandsAsTheyAre(t *testing.T) {
	if got := oneShot(t, "--user", "999:999", "--read-only", postgresImage, "psql", "--version"); !strings.HasPrefix(got, "psql (PostgreSQL) 18.6") {
		t.Errorf("psql is %q", got)
	}
}
