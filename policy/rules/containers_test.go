package rules

import (
	"slices"
	"strings"

	"prefect-platform/internal/tokens"
)

// on is a change of a container of the real stack.
func on(resource, name string, change func(*Resource), found string) fixture {
	return fixture{name: name, of: tokens.Container, resource: resource, change: change, found: found}
}

// unknownOf are cases of single properties of a container that only an `up` knows.
func unknownOf(resource string, names ...string) []fixture {
	var all []fixture
	for _, name := range names {
		all = append(all, on(resource, name+" is unknown", unknownProperty(name), ""))
	}
	return all
}

const (
	theAPI    = "prefect-api-0"
	theDB     = "database-server"
	theCache  = "cache-server"
	theEdge   = "proxy-nginx"
	theHolder = "prefect-api-files"
	theJob    = "prefect-migrate"
)

// ofAllThatRun are the rules that a container without any setting breaks as soon as it runs, but for one of them.
func ofAllThatRun(butFor string) []string {
	return slices.DeleteFunc([]string{
		"containers-user", "containers-capabilities", "containers-no-new-privileges", "containers-memory", "containers-cpu", "containers-read-only", "containers-restart",
		"containers-health", "containers-grace",
	}, func(id string) bool { return id == butFor })
}

// alien is a resource that a colleague adds beside the components.
func alien(token, name string, properties map[string]any) Resource {
	return Resource{Type: token, Name: name, URN: "urn:pulumi:dev::prefect-platform::" + token + "::" + name, Properties: plainValue(properties).AsMap()}
}

var digest = "@sha256:" + strings.Repeat("a", 64)

var _ = prove("containers-type", proof{
	fails: []fixture{
		{name: "a swarm service", add: []Resource{alien("docker:index/service:Service", "db", nil)}, found: "docker:index/service:Service"},
		{name: "an image that is pushed", add: []Resource{alien("docker:index/registryImage:RegistryImage", "i", nil)}},
		{name: "a plugin of the engine", add: []Resource{alien("docker:index/plugin:Plugin", "p", nil)}},
		{name: "a command", add: []Resource{alien("command:local:Command", "c", map[string]any{"create": "docker run -p 5432:5432 postgres"})}},
		{name: "a pod", add: []Resource{alien("kubernetes:core/v1:Pod", "p", nil)}},
		{name: "a dynamic resource", add: []Resource{alien("pulumi-python:dynamic:Resource", "d", nil)}},
		{name: "a provider of another kind", add: []Resource{alien("pulumi:providers:command", "c", nil)}},
		{name: "a short spelling", add: []Resource{alien("docker:Container", "c", nil)}},
	},
	neverUnknown: "the type of a resource is always known",
})

var _ = prove("containers-setting", proof{
	fails: []fixture{
		on(theAPI, "another address for postgres", added("hosts", map[string]any{"host": "postgres", "ip": "203.0.113.1"}), "hosts"),
		on(theAPI, "kernel settings", putField("sysctls", "net.ipv4.ip_forward", "1"), "sysctls"),
		on(theAPI, "a control group", put("cgroupParent", "/docker"), "cgroupParent"),
		on(theAPI, "a runtime", put("runtime", "runc-debug"), "runtime"),
		on(theAPI, "another server of names", added("dns", "203.0.113.1"), "dns"),
		on(theAPI, "a property of a provider to come", put("cgroupNamespace", "host"), "cgroupNamespace"),
		on(theHolder, "a container that never starts too", put("runtime", "x"), "runtime"),
		on(theEdge, "processes without limit", added("ulimits", map[string]any{"name": "nproc", "soft": -1, "hard": -1}), "ulimits"),
		on(theEdge, "files without limit", putIn("ulimits", 0, "hard", -1), "ulimits[0]"),
	},
	unknown: unknownOf(theAPI, "hosts", "sysctls"),
})

var _ = prove("containers-image-exact", proof{
	fails: []fixture{
		on(theCache, "what is latest", put("image", "redis"), "may be another image tomorrow"),
		on(theCache, "a moving tag", put("image", "redis:8"+""), `"redis:8"`),
		on(theAPI, "an ID", put("image", "sha256:"+strings.Repeat("a", 64)), "does not tell what is in it"),
		on(theAPI, "no reference", put("image", "Prefect Image"), "does not tell"),
		on(theAPI, "nothing", without("image"), "names no image"),
		{name: "a RemoteImage that moves", add: []Resource{alien(tokens.Image, "r", map[string]any{"name": "mirror.corp.net/hub/redis:latest"})}},
	},
	unknown: unknownOf(theAPI, "image"),
})

