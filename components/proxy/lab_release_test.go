//go:build lab

package proxy

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"prefect-platform/internal/nginxconf"
	"prefect-platform/internal/workload"
)

func (e *labEdge) mustInstall(t *testing.T) string {
	t.Helper()
	log, err := e.install()
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	return log
}

func (e *labEdge) inside(t *testing.T, command string) string {
	t.Helper()
	return docker(t, "exec", e.container, "sh", "-c", command)
}

func TestInstall_TakesAnotherConfigurationInPlaceWithoutAFailedRequest(t *testing.T) {
	t.Parallel()
	e := startEdge(t, unlimited)
	load := e.load(t, 20*time.Millisecond)
	for _, size := range []int{1, 2, 1, 3} {
		e.args.Edge.MaxBodyMiB = size
		e.mustInstall(t)
		if conf := e.inside(t, "cat /srv/edge/current/nginx.conf"); !strings.Contains(conf, fmt.Sprintf("client_max_body_size %dm;", size)) {
			t.Errorf("the release has not the size %d", size)
		}
		if got := e.post(t, size<<20+1); got != 413 {
			t.Errorf("a body larger than %d MiB right after the installation: %d", size, got)
		}
	}
	load.stop(t)
	if n := e.inside(t, "ls /srv/edge/releases | wc -l"); n != "3" {
		t.Errorf("%s releases are kept", n)
	}
}

func TestInstall_ReplacesCertificateAndPasswordWithoutCuttingWebSockets(t *testing.T) {
	t.Parallel()
	e := startEdge(t, func(a *Args) { a.Credential.IdleValid = false })
	workers := func() string { return e.inside(t, "pid=$(cat /tmp/nginx.pid) && cat /proc/$pid/task/$pid/children") }
	before := workers()
	open, status := e.websocket(t, "/api/events/in")
	if status != 101 {
		t.Fatal(status)
	}

	e.renew(time.Now().Add(time.Hour), "localhost")
	e.mustInstall(t)
	await(t, 10*time.Second, "the new certificate", func() error {
		connection, err := e.dial("localhost") // trusts no other
		if err == nil {
			_ = connection.Close()
		}
		return err
	})

	e.args.Credential.A = slot("another")
	e.mustInstall(t)
	if got := e.ask("GET", "/", "Authorization: "+basic("prefect", "another")); got.status != 200 {
		t.Errorf("the new credential: %d", got.status)
	}
	if got := e.ask("GET", "/"); got.status != 401 {
		t.Errorf("the one before: %d", got.status)
	}
	if err := open.echoes("still there"); err != nil {
		t.Error(err)
	}
	if after := workers(); after != before {
		t.Errorf("nginx was reloaded: its processes were %s and are %s", before, after)
	}
}

func refusesWhatWouldNotWorkAndServesOn(t *testing.T, e *labEdge) {
	current := e.inside(t, "readlink /srv/edge/current")

	replace := func(name, old, new string) func(*labEdge, map[string]workload.File) {
		return func(_ *labEdge, files map[string]workload.File) {
			files[name] = workload.Text(strings.Replace(value(t, files[name].Content), old, new, 1))
		}
	}
	other := func(until time.Duration, host string, parts ...string) func(*labEdge, map[string]workload.File) {
		return func(e *labEdge, files map[string]workload.File) {
			e.renew(time.Now().Add(until), host)
			made := map[string]workload.File{nginxconf.Certificate: workload.SecretText(e.cert.chain), nginxconf.CertificateKey: workload.SecretText(e.cert.key)}
			for _, part := range parts {
				files[part] = made[part]
			}
		}
	}
	for name, each := range map[string]struct {
		spoil func(*labEdge, map[string]workload.File)
		says  string
	}{
		"a broken configuration":      {replace(nginxconf.Config, "gzip on;", "gzip on"), "invalid number of arguments"},
		"an unknown directive":        {replace(nginxconf.Config, "gzip on;", "gzipped on;"), `unknown directive "gzipped"`},
		"a broken map":                {replace(nginxconf.Authorization, "{", ";"), nginxconf.Authorization},
		"a key of another":            {other(time.Hour, "localhost", nginxconf.Certificate), "key values mismatch"},
		"a certificate that ended":    {other(-time.Hour, "localhost", nginxconf.Certificate, nginxconf.CertificateKey), "certificate has expired"},
		"a certificate of another":    {other(time.Hour, "other.example.com", nginxconf.Certificate, nginxconf.CertificateKey), "hostname mismatch"},
		"no certificate":              {replace(nginxconf.Certificate, "BEGIN", "begin"), "cannot load certificate"},
		"a password in clear text":    {replace(nginxconf.Passwords, "$5$rounds=1000$salt$", ""), "a password file has a line"},
		"a kept password of no shape": {replace(nginxconf.KeptPasswords, "prefect:", "prefect"), "a password file has a line"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := *e
			log, err := bad.install(func(files map[string]workload.File) { each.spoil(&bad, files) })
			if err == nil {
				t.Errorf("accepted:\n%s", log)
			}
			if !strings.Contains(log, each.says) {
				t.Errorf("the log does not say %q:\n%s", each.says, log)
			}
			if strings.Contains(log, "PRIVATE KEY") || strings.Contains(log, "$5$") {
				t.Errorf("the log shows a secret:\n%s", log)
			}
			if now := e.inside(t, "readlink /srv/edge/current"); now != current {
				t.Errorf("the current release is now %s", now)
			}
			if got := e.ask("GET", "/api/flows"); got.status != 200 {
				t.Errorf("%d", got.status)
			}
		})
	}
}

