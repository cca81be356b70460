//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"prefect-platform/internal/dsn"
	"prefect-platform/internal/prefecttoml"
	"prefect-platform/internal/scram"
)

// hostileCase is an account whose password holds one printable character, first, in the middle and last.
type hostileCase struct {
	Role, Password string
	// Refused is for the one with another password than the server knows: it shows that the server looks at passwords at all.
	Refused bool
}

func hostileCases() []hostileCase {
	var cases []hostileCase
	for c := ' '; c <= '~'; c++ {
		cases = append(cases, hostileCase{Role: fmt.Sprintf("h%d", c), Password: fmt.Sprintf("%cNw3k%cTz8Qb5Hs2%c", c, c, c)})
	}
	return append(cases, hostileCase{Role: "wrong", Password: "Nw3kTz8Qb5Hs2Vc7", Refused: true})
}

func (c hostileCase) url(scheme string) string {
	return dsn.Target{Scheme: scheme, User: c.Role, Password: c.Password, Host: hostileServer, Port: 5432, Database: "prefect"}.URL()
}

// hostileServer is what the throwaway server is called on its network.
const hostileServer = "hostile-postgres"

// TestHostilePasswords_EveryCharacterConnectsEveryWay checks escaped URLs and SCRAM verifiers on a server of its own, since that of the stack admits two roles only.
func TestHostilePasswords_EveryCharacterConnectsEveryWay(t *testing.T) {
	cases := hostileCases()
	if len(cases) != 95+1 {
		t.Fatalf("%d cases, want one for each of 95 characters and one for a wrong password", len(cases))
	}
	server := startHostileServer(t, cases)

	t.Run("libpq", func(t *testing.T) {
		var script strings.Builder
		for _, c := range cases {
			fmt.Fprintf(&script, "psql -X -At -c 'select current_user' %s 2>/dev/null || echo refused %s\n", shellQuoted(c.url("postgresql")), c.Role)
		}
		result := stack.Exec(t, server, "sh", "-c", script.String())
		compareHostile(t, cases, strings.Split(strings.TrimSpace(result.Stdout), "\n"))
	})

	files := map[string]string{}
	for _, c := range cases {
		files["/e2e/"+c.Role+"/prefect.toml"] = prefecttoml.Server{DatabaseURL: c.url(dsn.AsyncPG), AuthString: "prefect:" + c.Password, DocketURL: c.url(dsn.Redis), RedisPassword: c.Password}.String()
	}
	roles, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	files["/e2e/cases.json"] = string(roles)
	python := stack.StartHelper(t, Helper{
		Image:   stack.Container(t, "api").Config.Image,
		Command: []string{"python", "-u", "/e2e/script.py"},
		Network: hostileNetwork,
		Env:     []string{"PREFECT_HOME=/tmp/prefect", "PREFECT_SERVER_EPHEMERAL_ENABLED=false", "DO_NOT_TRACK=1"},
		Files:   withScript(files, hostileScript),
	})
	var seen struct {
		Engine, Listen []string
		Raw            []struct{ Auth, Redis, Docket string }
	}
	if err := json.Unmarshal([]byte(python.Wait(t)), &seen); err != nil {
		t.Fatal(err)
	}
	t.Run("Prefect's engine", func(t *testing.T) { compareHostile(t, cases, seen.Engine) })
	t.Run("Prefect's LISTEN connection", func(t *testing.T) { compareHostile(t, cases, seen.Listen) })
	t.Run("the other secrets", func(t *testing.T) {
		for i, c := range cases {
			for what, got := range map[string]string{"auth string": seen.Raw[i].Auth, "Redis": seen.Raw[i].Redis, "docket URL": seen.Raw[i].Docket} {
				if got != c.Password {
					t.Errorf("%s: password %q reached Prefect as %q", what, c.Password, got)
				}
			}
		}
	})
}

// TestHostilePasswords_AFlowRunsWithAllCharactersInEverySecret supplies them for a stack that ran with generated ones.
func TestHostilePasswords_AFlowRunsWithAllCharactersInEverySecret(t *testing.T) {
	var all strings.Builder
	for c := ' '; c <= '~'; c++ {
		all.WriteRune(c)
	}
	password := func(secret string) string { return secret + all.String() }
	stack.Up(t, SetSecret("databasePasswordA", password("d")), SetSecret("apiPasswordA", password("a")), SetSecret("redisPasswordA", password("r")))
	if stack.Password != password("a") {
		t.Errorf("the credential is %q", stack.Password)
	}
	run := runFromOutside(t, uniqueName("hostile"))
	if run.State != "Completed" || !run.OwnEvent || run.Events < tasksOfRun+1 {
		t.Errorf("%+v, want it completed and %d tasks heard of", run, tasksOfRun+1)
	}
	if now := get(t, stack.HTTP, "/api/version", nil); now.StatusCode != http.StatusOK {
		t.Errorf("with the supplied credential: %s", now.Status)
	}
}

