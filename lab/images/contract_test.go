//go:build lab

package images

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	postgresImage = "postgres:18.6"
	redisImage    = "redis:8.0.6"
	nginxImage    = "nginxinc/nginx-unprivileged:1.30.6"
	prefectImage  = "prefecthq/prefect:3.8.8-python3.13"
	resticImage   = "restic/restic:0.19.1"
	legoImage     = "goacme/lego:v4.35.2"

	prometheusImage       = "prom/prometheus:v3.13.5"
	alertmanagerImage     = "prom/alertmanager:v0.33.1"
	postgresExporterImage = "prometheuscommunity/postgres-exporter:v0.19.1"
	nodeExporterImage     = "prom/node-exporter:v1.12.1"
	blackboxExporterImage = "prom/blackbox-exporter:v0.28.0"
	grafanaImage          = "grafana/grafana:12.4.12"
)

// contract is what the program relies on in one image, official or made by the lab.
type contract struct {
	image    string
	config   imageConfig
	paths    map[string]string // path -> owner, group and mode as stat prints them with "%u:%g %a"
	commands []string          // found on PATH

	// How the program runs it: read-only, without capabilities, as a user that is not root.
	run   []string
	ready []string      // succeeds inside once the service answers
	stop  time.Duration // a clean stop takes less
	exit  int
}