var _ = prove("containers-image-known", proof{
	fails: []fixture{
		on(theAPI, "an image of nobody", put("image", "quay.io/someone/flows:1.2.3"+digest), "someone/flows"),
		{name: "a RemoteImage", add: []Resource{alien(tokens.Image, "r", map[string]any{"name": "docker:28.0.1" + digest})}, found: "docker:28.0.1"},
	},
	unknown: unknownOf(theAPI, "image"),
})

var _ = prove("containers-image-floor", proof{
	fails: []fixture{
		on(theEdge, "an old nginx", put("image", "nginxinc/nginx-unprivileged:1.30.3"+digest), "CVE-2026-42533"),
		on(theEdge, "an old mainline", put("image", "nginx:1.31.2-alpine"+digest), "CVE-2026-42533"),
		on(theCache, "an old redis behind a mirror", put("image", "mirror.corp.net/hub/redis:8.0.3"+digest), "CVE-2025-49844"),
		on(theDB, "an old minor", put("image", "postgres:18.3"+digest), "CVE-2026-6473"),
		on("database-roles", "a major without updates", put("image", "registry:5000/library/postgres:14.30"+digest), "14.30"),
		on(theAPI, "an old Prefect", put("image", "mirror.corp.net/prefecthq/prefect:3.6.21-python3.13"+digest), "CVE-2026-7722"),
		on(theAPI, "Prefect 2", put("image", "prefecthq/prefect:2.20.25-python3.12"+digest), "2.20.25"),
		on(theAPI, "an old Grafana", put("image", "grafana/grafana:12.4.1"+digest), "CVE-2026-27876"),
		on(theAPI, "an old Prometheus", put("image", "prom/prometheus:v3.5.3"+digest), "a redirect"),
		on(theAPI, "a release candidate", put("image", "prefecthq/prefect:3.9.0-rc1"+digest), "3.9.0-rc1"),
		on(theHolder, "a digest alone", put("image", "prefecthq/prefect"+digest), "version nobody can tell"),
		{
			name: "an override under another name", stack: "dev", of: tokens.Container, resource: theCache, change: put("image", "mirror.corp.net/cache:8.0.3"),
			facts: configured("images", `{"override": {"redis": "mirror.corp.net/cache:8.0.3"}}`), found: "CVE-2025-49844",
		},
	},
	unknown: unknownOf(theEdge, "image"),
})

var _ = prove("containers-image-digest", proof{
	fails: []fixture{
		on(theCache, "another release than the pinned one", put("image", "redis:8.2.3"), "redis:8.2.3"),
		{
			name: "a team's image by tag", of: tokens.Container, resource: "prefect-worker-default-0", change: put("image", "registry.corp.net/flows:1.4.2"),
			facts: configured("workers", `[{"pool": "default", "image": "registry.corp.net/flows:1.4.2"}]`), found: "flows:1.4.2",
		},
	},
	unknown: unknownOf(theCache, "image"),
})

var _ = prove("containers-image-pulled", proof{
	fails: []fixture{
		{name: "a build", add: []Resource{alien(tokens.Image, "b", map[string]any{"name": "redis:8.0.6", "build": map[string]any{"context": "."}})}, found: "build"},
	},
	unknown: []fixture{{name: "an unknown build", add: []Resource{alien(tokens.Image, "b", map[string]any{"name": "redis:8.0.6", "build": computed})}}},
})

var _ = prove("containers-user", proof{
	fails: []fixture{
		on(theAPI, "root", put("user", "root"), `"root"`), on(theAPI, "0", put("user", "0"), `"0"`), on(theAPI, "0:0", put("user", "0:0"), `"0:0"`),
		on(theAPI, "00", put("user", "00"), `"00"`), on(theAPI, "+0", put("user", "+0"), `"+0"`), on(theAPI, "0 of a group", put("user", "0:1001"), `"0:1001"`),
		on(theAPI, "root of a group", put("user", "root:1001"), "root:1001"), on(theAPI, "empty", put("user", ""), `""`), on(theAPI, "unset", without("user"), "not set"),
		on(theAPI, "a name", put("user", "prefect"), `"prefect"`), on(theAPI, "a number that wraps around", put("user", "4294967296"), "4294967296"),
		on(theAPI, "a space", put("user", " 0"), `" 0"`), on(theJob, "a one-shot", put("user", "0"), `"0"`), on(theAPI, "a number instead of a text", put("user", 0), "cannot be judged"),
		on(theAPI, "the group of the engine's socket", added("groupAdds", "999"), `"999"`),
		{name: "a holder by its label that starts", of: tokens.Container, resource: theHolder, change: put("start", true), found: "not set", also: ofAllThatRun("containers-user")},
	},
	unknown: unknownOf(theAPI, "user"),
})

