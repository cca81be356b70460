package config

var wrongSecrets = []wrong{
	refused(`databasePasswordA: {secure: short}`,
		`databasePasswordA: found 5 characters, want 16 or more, or no key at all: what is missing is generated (pulumi config set --secret databasePasswordA)`),
	refused(`databasePasswordB: {secure: aaaaaaaaaaaaaaaaaaaaaaaa}`,
		`databasePasswordB: found common words or repetitions, want 16 characters besides them, 8 of them different, or no key at all: what is missing is generated (pulumi config set --secret databasePasswordB)`),
	refused(`apiPasswordA: {secure: PrefectPassword123456}`,
		`apiPasswordA: found common words or repetitions, want 16 characters besides them, 8 of them different, or no key at all: what is missing is generated (pulumi config set --secret apiPasswordA)`),
	refused(`apiPasswordB: {secure: gJ7rT2mW9qLx4Vbü}`,
		`apiPasswordB: found a character outside printable ASCII, want letters, digits, signs and spaces of ASCII only; no line break (pulumi config set --secret apiPasswordB)`),
	refused(`redisPasswordA: {secure: "gJ7rT2mW9qLx4VbN\n"}`,
		`redisPasswordA: found a character outside printable ASCII, want letters, digits, signs and spaces of ASCII only; no line break (pulumi config set --secret redisPasswordA)`),
	refused("redisPasswordA: {secure: gJ7rT2mW9qLx4VbN}\nredisPasswordB: {secure: gJ7rT2mW9qLx4VbN}",
		`redisPasswordB: found the same value as in redisPasswordA, want a password of its own (pulumi config set --secret redisPasswordB)`),
	refused("backupPasswordA: {secure: gJ7rT2mW9qLx4VbN}\nbackupPasswordB: {secure: gJ7rT2mW9qLx4VbN}",
		`backupPasswordB: found the same value as in backupPasswordA, want a password of its own (pulumi config set --secret backupPasswordB)`),
	refused(`backupPasswordA: {secure: short}`,
		`backupPasswordA: found 5 characters, want 16 or more, or no key at all: what is missing is generated (pulumi config set --secret backupPasswordA)`),
	refused("access: {user: gJ7rT2mW9qLx}\napiPasswordA: {secure: gJ7rT2mW9qLx4VbN}",
		`apiPasswordA: found common words or repetitions, want 16 characters besides them, 8 of them different, or no key at all: what is missing is generated (pulumi config set --secret apiPasswordA)`),
}