var contracts = []contract{
	{
		image: postgresImage,
		config: imageConfig{
			Entrypoint: []string{"docker-entrypoint.sh"}, Cmd: []string{"postgres"}, StopSignal: "SIGINT",
			Volumes: set("/var/lib/postgresql"), ExposedPorts: set("5432/tcp"),
			Env: []string{"PGDATA=/var/lib/postgresql/18/docker", "PG_MAJOR=18", "LANG=en_US.utf8"},
		},
		paths: map[string]string{
			"/var/lib/postgresql": "999:999 1777", "/run/postgresql": "999:999 3775", "/docker-entrypoint-initdb.d": "0:0 755",
			"/usr/lib/postgresql/18/bin/postgres": "0:0 755", "/usr/local/bin/docker-entrypoint.sh": "0:0 755",
		},
		commands: []string{"postgres", "initdb", "pg_ctl", "psql", "pg_isready", "pg_dump", "pg_dumpall", "pg_basebackup", "pg_receivewal", "pg_verifybackup", "pg_archivecleanup", "gosu", "bash", "sh"},
		run: []string{
			"--user", "999:999", "--tmpfs", "/run/postgresql:uid=999,gid=999,mode=3775", "--env", "POSTGRES_PASSWORD=x", postgresImage,
		},
		ready: []string{"pg_isready", "-q", "-h", "127.0.0.1"},
		stop:  10 * time.Second,
	},
	{
		image: redisImage,
		config: imageConfig{
			Entrypoint: []string{"docker-entrypoint.sh"}, Cmd: []string{"redis-server"}, WorkingDir: "/data",
			Volumes: set("/data"), ExposedPorts: set("6379/tcp"),
		},
		paths:    map[string]string{"/data": "999:999 755", "/usr/local/bin/docker-entrypoint.sh": "0:0 755"},
		commands: []string{"redis-server", "redis-cli", "sh"},
		run:      []string{"--user", "999:999", redisImage, "--requirepass", "x", "--appendonly", "yes"},
		ready:    []string{"redis-cli", "-e", "-a", "x", "ping"},
		stop:     5 * time.Second,
	},
	{
		image: nginxImage,
		config: imageConfig{
			Entrypoint: []string{"/docker-entrypoint.sh"}, Cmd: []string{"nginx", "-g", "daemon off;"}, User: "101",
			StopSignal: "SIGQUIT", ExposedPorts: set("8080/tcp"), Env: []string{"NGINX_VERSION=1.30.6"},
		},
		paths: map[string]string{
			"/etc/nginx": "101:0 775", "/etc/nginx/conf.d": "101:0 775", "/etc/nginx/nginx.conf": "101:0 664", "/var/cache/nginx": "101:0 775",
			"/docker-entrypoint.sh": "0:0 755", "/docker-entrypoint.d": "0:0 755",
		},
		commands: []string{"nginx", "curl", "openssl", "sh"},
		run:      []string{"--user", "101:0", nginxImage},
		ready:    []string{"curl", "--silent", "--fail", "--output", "/dev/null", "http://127.0.0.1:8080/"},
		stop:     5 * time.Second,
	},
	{
		image:    resticImage,
		config:   imageConfig{Entrypoint: []string{"/usr/bin/restic"}},
		paths:    map[string]string{"/usr/bin/restic": "0:0 755", "/var/tmp": "0:0 1777"},
		commands: []string{"restic", "ssh", "sh", "cp", "date", "touch"},
		run:      []string{"--user", "65534:65534", "--entrypoint", "sleep", resticImage, "600"},
		ready:    []string{"restic", "version"},
		stop:     5 * time.Second,
		exit:     128 + 15, // of sleep
	},
	{
		image: prefectImage,
		config: imageConfig{
			Entrypoint: []string{"/usr/bin/tini", "-g", "--", "/opt/prefect/entrypoint.sh"}, WorkingDir: "/opt/prefect",
			Env: []string{"LANG=C.UTF-8", "LC_ALL=C.UTF-8", "PYTHONUNBUFFERED=1"},
		},
		paths:    map[string]string{"/opt/prefect": "0:0 755", "/opt/prefect/entrypoint.sh": "0:0 755", "/usr/bin/tini": "0:0 755"},
		commands: []string{"prefect", "python", "python3", "uv", "git", "bash", "sh"},
		run: []string{
			"--user", "1001:0", "--env", "HOME=/tmp", "--env", "PREFECT_UI_STATIC_DIRECTORY=/tmp/ui", "--env", "PREFECT_SERVER_ANALYTICS_ENABLED=false",
			prefectImage, "prefect", "server", "start", "--host", "0.0.0.0",
		},
		ready: []string{"python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:4200/api/health', timeout=2)"},
		stop:  20 * time.Second,
		exit:  128 + 15, // the server stops in order, then ends by the signal itself
	},
	{
		image: prometheusImage,
		config: imageConfig{
			Entrypoint: []string{"/bin/prometheus"}, Cmd: []string{"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"},
			User: "nobody", WorkingDir: "/prometheus", Volumes: set("/prometheus"), ExposedPorts: set("9090/tcp"),
		},
		paths: map[string]string{
			"/prometheus": "65534:65534 775", "/etc/prometheus": "65534:65534 755", "/etc/prometheus/prometheus.yml": "65534:65534 644",
			"/bin/prometheus": "0:0 755", "/bin/promtool": "0:0 755",
		},
		commands: []string{"prometheus", "promtool", "wget", "sh"},
		run:      []string{"--user", "65534:65534", prometheusImage},
		ready:    []string{"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9090/-/ready"},
		stop:     5 * time.Second,
	},
	{
		image: alertmanagerImage,
		config: imageConfig{
			Entrypoint: []string{"/bin/alertmanager"}, Cmd: []string{"--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"},
			User: "nobody", WorkingDir: "/alertmanager", Volumes: set("/alertmanager"), ExposedPorts: set("9093/tcp"),
		},
		paths: map[string]string{
			"/alertmanager": "65534:65534 775", "/etc/alertmanager": "65534:65534 755", "/etc/alertmanager/alertmanager.yml": "65534:65534 644",
			"/bin/alertmanager": "0:0 755", "/bin/amtool": "0:0 755",
		},
		commands: []string{"alertmanager", "amtool", "wget", "sh"},
		run: []string{
			"--user", "65534:65534", alertmanagerImage, "--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager", "--cluster.listen-address=",
		},
		ready: []string{"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9093/-/ready"},
		stop:  5 * time.Second,
	},
	{
		image:    postgresExporterImage,
		config:   imageConfig{Entrypoint: []string{"/bin/postgres_exporter"}, User: "nobody", ExposedPorts: set("9187/tcp")},
		paths:    map[string]string{"/bin/postgres_exporter": "0:0 755"},
		commands: []string{"postgres_exporter", "wget", "sh"},
		run:      []string{"--user", "65534:65534", "--env", "DATA_SOURCE_URI=127.0.0.1:1/x?sslmode=disable", "--env", "DATA_SOURCE_USER=x", "--env", "DATA_SOURCE_PASS=x", postgresExporterImage},
		ready:    []string{"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9187/"},
		stop:     5 * time.Second,
		exit:     128 + 15, // it has no way of its own to end
	},
	{
		image:    nodeExporterImage,
		config:   imageConfig{Entrypoint: []string{"/bin/node_exporter"}, User: "nobody", ExposedPorts: set("9100/tcp")},
		paths:    map[string]string{"/bin/node_exporter": "0:0 755"},
		commands: []string{"node_exporter", "wget", "sh"},
		run:      []string{"--user", "65534:65534", nodeExporterImage},
		ready:    []string{"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9100/metrics"},
		stop:     5 * time.Second,
		exit:     128 + 15, // it has no way of its own to end
	},
	{
		image: blackboxExporterImage,
		config: imageConfig{
			Entrypoint: []string{"/bin/blackbox_exporter"}, Cmd: []string{"--config.file=/etc/blackbox_exporter/config.yml"}, ExposedPorts: set("9115/tcp"),
		},
		paths:    map[string]string{"/bin/blackbox_exporter": "0:0 755", "/etc/blackbox_exporter/config.yml": "0:0 644"},
		commands: []string{"blackbox_exporter", "wget", "sh"},
		run:      []string{"--user", "65534:65534", blackboxExporterImage},
		ready:    []string{"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9115/-/healthy"},
		stop:     5 * time.Second,
	},
	{
		image:    legoImage,
		config:   imageConfig{Entrypoint: []string{"/lego"}, ExposedPorts: set("80/tcp")},
		paths:    map[string]string{"/lego": "0:0 755"},
		commands: []string{"sh", "sed", "sha256sum", "timeout", "find"},
		// The program calls it from a script that goes on.
		run:   []string{"--user", "65534:0", "--entrypoint", "sh", legoImage, "-c", "trap 'exit 0' TERM; while :; do sleep 5 & wait $!; done"},
		ready: []string{"/lego", "--version"},
		stop:  5 * time.Second,
	},
	{
		image: grafanaImage,
		config: imageConfig{
			Entrypoint: []string{"/run.sh"}, User: "472", WorkingDir: "/usr/share/grafana", ExposedPorts: set("3000/tcp"),
			Env: []string{
				"GF_PATHS_CONFIG=/etc/grafana/grafana.ini", "GF_PATHS_DATA=/var/lib/grafana", "GF_PATHS_HOME=/usr/share/grafana", "GF_PATHS_LOGS=/var/log/grafana",
				"GF_PATHS_PLUGINS=/var/lib/grafana/plugins", "GF_PATHS_PROVISIONING=/etc/grafana/provisioning",
			},
		},
		paths: map[string]string{
			"/run.sh": "0:0 755", "/var/lib/grafana": "472:0 777", "/var/log/grafana": "472:0 777",
			"/etc/grafana/provisioning/datasources": "472:0 777", "/etc/grafana/provisioning/dashboards": "472:0 777",
		},
		commands: []string{"grafana", "wget", "sh"},
		run:      []string{"--user", "472:0", "--tmpfs", "/var/lib/grafana:uid=472", grafanaImage},
		ready:    []string{"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/api/health"},
		stop:     10 * time.Second,
	},
}