var _ = prove("containers-capabilities", proof{
	fails: []fixture{
		on(theAPI, "one added", putField("capabilities", "adds", []any{"NET_RAW"}), "NET_RAW"),
		on(theAPI, "all added", putField("capabilities", "adds", []any{"all"}), `"all"`),
		on(theAPI, "only one dropped", putField("capabilities", "drops", []any{"CHOWN"}), "no ALL"),
		on(theAPI, "none dropped", without("capabilities"), "no ALL"),
		on(theHolder, "one added to what never starts", putField("capabilities", "adds", []any{"SYS_ADMIN"}), "SYS_ADMIN"),
	},
	unknown: append(unknownOf(theAPI, "capabilities"), on(theAPI, "unknown drops", putField("capabilities", "drops", []any{computed}), "")),
})

var _ = prove("containers-privileged", proof{
	fails: []fixture{
		on(theAPI, "privileged", put("privileged", true), "5.5"), on(theAPI, "privileged as a text", put("privileged", "true"), "5.5"),
		on(theAPI, "privileged as another text", put("privileged", "1"), "5.5"), on(theHolder, "what never starts", put("privileged", true), "5.5"),
	},
	unknown: unknownOf(theAPI, "privileged"),
})

var _ = prove("containers-no-new-privileges", proof{
	fails: []fixture{
		on(theAPI, "missing", without("securityOpts"), "no no-new-privileges"), on(theAPI, "false", put("securityOpts", []any{"no-new-privileges=false"}), "=false"),
		on(theAPI, "false after true", put("securityOpts", []any{"no-new-privileges:true", "no-new-privileges:false"}), ":false"),
	},
	unknown: append(unknownOf(theAPI, "securityOpts"), on(theAPI, "an unknown option", put("securityOpts", []any{computed}), "")),
})

var _ = prove("containers-confinement", proof{
	fails: []fixture{
		on(theAPI, "seccomp", added("securityOpts", "seccomp=unconfined"), "seccomp"), on(theAPI, "seccomp in the old way", added("securityOpts", "seccomp:unconfined"), "seccomp"),
		on(theAPI, "a profile of one's own", added("securityOpts", `seccomp={"defaultAction":"SCMP_ACT_ALLOW"}`), "seccomp"),
		on(theAPI, "AppArmor", added("securityOpts", "apparmor=unconfined"), "apparmor"), on(theAPI, "SELinux", added("securityOpts", "label=disable"), "label"),
		on(theAPI, "system paths", added("securityOpts", "systempaths=unconfined"), "systempaths"),
	},
	unknown: unknownOf(theAPI, "securityOpts"),
})

var _ = prove("containers-host-directory", proof{
	fails: []fixture{
		on(theAPI, "a folder", added("volumes", map[string]any{"hostPath": "/etc", "containerPath": "/host"}), "hostPath"),
		on(theAPI, "the socket", added("volumes", map[string]any{"hostPath": "/var/run/docker.sock", "containerPath": "/s", "readOnly": true}), "hostPath"),
		on(theHolder, "what never starts", added("volumes", map[string]any{"hostPath": "/etc/cron.d", "containerPath": "/x"}), "hostPath"),
		on(theAPI, "a folder as a name", added("volumes", map[string]any{"volumeName": "/etc", "containerPath": "/host"}), `"/etc"`),
		on(theAPI, "another container's", added("volumes", map[string]any{"fromContainer": "x"}), "fromContainer"),
		on(theAPI, "a bind mount", added("mounts", map[string]any{"type": "bind", "source": "/", "target": "/host"}), `"bind"`),
		on(theAPI, "a mount of an odd type", added("mounts", map[string]any{"type": "Bind", "source": "/", "target": "/host"}), `"Bind"`),
		on(theAPI, "a driver of a mount", added("mounts", map[string]any{
			"type": "volume", "source": "prefect-dev-x", "target": "/host",
			"volumeOptions": map[string]any{"driverOptions": map[string]any{"o": "bind"}},
		}), "driverOptions"),
		{name: "a volume that is a folder", of: tokens.Volume, resource: "flow-logs", change: putField("driverOpts", "o", "bind"), found: "driverOpts"},
		{name: "a volume of another driver", of: tokens.Volume, resource: "flow-logs", change: put("driver", "sshfs"), found: "sshfs"},
	},
	unknown: []fixture{
		on(theAPI, "an unknown path", added("volumes", map[string]any{"hostPath": computed, "containerPath": "/x"}), ""),
		on(theAPI, "unknown volumes", unknownProperty("volumes"), ""),
		{name: "unknown options", of: tokens.Volume, resource: "flow-logs", change: unknownProperty("driverOpts")},
	},
})

