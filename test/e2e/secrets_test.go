//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"prefect-platform/test/e2e/leak"
)

func TestSecrets_AreNowhereInTheClear(t *testing.T) {
	needles := expectNoLeaks(t)
	t.Run("preview", func(t *testing.T) { previewForLeaks(t, needles) })
}

// expectNoLeaks looks for every secret that the stack has now in what is there.
func expectNoLeaks(t *testing.T) *leak.Needles {
	t.Helper()
	secrets := stack.secrets(t)
	needles, err := leak.NewNeedles(secrets)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("looking for %d secrets: %s", len(secrets), strings.Join(slices.Sorted(maps.Keys(secrets)), ", "))

	t.Run("docker inspect", func(t *testing.T) { inspectForLeaks(t, needles) })
	t.Run("logs", func(t *testing.T) {
		for _, c := range stack.Containers(t) {
			stdout, stderr := stack.Logs(t, c.ID)
			report(t, needles.Find("the log of "+c.Name, []byte(stdout+stderr)))
		}
	})
	t.Run("state", func(t *testing.T) { searchState(t, needles) })
	t.Run("files", func(t *testing.T) { searchFiles(t, needles) })
	t.Run("PostgreSQL", func(t *testing.T) {
		for _, role := range stack.PG(t, "select rolname from pg_authid where rolpassword is not null and (rolname = 'postgres' or rolpassword not like 'SCRAM-SHA-256$4096:%')") {
			t.Errorf("the server has a password of %s that it should not have", role)
		}
	})
	return needles
}

func report(t *testing.T, found []leak.Finding) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

// exportedResource is one resource of `pulumi stack export --show-secrets`.
type exportedResource struct {
	URN     string                     `json:"urn"`
	Type    string                     `json:"type"`
	Outputs map[string]json.RawMessage `json:"outputs"`
}

// secretOutputs are the properties that hold a secret.
var secretOutputs = map[string][]string{
	"random:index/randomPassword:RandomPassword": {"result", "bcryptHash"},
	"tls:index/privateKey:PrivateKey":            {"privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8"},
}

// secrets returns every secret of the stack by name: what was generated, and what was supplied.
func (s *Stack) secrets(t *testing.T) map[string]string {
	t.Helper()
	secrets := map[string]string{}
	var state struct {
		Deployment struct {
			Resources []exportedResource `json:"resources"`
		} `json:"deployment"`
	}
	decodeOutput(t, &state, "stack", "export", "--stack", s.Name, "--show-secrets")
	for _, resource := range state.Deployment.Resources {
		name := resource.URN[strings.LastIndex(resource.URN, "::")+2:]
		if strings.HasSuffix(name, "-salt") {
			continue // part of a hash by design
		}
		for _, property := range secretOutputs[resource.Type] {
			if text := plaintext(t, resource.Outputs[property]); text != "" {
				secrets[name+" "+property] = text
			}
		}
	}

	var config map[string]struct {
		Value  string `json:"value"`
		Secret bool   `json:"secret"`
	}
	decodeOutput(t, &config, "config", "--stack", s.Name, "--show-secrets", "--json")
	for key, entry := range config {
		var members map[string]string
		switch {
		case !entry.Secret:
		case json.Unmarshal([]byte(entry.Value), &members) == nil:
			for member, value := range members {
				secrets[key+"."+member] = value
			}
		default:
			secrets[key] = entry.Value
		}
	}
	if len(secrets) < 5 {
		t.Fatalf("the state has only %d secrets: %v", len(secrets), slices.Collect(maps.Keys(secrets)))
	}
	return secrets
}

// plaintext reads a property, which --show-secrets wraps into an object with the JSON of its value as text.
func plaintext(t *testing.T, property json.RawMessage) string {
	t.Helper()
	var wrapped struct {
		Plaintext string `json:"plaintext"`
	}
	if len(property) == 0 || bytes.Equal(property, []byte("null")) {
		return ""
	}
	if err := json.Unmarshal(property, &wrapped); err != nil {
		t.Fatalf("a secret output is not encrypted: %s", err)
	}
	var text string
	if err := json.Unmarshal([]byte(wrapped.Plaintext), &text); err != nil {
		t.Fatal(err)
	}
	return text
}

func decodeOutput(t *testing.T, into any, args ...string) {
	t.Helper()
	out, err := stack.pulumi(args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatal(err)
	}
}

