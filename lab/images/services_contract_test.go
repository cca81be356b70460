//go:build lab

package images

import (
	"strings"
	"testing"
)

func TestRedis_RunsAsItsOwnUserWhenStartedAsRoot(t *testing.T) {
	c := start(t, nil, redisImage)
	c.await("redis-cli", "-e", "ping")
	if got := c.mustExec("stat", "-c", "%u:%g", "/proc/1"); got != "999:999" {
		t.Errorf("redis-server runs as %s", got)
	}
}

func TestRedis_KeepsItsDataOverARestart(t *testing.T) {
	c := start(t, nil, redisImage, "--appendonly", "yes")
	c.await("redis-cli", "-e", "ping")
	c.mustExec("redis-cli", "-e", "set", "key", "value")
	docker(t, "restart", c.id)
	c.await("redis-cli", "-e", "ping")
	if got := c.mustExec("redis-cli", "get", "key"); got != "value" {
		t.Errorf("got %q", got)
	}
}

func TestRedis_TakesAConfigurationFile(t *testing.T) {
	files := map[string]file{"/redis.conf": {"requirepass secret\nmaxmemory 64mb\n", 0o444}}
	c := start(t, files, redisImage, "/redis.conf", "--maxmemory-policy", "noeviction")
	c.await("redis-cli", "-e", "-a", "secret", "ping")
	got := c.mustExec("redis-cli", "--no-auth-warning", "-a", "secret", "config", "get", "maxmemory*")
	if !strings.Contains(got, "67108864") || !strings.Contains(got, "noeviction") {
		t.Errorf("settings are %q", got)
	}
}

func TestRedis_HasThePinnedVersion(t *testing.T) {
	if got := oneShot(t, redisImage, "redis-server", "--version"); !strings.Contains(got, "v=8.0.6") {
		t.Errorf("version is %q", got)
	}
}

func TestNginx_RunsExecutableStartFilesOnly(t *testing.T) {
	files := map[string]file{
		"/docker-entrypoint.d/50-source.envsh": {"export SOURCED=yes\n", 0o755},
		"/docker-entrypoint.d/60-run.sh":       {"#!/bin/sh\necho \"$SOURCED\" > /tmp/ran\n", 0o755},
		"/docker-entrypoint.d/70-no.sh":        {"#!/bin/sh\necho ran > /tmp/never\n", 0o644},
	}
	c := start(t, files, nginxImage)
	c.await("curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8080/")
	c.mustExec("sh", "-c", "grep -qx yes /tmp/ran && test ! -e /tmp/never")
}

func TestNginx_LogsToTheContainersStreams(t *testing.T) {
	c := start(t, nil, nginxImage)
	c.await("curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8080/")
	c.mustExec("curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8080/find-me-in-the-log")
	if !strings.Contains(c.logs(), "GET /find-me-in-the-log") {
		t.Error("the access log does not reach the container's log")
	}
}

func TestNginx_KeepsItsProcessIDInTmpAndReloads(t *testing.T) {
	c := start(t, nil, nginxImage)
	c.await("curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8080/")
	if got := c.mustExec("cat", "/tmp/nginx.pid"); got != "1" {
		t.Errorf("process id is %q", got)
	}
	c.mustExec("sh", "-c", "nginx -t && nginx -s reload")
	c.await("curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8080/")
}

func TestNginx_HasThePinnedVersionAndTheModulesThatTheEdgeNeeds(t *testing.T) {
	got := oneShot(t, nginxImage, "nginx", "-V")
	for _, want := range []string{
		"nginx/1.30.6", "--with-http_ssl_module", "--with-http_v2_module", "--with-http_realip_module",
		"--with-http_auth_request_module", "--with-http_stub_status_module", "--with-http_gzip_static_module", "--with-threads",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("nginx -V lacks %s: %s", want, got)
		}
	}
}

func TestPrefect_HasThePinnedVersions(t *testing.T) {
	got := oneShot(t, prefectImage, "python", "-c", "import sys, prefect, prefect_redis; print(prefect.__version__, *sys.version_info[:2])")
	if got != "3.8.8 3 13" {
		t.Errorf("versions are %q, want 3.8.8 3 13", got)
	}
	if got := oneShot(t, prefectImage, "sh", "-c", "command -v python; command -v python3"); got != "/usr/local/bin/python\n/usr/local/bin/python3" {
		t.Errorf("python is %q", got)
	}
}