var _ = prove("containers-volume-own", proof{
	fails: []fixture{
		on(theAPI, "another stack's data", added("volumes", map[string]any{"volumeName": "prefect-other-postgres-18", "containerPath": "/x"}), "prefect-other"),
		on(theHolder, "a volume of nobody", added("volumes", map[string]any{"volumeName": "data", "containerPath": "/x"}), `"data"`),
		on(theAPI, "a mount", added("mounts", map[string]any{"type": "volume", "source": "data", "target": "/x"}), `"data"`),
	},
	unknown: []fixture{on(theAPI, "an unknown name", added("volumes", map[string]any{"volumeName": computed, "containerPath": "/x"}), "")},
})

var _ = prove("containers-device", proof{
	fails: []fixture{
		on(theAPI, "a disk", added("devices", map[string]any{"hostPath": "/dev/sda"}), "devices"), on(theAPI, "graphics", put("gpus", "all"), "gpus"),
		on(theHolder, "what never starts", added("devices", map[string]any{"hostPath": "/dev/sda"}), "devices"),
	},
	unknown: unknownOf(theAPI, "devices", "gpus"),
})

var _ = prove("containers-namespace", proof{
	fails: []fixture{
		on(theAPI, "the host's processes", put("pidMode", "host"), "5.16"), on(theAPI, "another's processes", put("pidMode", "container:x"), "5.16"),
		on(theAPI, "the host's memory", put("ipcMode", "host"), "5.17"), on(theAPI, "shared memory", put("ipcMode", "shareable"), "5.17"),
		on(theAPI, "the host's users", put("usernsMode", "host"), "5.31"), on(theAPI, "the host's groups", put("cgroupnsMode", "host"), "5.25"),
	},
	unknown: unknownOf(theAPI, "pidMode", "ipcMode", "usernsMode", "cgroupnsMode"),
})

var _ = prove("containers-network-mode", proof{
	fails: []fixture{
		on(theAPI, "the host's", put("networkMode", "host"), "5.10"), on(theAPI, "another's", put("networkMode", "container:x"), "5.10"),
		on(theAPI, "one of the stack by its name", put("networkMode", "prefect-dev-db"), "prefect-dev-db"), on(theAPI, "default", put("networkMode", "default"), "default"),
		on(theAPI, "the default bridge", without("networksAdvanced"), "5.30"), on(theHolder, "what never starts", put("networkMode", "host"), "5.10"),
		on("database-roles", "nothing said", without("networkMode"), "5.30"),
	},
	unknown: unknownOf(theAPI, "networkMode", "networksAdvanced"),
})

var _ = prove("containers-memory", proof{
	fails: []fixture{
		on(theAPI, "none", without("memory"), "5.11"), on(theAPI, "zero", several(put("memory", 0), put("memorySwap", 0)), "5.11"), on(theAPI, "swap", put("memorySwap", -1), "memorySwap"),
		on(theAPI, "no word of swap", without("memorySwap"), "memorySwap"), on(theAPI, "too much", several(put("memory", 1<<30), put("memorySwap", 1<<30)), "5.11"),
		on(theAPI, "a text", several(put("memory", "lots")), "cannot be judged"), on(theJob, "a one-shot", without("memory"), "5.11"),
	},
	unknown: unknownOf(theAPI, "memory", "memorySwap"),
})

var _ = prove("containers-cpu", proof{
	fails: []fixture{
		on(theAPI, "none", without("cpus"), "5.12"), on(theAPI, "zero", put("cpus", "0"), "5.12"), on(theAPI, "too many", put("cpus", "1e9"), "5.12"), on(theAPI, "no number", put("cpus", "NaN"), "5.12"),
	},
	unknown: unknownOf(theAPI, "cpus"),
})

var _ = prove("containers-read-only", proof{
	fails: []fixture{
		on(theAPI, "false", put("readOnly", false), "5.13"), on(theAPI, "missing", without("readOnly"), "5.13"), on(theAPI, "false as a text", put("readOnly", "false"), "5.13"),
		on(theAPI, "a root in memory", putField("tmpfs", "/", "mode=1777"), "tmpfs"),
	},
	unknown: unknownOf(theAPI, "readOnly"),
})

// sent is a log that the collector gets, but for one option.
func sent(option string, value any) func(*Resource) {
	options := map[string]any{"syslog-address": "udp://10.213.5.254:5514", "syslog-format": "rfc5424micro", "tag": "api/{{.Name}}", "cache-disabled": "false", "cache-max-size": "10m", "cache-max-file": "5"}
	options[option] = value
	return several(put("logDriver", "syslog"), put("logOpts", options))
}

