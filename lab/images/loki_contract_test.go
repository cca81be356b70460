//go:build lab

package images

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const lokiImage = "grafana/loki:3.7.8"

// needLoki skips a test where nobody has asked for the image.
func needLoki(t *testing.T) {
	t.Helper()
	if _, err := tryDocker("image", "inspect", lokiImage); err != nil {
		t.Skipf("%s is provided on demand only: lab image loki", lokiImage)
	}
	t.Parallel()
}

func TestLoki_IsConfiguredLikeTheOfficialOne(t *testing.T) {
	needLoki(t)
	sameConfig(t, configOf(t, lokiImage), imageConfig{
		Entrypoint: []string{"/usr/bin/loki"}, Cmd: []string{"-config.file=/etc/loki/local-config.yaml"},
		User: "10001", ExposedPorts: set("3100/tcp"),
	})
}

func TestLoki_HasThePinnedVersion(t *testing.T) {
	needLoki(t)
	if got := oneShot(t, lokiImage, "-version"); !strings.HasPrefix(got, "loki, version 3.7.8 ") {
		t.Errorf("version is %.60q", got)
	}
}

func TestLoki_HasTheOfficialPathsAndNoShell(t *testing.T) {
	needLoki(t)
	found := paths(t, lokiImage)
	for path, want := range map[string]string{
		"/usr/bin/loki": "0:0 755", "/etc/loki": "10001:10001 755", "/etc/loki/local-config.yaml": "10001:10001 644", "/loki": "10001:10001 755",
		"/loki/rules": "10001:10001 755", "/tmp": "0:0 1777",
	} {
		if found[path] != want {
			t.Errorf("%s is %q, want %s", path, found[path], want)
		}
	}
	if found["/etc/ssl/certs/ca-certificates.crt"] == "" {
		t.Error("has no certificates of the web")
	}
	for path := range found {
		if strings.HasSuffix(path, "/sh") || strings.HasSuffix(path, "/busybox") || strings.HasSuffix(path, "/wget") {
			t.Errorf("has %s: a health check must not come to rely on it", path)
		}
	}
}

// paths gives owner, group and mode of everything in an image, as stat would print them if the image had one.
func paths(t *testing.T, image string) map[string]string {
	t.Helper()
	id := docker(t, "create", image)
	defer docker(t, "rm", id)
	export := exec.Command("docker", "export", id)
	content, err := export.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := export.Start(); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	archive := tar.NewReader(content)
	header, err := archive.Next()
	for ; err == nil; header, err = archive.Next() {
		found["/"+strings.Trim(header.Name, "/")] = fmt.Sprintf("%d:%d %o", header.Uid, header.Gid, header.Mode)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if err := export.Wait(); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLoki_RunsReadOnlyWithoutCapabilitiesAndStopsCleanly(t *testing.T) {
	needLoki(t)
	c := start(t, nil, "--init", "--read-only", "--tmpfs", "/tmp", "--tmpfs", "/loki:uid=10001,gid=10001", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", lokiImage)
	c.await("/usr/bin/loki", "-health")
	if exit, took := c.stop(time.Minute); exit != 0 || took > 30*time.Second {
		t.Errorf("stopped with exit code %d in %s, want 0 in less than 30s", exit, took.Round(time.Millisecond))
	}
}

const lokiConfig = `auth_enabled: false
analytics: {reporting_enabled: false}
common:
  path_prefix: /loki
  instance_addr: 127.0.0.1
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
  storage: {filesystem: {chunks_directory: /loki/chunks, rules_directory: /loki/rules}}
schema_config:
  configs: [{from: 2020-10-24, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}]
ingester: {lifecycler: {min_ready_duration: 0s}}
`

func startLoki(t *testing.T) container {
	t.Helper()
	return start(t, map[string]file{"/etc/loki/local-config.yaml": {lokiConfig, 0o444}}, lokiImage)
}

func TestLoki_ChecksItsHealthAtTheAddressGiven(t *testing.T) {
	needLoki(t)
	c := startLoki(t)
	c.await("/usr/bin/loki", "-health", "-health.url=http://127.0.0.1:3100/ready")
	if output, err := c.exec("/usr/bin/loki", "-health", "-health.url=http://127.0.0.1:1/ready"); err == nil {
		t.Errorf("healthy where nothing listens: %s", output)
	}
}

func TestLoki_GivesBackALineThatWasPushed(t *testing.T) {
	needLoki(t)
	server := startLoki(t)
	// Loki's image has nothing that makes requests.
	c := start(t, nil, "--network", "container:"+server.id, "--entrypoint", "sleep", prometheusImage, "600")
	c.awaitIn("3100/ready", "ready")
	push := fmt.Sprintf(`{"streams": [{"stream": {"container": "one"}, "values": [["%d", "find me"]]}]}`, time.Now().UnixNano())
	if got, err := c.get("3100/loki/api/v1/push", "--header", "Content-Type: application/json", "--post-data", push); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	c.awaitIn("3100/loki/api/v1/query_range?query=%7Bcontainer%3D%22one%22%7D", "find me")
}
