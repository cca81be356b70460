package rules

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/tokens"
)

const (
	serverFiles  = "prefect-api-files"
	edgeHolder   = "proxy-install-files"
	databaseFile = "database-server-files"
	rolesFiles   = "database-roles-files"
	cacheFiles   = "cache-server-files"
)

// uploaded is a holder with one more file.
func uploaded(name string, fields map[string]any, found string) fixture {
	return fixture{name: name, of: tokens.Container, resource: serverFiles, change: addTo("uploads", fields), found: found}
}

// onUpload changes fields of a file that is there.
func onUpload(file string, change func(property.Map) property.Map) func(*Resource) {
	return func(r *Resource) {
		uploads := r.Properties.Get("uploads").AsArray().AsSlice()
		for i, item := range uploads {
			if strings.HasSuffix(item.AsMap().Get("file").AsString(), "/"+file) {
				uploads[i] = property.New(change(item.AsMap()))
				r.Properties = r.Properties.Set("uploads", property.New(uploads))
				return
			}
		}
		panic("no file " + file)
	}
}

func setUpload(file, field string, value any) func(*Resource) {
	return onUpload(file, func(fields property.Map) property.Map { return fields.Set(field, plainValue(value)) })
}

// content gives a secret file another text.
func content(file, text string) func(*Resource) { return setUpload(file, "content", secret(text)) }

func changedFile(name, resource string, change func(*Resource), found string) fixture {
	return fixture{name: name, of: tokens.Container, resource: resource, change: change, found: found}
}

// veil makes the list of files one secret, as the engine has it in an `up`.
func veil(r *Resource) {
	r.Properties = r.Properties.Set("uploads", r.Properties.Get("uploads").WithSecret(true))
}

func TestFiles_PassWhenTheirListIsSecretAsAWhole(t *testing.T) {
	for _, each := range up(t, "prod").resources {
		if each.Type != tokens.Container || !each.Properties.Get("uploads").HasSecrets() {
			continue
		}
		veil(&each)
		for _, rule := range secretsRules {
			for _, v := range rule.Judge(up(t, "prod").facts, each) {
				t.Errorf("%s: %v", rule.ID, v)
			}
		}
	}
}

func text(name, content, mode string) map[string]any {
	return map[string]any{"file": "/etc/platform/" + name, "content": content, "permissions": mode}
}

func coded(name, content, mode string) map[string]any {
	return map[string]any{"file": "/etc/platform/" + name, "contentBase64": base64.StdEncoding.EncodeToString([]byte(content)), "permissions": mode}
}

var unknownText = property.New(property.Computed)

var _ = prove("secrets-file-mode", proof{
	fails: []fixture{
		changedFile("prefect.toml for everyone", serverFiles, setUpload("prefect.toml", "permissions", "0444"), "prefect.toml) holds a secret and has mode 0444"),
		changedFile("the provider's default", serverFiles, onUpload("prefect.toml", func(f property.Map) property.Map { return f.Delete("permissions") }), "has mode 0644"),
		changedFile("an empty mode", serverFiles, setUpload("prefect.toml", "permissions", ""), "has mode 0644"),
		changedFile("a group that may write", edgeHolder, setUpload("tls.key", "permissions", "0460"), "tls.key) holds a secret and has mode 0460"),
		changedFile("a mode without zero", edgeHolder, setUpload("htpasswd", "permissions", "444"), "has mode 444"),
		changedFile("a mode that is no number", edgeHolder, setUpload("htpasswd", "permissions", "a+r"), "has mode a+r"),
		changedFile("an executable mode", cacheFiles, setUpload("users.acl", "permissions", "0550"), "has mode 0550"),
		changedFile("the flag executable", cacheFiles, setUpload("users.acl", "executable", true), "is executable"),
		changedFile("the flag in text", cacheFiles, setUpload("users.acl", "executable", "true"), "is executable"),
		changedFile("a Pulumi secret in any file", serverFiles, setUpload("check.py", "content", secret("print(1)\n")), "check.py) holds a secret"),
		changedFile("the map of credentials", edgeHolder, setUpload("authorization.map", "permissions", "0644"), "authorization.map"),
		changedFile("a list that is secret as a whole", serverFiles, changes(setUpload("prefect.toml", "permissions", "0444"), veil), "prefect.toml) holds a secret and has mode 0444"),
		changedFile("such a list with a key of another name", serverFiles, changes(addTo("uploads", text("edge.pem", exampleKey, "0444")), veil), "edge.pem) holds a secret"),
		uploaded("a secret in base64", map[string]any{"file": "/a", "contentBase64": secret("YQ=="), "permissions": "0644"}, "/a) holds a secret"),
		{
			name: "a file of a running container", of: tokens.Container, resource: "prefect-api-0",
			change: addTo("uploads", map[string]any{"file": "/opt/prefect/prefect.toml", "content": secret("[api]\n"), "permissions": "0644"}), found: "/opt/prefect/prefect.toml",
		},
		{
			name: "a preview that does not know the text", of: tokens.Container, resource: edgeHolder, change: onUpload("tls.key", func(f property.Map) property.Map {
				return f.Set("content", unknownText.WithSecret(true)).Set("permissions", property.New("0444"))
			}), facts: func(f *Facts) { f.Preview = true }, found: "has mode 0444",
		},
	},
	unknown: []fixture{
		changedFile("the mode", serverFiles, setUpload("prefect.toml", "permissions", unknownText), ""),
		changedFile("the files", serverFiles, unknownProperty("uploads"), ""),
	},
})