var _ = prove("containers-logs", proof{
	fails: []fixture{
		on(theAPI, "the engine's default", without("logDriver"), "logDriver"), on(theAPI, "none", put("logDriver", "none"), `"none"`),
		on(theAPI, "no limits", without("logOpts"), "max-size"), on(theAPI, "no limit of size", put("logOpts", map[string]any{"max-file": "5"}), "max-size"),
		on(theAPI, "unlimited", put("logOpts", map[string]any{"max-size": "-1", "max-file": "5"}), "-1"), on(theAPI, "too much", put("logOpts", map[string]any{"max-size": "900g", "max-file": "5"}), "900g"),
		on(theAPI, "sent to somebody", sent("syslog-address", "udp://192.0.2.1:5514"), "syslog"), on(theAPI, "sent to a name", sent("syslog-address", "udp://log-collector:5514"), "syslog"),
		on(theAPI, "sent in a way that may hold it up", sent("syslog-address", "tcp://10.213.5.254:5514"), "syslog"), on(theAPI, "sent and not kept", sent("cache-disabled", "true"), "syslog"),
		on(theAPI, "sent with more than the line", sent("labels", "com.example.secret"), "syslog"), on(theAPI, "sent and kept without an end", sent("cache-max-size", "-1"), "cache-max-size"),
		on(theAPI, "sent to nobody", sent("syslog-address", ""), "syslog"),
	},
	unknown: append(unknownOf(theAPI, "logDriver", "logOpts"), on(theAPI, "an unknown size", putField("logOpts", "max-size", computed), ""),
		on(theAPI, "an unknown size beside the collector", sent("cache-max-size", computed), "")),
})

var _ = prove("containers-restart", proof{
	fails: []fixture{
		on(theAPI, "never", put("restart", "no"), `"no"`), on(theAPI, "unset", without("restart"), `""`), on(theAPI, "sometimes", put("restart", "on-failure"), "on-failure"),
		on(theJob, "a one-shot again and again", put("restart", "always"), "runs once"),
		{name: "a holder that the engine starts", of: tokens.Container, resource: theHolder, change: put("restart", "always"), found: "always", also: ofAllThatRun("containers-restart")},
	},
	unknown: unknownOf(theAPI, "restart"),
})

var _ = prove("containers-health", proof{
	fails: []fixture{
		on(theAPI, "none", without("healthcheck"), "no health check"), on(theAPI, "NONE", putField("healthcheck", "tests", []any{"NONE"}), "no health check"),
		on(theAPI, "none in small letters", putField("healthcheck", "tests", []any{"none"}), "no health check"), on(theAPI, "empty", putField("healthcheck", "tests", []any{}), "no health check"),
		on(theAPI, "one that does nothing", putField("healthcheck", "tests", []any{"CMD", "curl", "-f", "localhost:4200", "-s"}), "nothing happens"),
		on(theAPI, "that of Loki", putField("healthcheck", "tests", []any{"CMD", "/usr/bin/loki", "-health"}), "nothing happens"),
		on(theAPI, "one that is always healthy", putField("healthcheck", "tests", []any{"CMD", "/etc/platform/health", "3", "5", "/bin/true"}), "whatever happens"),
		on(theAPI, "too patient", putField("healthcheck", "interval", "1h0m0s"), "interval"), on(theAPI, "no duration", putField("healthcheck", "timeout", "soon"), "timeout"),
		on(theAPI, "too many tries", putField("healthcheck", "retries", 1000), "retries"), on(theAPI, "nobody waits", put("wait", false), "wait"), on(theAPI, "no word of waiting", without("wait"), "wait"),
	},
	unknown: append(unknownOf(theAPI, "healthcheck", "wait"), on(theAPI, "unknown tests", putField("healthcheck", "tests", computed), "")),
})

var _ = prove("containers-grace", proof{
	fails: []fixture{
		on(theAPI, "none", without("destroyGraceSeconds"), "destroyGraceSeconds is 0"), on(theAPI, "only one", without("stopTimeout"), "stopTimeout is 0"),
		on(theDB, "too short for a database", several(put("destroyGraceSeconds", 30), put("stopTimeout", 30)), "30"),
		on(theAPI, "different ones", put("stopTimeout", 5), "stopTimeout is 5"), on(theAPI, "a signal that kills", put("stopSignal", "sigkill"), "sigkill"),
	},
	unknown: unknownOf(theAPI, "destroyGraceSeconds", "stopTimeout"),
})
