package rules

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/tokens"
)

func sql(name, text, found string) fixture {
	return changedFile(name, rolesFiles, content("roles.sql", text), found)
}

var _ = prove("secrets-sql-verifier", proof{
	fails: []fixture{
		sql("a password", "ALTER ROLE prefect_a PASSWORD 'x7Kp2Qw9ZtR4mNv8LbYc3HsJ6dFgT1aE';", "it is no verifier"),
		sql("small letters over lines", "create user a\n encrypted\n password\n 'p'", "it is no verifier"),
		sql("md5", "ALTER ROLE a PASSWORD 'md5d41d8cd98f00b204e9800998ecf8427e'", "it is no verifier"),
		sql("an empty one", "ALTER ROLE a PASSWORD ''", "it is no verifier"),
		sql("after a comment", "ALTER ROLE a PASSWORD /* verifier */ -- below\n 'p'", "it is no verifier"),
		sql("a variable", "\\set p 'secret'\nALTER ROLE a PASSWORD :'p';", "cannot be told"),
		sql("a block", "DO $$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''p'''; END $$;", "it is no verifier"),
		sql("a format", "SELECT format('ALTER ROLE a PASSWORD %L', 'p') \\gexec", "cannot be told"),
		sql("a text with escapes", `ALTER ROLE a PASSWORD E'\x70'`, "cannot be told"),
		sql("the second of two", "ALTER ROLE a PASSWORD NULL; ALTER ROLE b PASSWORD 'p'", "PASSWORD number 1"),
		changedFile("few iterations", rolesFiles, edit("roles.sql", "SCRAM-SHA-256$4096:", "SCRAM-SHA-256$1000:"), "needs 4096"),
		changedFile("another form", rolesFiles, edit("roles.sql", "SCRAM-SHA-256$", "scram-sha-256$"), "not the form"),
		uploaded("a file of any name", map[string]any{"file": "/docker-entrypoint-initdb.d/10-app", "content": secret("CREATE ROLE app LOGIN PASSWORD 'x';"), "permissions": "0440"}, "it is no verifier"),
		uploaded("a file in base64", map[string]any{"file": "/init.sql", "contentBase64": secret("QUxURVIgUk9MRSBhIFBBU1NXT1JEICd4Jzs="), "permissions": "0440"}, "it is no verifier"),
	},
	unknown: []fixture{changedFile("the text", rolesFiles, setUpload("roles.sql", "content", unknownText), "")},
})

func postgres(name, variable, found string) fixture {
	return fixture{name: name, of: tokens.Container, resource: "database-server", change: addTo("envs", variable), found: found}
}

var _ = prove("secrets-postgres-environment", proof{
	fails: []fixture{
		postgres("a password", "POSTGRES_PASSWORD=hunter2", "POSTGRES_PASSWORD"),
		postgres("a verifier", "POSTGRES_PASSWORD=SCRAM-SHA-256$4096:c2FsdA==$a:b", "POSTGRES_PASSWORD"),
		postgres("nothing", "POSTGRES_PASSWORD=", "POSTGRES_PASSWORD"),
		postgres("no password at all", "POSTGRES_HOST_AUTH_METHOD=trust", "=trust"),
		postgres("capitals", "POSTGRES_HOST_AUTH_METHOD=Trust", "=trust"),
		postgres("a password in plain text", "POSTGRES_HOST_AUTH_METHOD=password", "=password"),
		postgres("md5", "POSTGRES_HOST_AUTH_METHOD=md5", "=md5"),
		postgres("a method for initdb", "POSTGRES_INITDB_ARGS=--auth-host=trust", "the method trust"),
		postgres("the short flag for initdb", "POSTGRES_INITDB_ARGS=-A md5 --data-checksums", "the method md5"),
		postgres("another image's way", "ALLOW_EMPTY_PASSWORD=yes", "ALLOW_EMPTY_PASSWORD"),
		{name: "a command", of: tokens.Container, resource: "database-roles", change: put("command", []any{"sh", "-c", "initdb --auth trust"}), found: "the method trust"},
	},
	unknown: []fixture{{name: "the variables", of: tokens.Container, resource: "database-server", change: unknownProperty("envs")}},
})

// hba is the database with another line in its pg_hba.conf, in the file and in what the component records.
func hba(name, old, new, found string) fixture {
	return fixture{name: name, of: tokens.Container, resource: databaseFile, change: edit("pg_hba.conf", old, new), found: found}
}