// compareHostile wants the name of each role, or "refused" for the one with a wrong password.
func compareHostile(t *testing.T, cases []hostileCase, got []string) {
	t.Helper()
	if len(got) != len(cases) {
		t.Fatalf("%d answers to %d connections: %q", len(got), len(cases), got)
	}
	for i, c := range cases {
		want := c.Role
		if c.Refused {
			want = "refused " + c.Role
		}
		if got[i] != want {
			t.Errorf("password %q: %q, want %q", c.Password, got[i], want)
		}
	}
}

var hostileNetwork = "prefect-" + stackName + "-hostile"

func startHostileServer(t *testing.T, cases []hostileCase) (id string) {
	t.Helper()
	stack.CreateNetwork(t, hostileNetwork)
	server := stack.StartHelper(t, Helper{
		Image:   stack.Container(t, "postgres").Config.Image,
		Command: []string{"docker-entrypoint.sh", "postgres", "-c", "fsync=off"},
		User:    "999:999",
		Network: hostileNetwork,
		Alias:   hostileServer,
		Env:     []string{"POSTGRES_PASSWORD=only-for-initdb", "POSTGRES_DB=prefect", "POSTGRES_INITDB_ARGS=--auth-host=scram-sha-256"},
	})
	Await(t, time.Minute, "the throwaway server", func() error {
		// Over TCP, which the temporary server of the first start does not listen to.
		if r := stack.Exec(t, server.id, "pg_isready", "-q", "-h", hostileServer, "-d", "prefect"); r.Code != 0 {
			return fmt.Errorf("pg_isready says %d", r.Code)
		}
		return nil
	})
	var sql strings.Builder
	for _, c := range cases {
		password := c.Password
		if c.Refused {
			password += "?"
		}
		verifier, err := scram.Verifier(password, "salt-of-a-throwaway-server")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&sql, "CREATE ROLE %s LOGIN PASSWORD '%s';\n", c.Role, verifier)
	}
	if r := stack.Exec(t, server.id, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "prefect", "-c", sql.String()); r.Code != 0 {
		t.Fatal(r.Stderr)
	}
	return server.id
}

// hostileScript connects as each role in the two ways in which Prefect itself does, from the prefect.toml that the platform writes.
const hostileScript = `
import asyncio, json, os
from prefect.context import refresh_global_settings_context
from prefect.settings import get_current_settings
from prefect.server.database.configurations import AsyncPostgresConfiguration
from prefect.server.utilities.postgres_listener import get_pg_notify_connection
from prefect_redis.client import RedisMessagingSettings
from redis.asyncio.connection import parse_url
from sqlalchemy import text

async def engine(url):
    made = await AsyncPostgresConfiguration(connection_url=url).engine()
    try:
        async with made.connect() as connection:
            return (await connection.execute(text("select current_user"))).scalar_one()
    finally:
        await made.dispose()

async def listen(url):
    connection = await get_pg_notify_connection()
    if connection is None:
        raise Exception("password authentication failed")  # as it says in its log
    try:
        await connection.execute("LISTEN hostile")
        return await connection.fetchval("select current_user")
    finally:
        await connection.close()

async def attempt(way, url, role):
    try:
        return await way(url)
    except Exception as error:
        if "password authentication failed" not in str(error):
            return repr(error)
        return f"refused {role}"

async def main():
    seen = {"Engine": [], "Listen": [], "Raw": []}
    for number, case in enumerate(json.load(open("/e2e/cases.json"))):
        role = case["Role"]
        os.chdir(f"/e2e/{role}")
        os.utime("prefect.toml", (number, number))  # Prefect caches it by name and age
        refresh_global_settings_context()
        server = get_current_settings().server
        url = server.database.connection_url.get_secret_value()
        seen["Engine"].append(await attempt(engine, url, role))
        seen["Listen"].append(await attempt(listen, url, role))
        seen["Raw"].append({
            "Auth": server.api.auth_string.get_secret_value().removeprefix("prefect:"),
            "Redis": RedisMessagingSettings().password,
            "Docket": parse_url(server.docket.url)["password"],
        })
    print(json.dumps(seen))

asyncio.run(main())
`

// shellQuoted is one word for a POSIX shell.
func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