func TestInstall_GoesBackWhenTheRunningNginxDoesNotFollow(t *testing.T) {
	t.Parallel()
	e := startEdge(t)
	current := e.inside(t, "readlink /srv/edge/current")
	// The script that follows the link is stopped, as if it hung.
	e.inside(t, `for p in /proc/[0-9]*; do case $(tr "\0" " " <$p/cmdline) in "/bin/sh /etc/platform/edge"*) kill -STOP "${p#/proc/}";; esac; done`)

	e.args.Edge.MaxBodyMiB = 1
	log, err := e.install(func(files map[string]workload.File) { // which gives up after 3 seconds instead of 30
		files["install"] = workload.Script(strings.Replace(installScript, "-le 60 ]", "-le 6 ]", 1))
	})
	if err == nil || !strings.Contains(log, "has not taken the release") {
		t.Errorf("%v\n%s", err, log)
	}
	if now := e.inside(t, "readlink /srv/edge/current"); now != current {
		t.Errorf("the current release is now %s", now)
	}
}

func leavesSecretsToNginxAndRootsGroupOnly(t *testing.T, e *labEdge) {
	for line := range strings.Lines(e.inside(t, "find /srv/edge/current/ -type f -exec stat -c '%a %u:%g %n' {} +")) {
		if !strings.HasPrefix(line, "440 101:0 ") {
			t.Errorf("file %s", line)
		}
	}
	if mode := e.inside(t, "stat -c %a /srv/edge/releases"); mode != "750" {
		t.Errorf("the folder of the releases has mode %s", mode)
	}
	if out, err := tryDocker(nil, "exec", e.container, "sh", "-c", "touch /srv/edge/mine"); err == nil || !strings.Contains(out, "Read-only file system") {
		t.Errorf("nginx could change its own configuration: %v %s", err, out)
	}
}

func TestEdge_LogsJSONWithoutSecrets(t *testing.T) {
	t.Parallel()
	e := startEdge(t)
	e.ask("GET", "/api/flows?token=hush-hush")
	e.ask("GET", "/api/flows", "Authorization: "+basic("swapped-password", "prefect"), "Referer: https://localhost/?token=hush-hush", "User-Agent: \"}{evil")
	e.ask("GET", "/api/flows?token=hush-hush&status=500")
	docker(t, "rm", "-f", e.name+"-api-1")
	e.ask("GET", "/api/flows?token=hush-hush")

	type line struct {
		Time, Client, User, Method, Path string
		Status                           int
		Seconds                          float64
		ID                               string
	}
	var lines []line
	logs := docker(t, "logs", e.container)
	for text := range strings.Lines(logs) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Errorf("%v: %s", err, text)
			continue
		}
		if _, err := time.Parse(time.RFC3339, l.Time); err != nil || !strings.Contains(l.Time, "+00:00") {
			t.Errorf("time %q: %v", l.Time, err)
		}
		if net.ParseIP(l.Client) == nil || len(l.ID) != 32 {
			t.Errorf("%+v", l)
		}
		lines = append(lines, l)
	}
	if len(lines) != 4 || lines[0].User != "prefect" || lines[0].Path != "/api/flows" || lines[1].Status != 401 || lines[1].User != "" || lines[2].Status != 500 || lines[3].Status != 503 {
		t.Errorf("lines are %+v", lines)
	}
	for _, secret := range []string{"hush-hush", "swapped-password", activePassword, basic("prefect", activePassword)[6:]} {
		if strings.Contains(logs, secret) {
			t.Errorf("%q is in the log:\n%s", secret, logs)
		}
	}
}

func TestEdge_WaitsForItsFirstReleaseAndStopsInTime(t *testing.T) {
	t.Parallel()
	e := startEdge(t)
	if _, status := e.websocket(t, "/api/events/in"); status != 101 {
		t.Fatal(status)
	}
	start := time.Now()
	docker(t, "stop", "-t", "20", e.container)
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("took %s to stop, with a WebSocket open", took)
	}
	if code := docker(t, "inspect", "-f", "{{.State.ExitCode}}", e.container); code != "0" {
		t.Errorf("exit code %s", code)
	}

	docker(t, "run", "--rm", "-v", e.releases.Name+":/srv/edge", "--user", user, testImage, "mv", "/srv/edge/current", "/srv/edge/later")
	docker(t, "start", e.container)
	docker(t, "exec", e.container, "true")
	docker(t, "run", "--rm", "-v", e.releases.Name+":/srv/edge", "--user", user, testImage, "mv", "/srv/edge/later", "/srv/edge/current")
	await(t, 10*time.Second, "nginx", func() error {
		_, err := tryDocker(nil, "exec", e.container, "curl", "-fsS", "http://"+statusAddress("127.0.0.1"))
		return err
	})
}

func TestEdge_EndsWhenNginxDoes(t *testing.T) {
	t.Parallel()
	e := startEdge(t)
	e.inside(t, "kill -KILL $(cat /tmp/nginx.pid)")
	await(t, 5*time.Second, "the end of the container", func() error {
		if state := docker(t, "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", e.container); state != "exited 137" {
			return fmt.Errorf("%s", state)
		}
		return nil
	})
}