var _ = prove("secrets-postgres-hba", proof{
	fails: []fixture{
		hba("no password", "scram-sha-256", "trust", `line 2 has method "trust"`),
		hba("a method in quotes", "scram-sha-256", `"trust"`, `method "trust"`),
		hba("md5", "scram-sha-256", "md5", `method "md5"`),
		hba("plain text", "scram-sha-256", "password", `method "password"`),
		hba("capitals, which PostgreSQL does not know", "scram-sha-256", "TRUST", `method "TRUST"`),
		hba("trust on the socket", "peer", "trust", `line 1 has method "trust"`),
		hba("everyone", "10.213.2.0/24", "0.0.0.0/0", "address 0.0.0.0/0"),
		hba("half of everyone", "10.213.2.0/24", "128.0.0.0/1", "address 128.0.0.0/1"),
		hba("everyone by mask", "10.213.2.0/24", "0.0.0.0 0.0.0.0", "address 0.0.0.0"),
		hba("everyone by name", "10.213.2.0/24", "all", "address all"),
		hba("everyone by IPv6", "10.213.2.0/24", "::/0", "address ::/0"),
		hba("whoever has a name", "10.213.2.0/24", ".example.com", "address .example.com"),
		hba("no reject", "host all all all reject\n", "", "does not end in a reject of all for host"),
		hba("no reject on the socket", "local all all reject\n", "", "does not end in a reject of all for local"),
		hba("a reject of one database", "host all all all reject", "host postgres all all reject", "for host"),
		hba("a line after the reject", "host all all all reject\n", "host all all all reject\nhostssl prefect prefect_a 10.213.2.0/24 scram-sha-256\n", "for host"),
		hba("another file", "local all postgres peer\n", "local all postgres peer\ninclude_if_exists /tmp/more\n", "include_if_exists"),
		hba("a continued line", "local all postgres peer\n", "local all postgres peer\nhost all all 10.213.2.0/24 \\\ntrust\n", `method "trust"`),
		uploaded("a file of another name", text("access", "local all all trust\nhost all all all trust\n", "0444"), `method "trust"`),
		uploaded("a script that writes one", text("init", "#!/bin/sh\necho 'host all all all trust' >>\"$PGDATA/pg_hba.conf\"\n", "0444"), "writes a line"),
		{name: "a command that writes one", of: tokens.Container, resource: "database-roles", change: put("command", []any{"sh", "-c", "echo 'host all all 10.0.0.0/8 md5' >>pg_hba.conf"}), found: "the command writes a line"},
		{name: "what the component records", of: tokens.Database, resource: "database", change: put(tokens.InputHBA, "host all all all trust\n"), found: "hba line 1"},
		{name: "a component that records nothing", of: tokens.Database, resource: "database", change: without(tokens.InputHBA), found: "does not end in a reject"},
	},
	unknown: []fixture{
		{name: "the recorded text", of: tokens.Database, resource: "database", change: unknownProperty(tokens.InputHBA)},
		changedFile("the file", databaseFile, setUpload("pg_hba.conf", "content", unknownText), ""),
	},
})

var _ = prove("secrets-postgres-encryption", proof{
	fails: []fixture{
		changedFile("md5", databaseFile, edit("postgresql.conf", "password_encryption = scram-sha-256", "password_encryption = md5"), "sets password_encryption to md5"),
		changedFile("without a sign", databaseFile, edit("postgresql.conf", "password_encryption = scram-sha-256", "Password_Encryption 'md5'"), "to md5"),
		changedFile("the old word", databaseFile, edit("postgresql.conf", "password_encryption = scram-sha-256", "password_encryption=on"), "to on"),
		sql("SQL", "SET password_encryption TO 'md5';\nALTER ROLE a PASSWORD NULL;", "to md5"),
		{name: "an argument", of: tokens.Container, resource: "database-server", change: addTo("command", "-c", "password_encryption=md5"), found: "the command sets password_encryption to md5"},
		{name: "a long argument", of: tokens.Container, resource: "database-server", change: addTo("command", "--password-encryption=md5"), found: "to md5"},
	},
	unknown: []fixture{
		{name: "the command", of: tokens.Container, resource: "database-server", change: unknownProperty("command")},
		changedFile("the file", databaseFile, setUpload("postgresql.conf", "content", unknownText), ""),
	},
})

func passwords(name, text, found string) fixture {
	return changedFile(name, edgeHolder, content("htpasswd", text), found)
}

var (
	key43 = strings.Repeat("a", 43)
	key86 = strings.Repeat("a", 86)
	key53 = strings.Repeat("a", 53)
)