func set(names ...string) map[string]struct{} {
	m := map[string]struct{}{}
	for _, name := range names {
		m[name] = struct{}{}
	}
	return m
}

func TestContracts_CoverEveryImage(t *testing.T) {
	for _, image := range All {
		if !slices.ContainsFunc(contracts, func(c contract) bool { return c.image == image.Name }) {
			t.Errorf("%s has no contract here", image.Name)
		}
	}
}

func TestImage_IsConfiguredLikeTheOfficialOne(t *testing.T) {
	for _, c := range contracts {
		t.Run(c.image, func(t *testing.T) {
			t.Parallel()
			sameConfig(t, configOf(t, c.image), c.config)
		})
	}
}

func sameConfig(t *testing.T, got, want imageConfig) {
	t.Helper()
	same(t, "entry point", got.Entrypoint, want.Entrypoint)
	same(t, "command", got.Cmd, want.Cmd)
	same(t, "user", []string{got.User}, []string{want.User})
	same(t, "working directory", []string{strings.TrimSuffix(got.WorkingDir, "/")}, []string{want.WorkingDir})
	same(t, "stop signal", []string{got.StopSignal}, []string{want.StopSignal})
	same(t, "volumes", slices.Sorted(maps.Keys(got.Volumes)), slices.Sorted(maps.Keys(want.Volumes)))
	same(t, "ports", slices.Sorted(maps.Keys(got.ExposedPorts)), slices.Sorted(maps.Keys(want.ExposedPorts)))
	for _, variable := range want.Env {
		if !slices.Contains(got.Env, variable) {
			t.Errorf("environment %v lacks %s", got.Env, variable)
		}
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s is %q, want %q", what, got, want)
	}
}

func TestImage_HasTheOfficialPathsAndCommands(t *testing.T) {
	for _, c := range contracts {
		t.Run(c.image, func(t *testing.T) {
			t.Parallel()
			for path, want := range c.paths {
				if got := oneShot(t, "--entrypoint", "stat", c.image, "-L", "-c", "%u:%g %a", path); got != want {
					t.Errorf("%s is %s, want %s", path, got, want)
				}
			}
			for _, command := range c.commands {
				if _, err := tryDocker("run", "--rm", "--entrypoint", "sh", c.image, "-c", "command -v "+command); err != nil {
					t.Errorf("%s is not on PATH", command)
				}
			}
		})
	}
}

func TestImage_RunsReadOnlyWithoutCapabilitiesAndStopsCleanly(t *testing.T) {
	for _, c := range contracts {
		t.Run(c.image, func(t *testing.T) {
			t.Parallel()
			hardened := []string{"--init", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"}
			service := start(t, nil, append(hardened, c.run...)...)
			service.await(c.ready...)
			if exit, took := service.stop(2 * c.stop); exit != c.exit || took > c.stop {
				t.Errorf("stopped with exit code %d in %s, want %d in less than %s", exit, took.Round(time.Millisecond), c.exit, c.stop)
			}
		})
	}
}
