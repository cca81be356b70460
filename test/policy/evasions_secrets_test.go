//go:build e2e

package policy

const (
	certificates = "components/proxy/authority.go"
	credentials  = "internal/credential/credential.go"
	generated    = "random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{Length: pulumi.Int(Length), Special: pulumi.Bool(false), Keepers: keepers}, protect)"
	chainFile    = "files[nginxconf.Certificate] = workload.File{Content: cert.chain, Mode: workload.Public}"
	newPrefect   = "\tserver, err := prefect.New(ctx, \"prefect\", prefect.Args{\n"
)

// secretEvasions show a secret, or make it one that can be guessed.
var secretEvasions = []variant{
	{
		name: "a password of one character",
		edits: []edit{{credentials, generated, `random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{
		Length: pulumi.Int(Length), Special: pulumi.Bool(true), OverrideSpecial: pulumi.String("-"), Lower: pulumi.Bool(false), Upper: pulumi.Bool(false), Numeric: pulumi.Bool(false), Keepers: keepers,
	}, protect)`}},
		why: "length 32 from the right generator, and yet every password is 32 dashes",
	},
	{
		name:  "a password that is a resource ID",
		edits: []edit{{credentials, generated, `random.NewRandomString(ctx, name, &random.RandomStringArgs{Length: pulumi.Int(Length), Special: pulumi.Bool(false), Keepers: keepers}, protect)`}},
		why:   "RandomString shows its result in the state, in previews and as ID",
	},
	{
		name: "a password with a life of its own",
		edits: []edit{
			{credentials, generated, `random.NewRandomId(ctx, name, &random.RandomIdArgs{ByteLength: pulumi.Int(2), Prefix: pulumi.String("prefect-platform-of-our-team-"), Keepers: keepers}, protect)`},
			{credentials, "Secret: generated.Result,", "Secret: pulumi.ToSecret(generated.Hex).(pulumi.StringOutput),"},
		},
		why: "33 characters of which four can be guessed in 65536 tries, and the resource's ID tells them",
	},
	{
		name:   "the private key in the file of the chain",
		stack:  "dev",
		edits:  []edit{{proxySpecs, chainFile, `files[nginxconf.Certificate] = workload.File{Content: pulumi.Sprintf("%s%s", cert.chain, cert.key), Mode: workload.Public}`}},
		why:    "nginx reads only certificates from it, so everything works, and the key is readable for everybody in a public file; unknown in a preview",
		unseen: "the key is generated; in an up secrets-file-mode refuses it",
	},
	{
		name:  "a secret file that others may read",
		edits: []edit{{proxySpecs, "nginxconf.Passwords: workload.SecretText(a.passwords(active.Secret, active.Salt))", `nginxconf.Passwords: workload.File{Content: a.passwords(active.Secret, active.Salt), Mode: "0644"}`}},
		why:   "the password file is for everybody who gets into a container that mounts it",
	},
	{
		name: "a credential as an output of the stack",
		edits: []edit{
			{"components/platform.go", newPrefect, `	ctx.Export("fingerprint", pulumi.Unsecret(secrets.api.Active().Secret.ApplyT(func(text string) string {
		return base64.StdEncoding.EncodeToString([]byte(text))
	}).(pulumi.StringOutput)))
` + newPrefect},
			{"components/platform.go", "\t\"fmt\"\n", "\t\"encoding/base64\"\n\t\"fmt\"\n"},
		},
		why: "the password is in the state, in the console and in the log of the pipeline, where base64 hides it from masking; unknown in a preview",
	},
	{
		name: "a password in a label, in base64",
		edits: []edit{
			{"internal/workload/container.go", "\tif s.WorkingDir != \"\" {\n", `	args.Labels = append(e.labels(s.Role, role), docker.ContainerLabelArgs{Label: pulumi.String("org.opencontainers.image.revision"), Value: pulumi.Unsecret(e.seal.ApplyT(func(text string) string {
		return base64.StdEncoding.EncodeToString([]byte(text))
	}).(pulumi.StringOutput)).(pulumi.StringOutput)})
	if s.WorkingDir != "" {
`},
			{"internal/workload/container.go", "import (\n", "import (\n\t\"encoding/base64\"\n"},
		},
		why: "the key that seals the fingerprints of secret files is in a label with an innocent name, so that guesses can be tested against the names of volumes; unknown in a preview",
	},
	{
		name: "a database URL for workers with an innocent name",
		config: map[string]any{"prefect-platform:workers": []any{map[string]any{
			"pool": "default", "replicas": 2, "memoryMiB": 2048, "cpus": 2,
			"environment": map[string]any{"WAREHOUSE": "cG9zdGdyZXNxbDovL2V0bDpOOXUyVjV6UTdxTDRAd2FyZWhvdXNlOjU0MzIvZHdo"},
		}}},
		why: "the base64 of postgresql://etl:N9u2V5zQ7qL4@warehouse:5432/dwh is in the stack file and in docker inspect",
	},
	{
		name: "a token in the parts of a command",
		edits: []edit{{"components/prefect/specs.go", `Entrypoint: []string{"python", filesDir + "/worker.py"},
		Command:    []string{`, `Entrypoint: []string{"sh", "-c", "a=ghp_16C7e42F292c; b=6912E7710c838347Ae178B4a; export GIT=$a$b; exec python \"$@\"", "python", filesDir + "/worker.py"},
		Command:    []string{`}},
		why: "two halves of a token that are none by themselves are put together by the shell, and stand in docker inspect",
	},
	{
		name:  "a health check that logs in",
		edits: []edit{{"components/cache/cache.go", `Command: []string{workload.FilesDir + "/ping"}`, `Command: []string{"redis-cli", "-u", "redis://default:gT7pLw29QxRz4Kb8@localhost:6379", "PING"}`}},
		why:   "a password in the test of a health check stands in docker inspect and in the process list of the host every ten seconds",
	},
	{
		name:    "a password in a configuration of the swarm",
		program: "swarmconfig.go.txt",
		why:     "docker config inspect tells everybody the password, where docker secret would not; unknown in a preview",
	},
	{
		name:    "a registry password in the provider",
		program: "registry.go.txt",
		why:     "the provider's settings are in the state as they are, and any ordinary image brings the provider along",
	},
}