var _ = prove("secrets-password-file", proof{
	fails: []fixture{
		passwords("plain text", "prefect:hunter2\n", "plain text or DES"),
		passwords("a second user", "prefect:$5$rounds=1000$saltsaltsaltsalt$a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t0u1v\nsupport:$5$rounds=1000$saltsaltsaltsalt$a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t0u1v\n", "another user"),
		passwords("marked as plain", "prefect:{PLAIN}hunter2\n", "in braces"),
		passwords("SHA without salt", "prefect:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n", "in braces"),
		passwords("SHA with salt", "prefect:{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n", "in braces"),
		passwords("DES", "prefect:rqXexS6ZhobKA\n", "plain text or DES"),
		passwords("Apache's md5", "prefect:$apr1$salt$K1O0LaOJc9ygkQ9zWYmQ8.\n", "neither"),
		passwords("md5", "prefect:$1$salt$K1O0LaOJc9ygkQ9zWYmQ8.\n", "neither"),
		passwords("nothing", "prefect:\n", "an empty password"),
		passwords("a costly bcrypt", "prefect:$2y$10$"+key53+"\n", "bcrypt of cost 10"),
		passwords("the random provider's bcrypt", "prefect:$2a$12$"+key53+"\n", "bcrypt of cost 12"),
		passwords("many rounds", "prefect:$5$rounds=500000$salt$"+key43+"\n", "has 500000 rounds"),
		passwords("many rounds of SHA-512", "prefect:$6$rounds=999999999$salt$"+key86+"\n", "has 999999999 rounds"),
		passwords("few rounds", "prefect:$5$rounds=1$salt$"+key43+"\n", "has 1 rounds"),
		passwords("yescrypt, which musl does not know", "prefect:$y$j9T$salt$"+key43+"\n", "neither"),
		passwords("a broken hash", "prefect:$5$rounds=1000$salt$"+key43[1:]+"\n", "neither"),
		passwords("a comment behind the hash", "prefect:$5$rounds=1000$salt$"+key43+":x\n", "neither"),
		passwords("no line", "prefect\n", "is no user:hash"),
		passwords("an empty line", "prefect:$5$salt$"+key43+"\n\nb:$5$salt$"+key43+"\n", "line 2 is no user:hash"),
		passwords("nobody", ":$5$salt$"+key43+"\n", "is no user:hash"),
		passwords("a user twice", "a:$5$salt$"+key43+"\na:$5$salt$"+key43+"\n", "for the second time"),
		uploaded("a file of another name", map[string]any{"file": "/etc/users", "content": secret("a:$2y$12$" + key53 + "\n"), "permissions": "0440"}, "bcrypt of cost 12"),
		uploaded("the kept password", map[string]any{"file": "/etc/platform/htpasswd.kept", "content": secret("a:b\n"), "permissions": "0440"}, "plain text or DES"),
	},
	unknown: []fixture{changedFile("the text", edgeHolder, setUpload("htpasswd", "content", unknownText), "")},
})

func redis(name, old, new, found string) fixture {
	return changedFile(name, cacheFiles, edit("redis.conf", old, new), found)
}

func account(name, old, new, found string) fixture {
	return changedFile(name, cacheFiles, edit("users.acl", old, new), found)
}

func turned(name, old, new, found string) fixture {
	return changedFile(name, "cache-accounts-files", edit("users.acl", old, new), found)
}

var _ = prove("secrets-redis", proof{
	fails: []fixture{
		redis("a password for all", "dir /data", "requirepass x7Kp2Qw9", "requirepass with a password"),
		redis("capitals and quotes", "dir /data", `"REQUIREPASS" "x7Kp2Qw9"`, "requirepass with a password"),
		redis("the password of a master", "dir /data", "masterauth x7Kp2Qw9", "masterauth with a password"),
		turned("a password in an account", "resetpass #", "resetpass >hunter2 #", "a password in plain text for the user default"),
		account("an account in quotes", "user health on nopass", `user health on ">hunter2"`, "a password in plain text for the user health"),
		turned("no password", "resetpass #", "nopass ~* +@all\n# ", "a user default without password"),
		turned("no password in the end", " ~* &* +@all", " ~* &* +@all nopass", "a user default without password"),
		turned("no hash", "resetpass #", "resetpass #abc #", "no SHA-256 hash"),
		turned("no account", "user default", "user somebody", "no line for the user default"),
		account("a health check that may do more", "+ping", "+ping +keys", "a user health without password"),
		account("a health check that may do all", "-@all +ping", "allcommands", "a user health without password"),
		account("a health check with keys", "nopass resetkeys", "nopass allkeys", "a user health without password"),
		account("a health check with a selector", "+ping", "+ping (+get ~*)", "a user health without password"),
		redis("another file", "dir /data", "include /tmp/more.conf", "include"),
		redis("a file of accounts that is not there", "dir /data", "aclfile /tmp/others.acl", "an aclfile that is not among the files"),
		uploaded("a colleague's", map[string]any{"file": "/etc/cache.conf", "content": "protected-mode no\nappendonly yes\n", "permissions": "0444"}, "no line for the user default"),
		uploaded("a file of accounts", map[string]any{"file": "/etc/users.acl", "content": secret("user default on nopass ~* &* +@all\n"), "permissions": "0440"}, "a user default without password"),
	},
	unknown: []fixture{changedFile("the text", cacheFiles, setUpload("redis.conf", "content", property.New(property.Computed)), "")},
})