// inspectForLeaks looks at all that `docker inspect` shows of the stack.
func inspectForLeaks(t *testing.T, needles *leak.Needles) {
	t.Helper()
	look := func(what string, inspected any) {
		text, err := json.Marshal(inspected)
		if err != nil {
			t.Fatal(err)
		}
		report(t, needles.Find("docker inspect of "+what, text))
	}
	images, networks, volumes := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range stack.Containers(t) {
		look(c.Name, c)
		images[c.Image] = true
		for name := range c.NetworkSettings.Networks {
			networks[name] = true
		}
		for _, mount := range c.Mounts {
			if mount.Name != "" {
				volumes[mount.Name] = true
			}
		}
	}
	if len(images) < 4 || len(volumes) < 8 {
		t.Errorf("saw %d images and %d volumes: too few to be the stack's", len(images), len(volumes))
	}
	for id := range images {
		inspected, err := stack.Docker.ImageInspect(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		look("image "+id, inspected)
	}
	for name := range networks {
		if name == "none" {
			continue
		}
		inspected, err := stack.Docker.NetworkInspect(t.Context(), name, client.NetworkInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		look("network "+name, inspected)
	}
	for name := range volumes {
		inspected, err := stack.Docker.VolumeInspect(t.Context(), name, client.VolumeInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		look("volume "+name, inspected)
	}
}

// previewForLeaks looks at previews of a change that touches every file with a secret, and of one that replaces the secrets themselves.
func previewForLeaks(t *testing.T, needles *leak.Needles) {
	t.Helper()
	for what, edits := range map[string][]Edit{
		"of new settings": {Set("api.logLevel", "INFO"), Set("access.user", "somebody"), Set("workers[0].environment", map[string]any{"A": "b"})},
		"of new secrets":  {Set("rotation.api.a", 2), Set("rotation.database.a", 2), Set("rotation.redis.a", 2)},
	} {
		t.Run(what, func(t *testing.T) {
			stack.Configure(t, edits...)
			out, err := stack.Preview(t, "--diff")
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if !strings.Contains(out, "replace") {
				t.Errorf("the preview shows no change, so this test shows nothing:\n%s", out)
			}
			report(t, needles.Find("preview --diff "+what, []byte(out)))
		})
	}
}

// searchState looks at the state as it is stored and as everybody can export it.
func searchState(t *testing.T, needles *leak.Needles) {
	t.Helper()
	out, err := stack.pulumi("stack", "export", "--stack", stack.Name)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	report(t, needles.Find("the exported state", []byte(out)))

	shown, err := stack.pulumi("stack", "export", "--stack", stack.Name, "--show-secrets")
	if err != nil {
		t.Fatal(err)
	}
	if !needles.Holds([]byte(shown)) {
		t.Error("no secret is found even where all of them are: this test shows nothing")
	}

	files := 0
	err = filepath.WalkDir(stack.state(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		files++
		report(t, needles.Find(path, text))
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files of the state, %v", files, err)
	}
}

// busy are the volumes whose files change while they are read; what PostgreSQL knows is asked for in SQL.
var busy = []string{"/var/lib/postgresql", "/run/postgresql", "/data"}

// searchFiles wants every file that holds a secret to be readable by root's group alone, and written by nobody.
func searchFiles(t *testing.T, needles *leak.Needles) {
	t.Helper()
	guarded, seen := 0, map[string]bool{}
	for _, c := range stack.Containers(t) {
		for _, mount := range c.Mounts {
			if mount.Name == "" || seen[mount.Name] || slices.Contains(busy, mount.Destination) {
				continue
			}
			seen[mount.Name] = true
			eachFile(t, c, mount.Destination, func(header *tar.Header, content []byte) {
				where := fmt.Sprintf("%s of %s, mode %04o owner %d:%d", header.Name, mount.Name, header.Mode&0o7777, header.Uid, header.Gid)
				secret := len(needles.Find(where, content)) > 0
				if secret {
					guarded++
				}
				for _, problem := range fileProblems(mount.Destination, header, secret) {
					t.Errorf("%s: %s", where, problem)
				}
			})
		}
	}
	t.Logf("%d files with secrets on %d volumes", guarded, len(seen))
	if guarded < 6 {
		t.Errorf("only %d files with secrets were found: PostgreSQL, Redis, API, services, worker, edge and jobs have one each", guarded)
	}
}

// fileProblems compares a file with what internal/workload promises. The releases of the edge are written by its installer, as nginx' user in root's group.
func fileProblems(folder string, header *tar.Header, secret bool) []string {
	var problems []string
	mode := header.Mode & 0o7777
	owner := 0
	if folder == edgeFolder {
		owner = nginxUser
	}
	switch {
	case secret && (mode != 0o440 || header.Uid != owner || header.Gid != 0):
		problems = append(problems, fmt.Sprintf("holds a secret, wants mode 0440 and owner %d:0", owner))
	case folder == filesFolder && (header.Uid != 0 || header.Gid != 0):
		problems = append(problems, "does not belong to root:root")
	case folder == filesFolder && !secret && mode != 0o444 && mode != 0o555 && mode != 0o440:
		problems = append(problems, "wants mode 0444, 0555 or 0440")
	}
	return problems
}

// Where containers find what the platform wrote.
const (
	filesFolder = "/etc/platform"
	edgeFolder  = "/srv/edge"
	nginxUser   = 101
)

// eachFile reads a folder of a container, running or not.
func eachFile(t *testing.T, c container.InspectResponse, folder string, look func(*tar.Header, []byte)) {
	t.Helper()
	archive, err := stack.Docker.CopyFromContainer(t.Context(), c.ID, client.CopyFromContainerOptions{SourcePath: folder})
	if err != nil {
		t.Fatalf("%s of %s: %v", folder, c.Name, err)
	}
	defer func() { _ = archive.Content.Close() }()
	reader := tar.NewReader(archive.Content)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%s of %s: %v", folder, c.Name, err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatalf("%s of %s: %v", header.Name, c.Name, err)
		}
		look(header, content)
	}
}
