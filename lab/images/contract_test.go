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
		commands: []string{"postgres", "initdb", "pg_ctl", "psql", "pg_isready", "pg_dump", "pg_basebackup", "gosu", "bash", "sh"},
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
			got, want := configOf(t, c.image), c.config
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
		})
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