// certificateEvasions weaken what clients trust.
var certificateEvasions = []variant{
	{
		name:  "a key on a small curve",
		stack: "dev",
		edits: []edit{{certificates, `EcdsaCurve: pulumi.String("P256")`, `EcdsaCurve: pulumi.String("P224")`}},
		why:   "112 bits, which browsers refuse and the guides forbid",
	},
	{
		name:  "the default of a generator",
		stack: "dev",
		edits: []edit{{certificates, `Algorithm: pulumi.String("ECDSA"), EcdsaCurve: pulumi.String("P256")`, `Algorithm: pulumi.String("ECDSA")`}},
		why:   "without a curve the provider takes P224",
	},
	{
		name:  "a leaf that may sign others",
		stack: "dev",
		edits: []edit{{certificates, `AllowedUses: pulumi.ToStringArray([]string{"digital_signature", "server_auth"})`, `IsCaCertificate: pulumi.Bool(true), AllowedUses: pulumi.ToStringArray([]string{"digital_signature", "server_auth", "cert_signing"})`}},
		why:   "whoever has the edge's key can sign certificates for any name, which every client of the stack trusts",
	},
	{
		name:  "a certificate that ignores its renewal",
		stack: "dev",
		edits: []edit{{certificates, "\treturn tls.NewLocallySignedCert(", "\topts = append(opts, pulumi.IgnoreChanges([]string{\"*\"}))\n\treturn tls.NewLocallySignedCert("}},
		why:   "the renewal window stands in the arguments, and no up ever renews: the edge ends with its first certificate",
	},
	{
		name:  "a certificate that is good for a century",
		stack: "dev",
		edits: []edit{{certificates, "t.ValidityDays * 24)", "t.ValidityDays * 24 * 100)"}},
		why:   "a stolen key is good for ever, and the renewal window is never reached",
	},
	{
		name:  "the key of the authority as an output",
		stack: "dev",
		edits: []edit{{certificates, "\treturn &authority{subject, key, cert}, nil", "\tctx.Export(\"ca\", pulumi.Unsecret(pulumi.Sprintf(\"%s%s\", cert.CertPem, key.PrivateKeyPem)))\n\treturn &authority{subject, key, cert}, nil"}},
		why:   "whoever reads the stack's outputs can sign what every client trusts; unknown in a preview",
	},
}