var _ = prove("secrets-file-literal", proof{
	fails: []fixture{
		uploaded("a key in text", text("edge.pem", exampleKey, "0440"), "a private key"),
		uploaded("a key in base64", coded("edge.pem", exampleKey, "0440"), "a private key"),
		uploaded("a password alone", text("database-password", "hunter2", "0440"), "database-password"),
		uploaded("a connection", text("settings.toml", "url = \"postgresql+asyncpg://a:b@postgres/prefect\"\n", "0440"), "a URL with a password"),
		uploaded("a variable in a script", text("run", "#!/bin/sh\nexport DB_PASSWORD='hunter2'\n", "0440"), "DB_PASSWORD"),
		uploaded("a flag in a script", text("run", "#!/bin/sh\nredis-cli -a hunter2 ping\n", "0440"), "a password after -a"),
		uploaded("a literal in Python", text("any.py", "API_KEY = \"hunter2\"\n", "0440"), "API_KEY"),
		uploaded("a file of variables", text("worker.env", "A=1\nDB_PASSWORD=hunter2\n", "0440"), "DB_PASSWORD"),
		uploaded("passwords of libpq", text(".pgpass", "postgres:5432:*:prefect_a:hunter2\n", "0440"), "a password file of PostgreSQL"),
		uploaded("a login of Docker", text("config.json", `{"auths": {"r": {"auth": "`+exampleBasic+`"}}}`, "0440"), "config.json"),
		uploaded("a token that everyone may read", text("note.txt", "see "+exampleToken, "0444"), "a GitHub token"),
	},
	unknown: []fixture{uploaded("the text", map[string]any{"file": "/a", "content": unknownText, "permissions": "0444"}, "")},
})

var _ = prove("secrets-file-source", proof{
	fails: []fixture{
		uploaded("a key", map[string]any{"file": "/etc/platform/tls.key", "source": "/home/me/tls.key", "permissions": "0440"}, `source is "/home/me/tls.key"`),
		uploaded("anything", map[string]any{"file": "/data.txt", "source": "data.txt", "sourceHash": "1", "permissions": "0444"}, `source is "data.txt"`),
		uploaded("no text", map[string]any{"file": "/data.txt", "source": true, "permissions": "0444"}, "source"),
	},
	unknown: []fixture{uploaded("the source", map[string]any{"file": "/a", "source": unknownText, "permissions": "0444"}, "")},
})

var _ = prove("secrets-file-readable", proof{
	fails: []fixture{
		uploaded("no base64", map[string]any{"file": "/a", "contentBase64": "***", "permissions": "0444"}, "is no base64"),
		uploaded("base64 with blanks", map[string]any{"file": "/a", "contentBase64": "aGVs bG8=", "permissions": "0444"}, "is no base64"),
	},
	unknown: []fixture{uploaded("the text", map[string]any{"file": "/a", "contentBase64": unknownText, "permissions": "0444"}, "")},
})

var _ = prove("secrets-weak-password", proof{
	fails: []fixture{
		changedFile("a short one", databaseFile, content("initial-password", "x7Kp2Qw9"), "initial-password) holds a weak password"),
		changedFile("one word often", databaseFile, content("initial-password", "changemechangemechangeme"), "weak password"),
		changedFile("one sign often", databaseFile, content("initial-password", strings.Repeat("a", 40)), "weak password"),
		changedFile("nothing but a line", databaseFile, content("initial-password", "\n"), "weak password"),
		changedFile("one in prefect.toml", serverFiles, content("prefect.toml", "[redis.messaging]\npassword = \"hunter2\"\n"), "weak password (password)"),
		changedFile("one in a URL", serverFiles, content("prefect.toml", "[server.database]\nconnection_url = \"postgresql+asyncpg://a:prefect@postgres/prefect\"\n"), "weak password (connection_url)"),
		changedFile("the API's", serverFiles, content("prefect.toml", "[server.api]\nauth_string = \"prefect:admin\"\n"), "weak password (auth_string)"),
		uploaded("one in base64", map[string]any{"file": "/run/token", "contentBase64": secret(base64.StdEncoding.EncodeToString([]byte("admin"))), "permissions": "0440"}, "weak password"),
	},
	unknown: []fixture{changedFile("the password", databaseFile, setUpload("initial-password", "content", unknownText), "")},
})

func TestFiles_OfTheRealStackAreSecretWhereTheyMustBe(t *testing.T) {
	want := map[string]bool{"prefect.toml": false, "htpasswd": false, "tls.key": false, "authorization.map": false, "users.acl": false, "password": false, "roles.sql": false, "initial-password": false}
	for _, each := range up(t, "prod").resources {
		c := &Case{Resource: each}
		for _, f := range c.files() {
			if _, known := want[f.name()]; known && f.isSecret() {
				want[f.name()] = true
			} else if f.isSecret() {
				t.Errorf("%s of %s is taken for a secret", f.path, each.Name)
			}
		}
	}
	for name, seen := range want {
		if !seen {
			t.Errorf("%s is not taken for a secret", name)
		}
	}
}