func TestPrefect_HasNoDownloadTools(t *testing.T) {
	if got, err := tryDocker("run", "--rm", prefectImage, "sh", "-c", "command -v curl wget"); err == nil {
		t.Errorf("found %s: a health check must not come to rely on it", got)
	}
}

func TestPrefect_StartsALoginShellWithoutACommand(t *testing.T) {
	c := start(t, nil, "--tty", prefectImage)
	c.await("sh", "-c", "grep -qz -- --login /proc/[0-9]*/cmdline")
}

func TestPrefect_ServesBothUserInterfaces(t *testing.T) {
	c := start(t, nil, "--user", "1001:0", "--env", "HOME=/tmp", "--env", "PREFECT_UI_STATIC_DIRECTORY=/tmp/ui", prefectImage, "prefect", "server", "start")
	c.await("python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:4200/api/health', timeout=2)")
	for _, path := range []string{"/", "/v2"} {
		page := c.mustExec("python", "-c", "import urllib.request as u; print(u.urlopen('http://127.0.0.1:4200"+path+"', timeout=10).read().decode())")
		if !strings.Contains(page, "<script") {
			t.Errorf("%s is not the user interface: %.200s", path, page)
		}
	}
}

func TestPrefect_SignalsEveryProcessOfTheContainer(t *testing.T) {
	c := start(t, nil, prefectImage, "bash", "-c", `bash -c 'trap "echo child stopped; exit" TERM; while :; do sleep 0.1; done' & trap "wait; exit 3" TERM; echo up; wait`)
	c.await("sh", "-c", "grep -qz trap /proc/[0-9]*/cmdline")
	exit, _ := c.stop(readyLimit)
	if exit != 3 || !strings.Contains(c.logs(), "child stopped") {
		t.Errorf("exit code %d, want 3 after the child's own stop", exit)
	}
}

func TestRestic_HasThePinnedVersion(t *testing.T) {
	if got := oneShot(t, resticImage, "version"); !strings.HasPrefix(got, "restic 0.19.1 ") {
		t.Errorf("version is %.60q", got)
	}
}

// ssh refuses a user without a name, so that the backup runs as one that both images know.
func TestRestic_KnowsTheUserThatTheDatabasesImageKnows(t *testing.T) {
	for _, image := range []string{resticImage, postgresImage} {
		if got := oneShot(t, "--user", "65534:65534", "--entrypoint", "id", image, "-un"); got != "nobody" {
			t.Errorf("%s calls it %q", image, got)
		}
	}
}

func TestRestic_TellsByItsExitCodeWhatIsWrongWithARepository(t *testing.T) {
	for script, want := range map[string]string{
		"cat config": "10", // there is none
		"init":       "0",
		"init --quiet && RESTIC_PASSWORD=other restic cat config": "12",
	} {
		got := oneShot(t, "--user", "65534:65534", "--env", "RESTIC_REPOSITORY=/tmp/r", "--env", "RESTIC_PASSWORD=x", "--entrypoint", "sh", resticImage,
			"-c", "restic --no-cache "+script+" >/dev/null 2>&1; echo $?")
		if got != want {
			t.Errorf("%s: exit code %s, want %s", script, got, want)
		}
	}
}

func TestLego_HasThePinnedVersionAndWhatTheScriptAroundItNeeds(t *testing.T) {
	if got := oneShot(t, legoImage, "--version"); !strings.HasPrefix(got, "lego version 4.35.2 ") {
		t.Errorf("version is %.60q", got)
	}
	got := oneShot(t, "--user", "65534:0", "--entrypoint", "sh", legoImage, "-c", `
		for each in cat chmod cp cut date env find grep ln mkdir mv rm sed sha256sum sleep sort timeout touch; do command -v $each >/dev/null || echo "no $each"; done
		cd /tmp && mkdir a b && ln -sfn a current && ln -sfn b current.new && mv -T current.new current && readlink current
		touch new && find new -mmin -360 && date -u -d "2026-11-28 02:00:00" +%s && date -d @1795831200 +%s`)
	if want := "b\nnew\n1795831200\n1795831200"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
