//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The steps are those of .github/workflows/deploy.yml and of .gitlab-ci.yml, in a fresh clone, with what the secrets of the environment would hold.
func TestDeploy_APipelineDeploysOverSSHToAnEngineElsewhere(t *testing.T) {
	name := stack.Name + "-deploy"
	engine := secondEngine(t).host
	first := os.Getenv("DOCKER_HOST")
	t.Setenv("DOCKER_HOST", engine) // what a session over ssh finds; the pipeline itself has none
	server := startSSH(t)

	clone := newClone(t)
	folder := filepath.Join(clone.dir, ".state", "ssh")
	config, err := deployConfig(server, folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := (stackFile{Config: config}).write(filepath.Join(clone.dir, "Pulumi."+name+".yaml")); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(clone.temp, "backend")
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	secrets := []string{
		"PULUMI_BACKEND_URL=file://" + state, "PULUMI_CONFIG_PASSPHRASE=" + passphrase, "STACK=" + name,
		"SSH_FOLDER=" + folder, "SSH_PRIVATE_KEY=" + fileText(t, server.options[1].(string)), "SSH_KNOWN_HOSTS=" + knownHosts(t, server),
		"GITHUB_STEP_SUMMARY=" + filepath.Join(clone.temp, "summary"),
	}
	step := func(targets ...string) string {
		t.Helper()
		start := time.Now()
		out, err := clone.make(targets, secrets...)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("make %s took %s", strings.Join(targets, " "), time.Since(start).Round(100*time.Millisecond))
		return out
	}

	// Once, by a person: docs/ci.md.
	initStack(t, clone, name, secrets)

	step("ssh-access")
	step("preview", "AGAINST=state", "REPORT="+reportFile)
	expectReport(t, clone, "## Preview of `"+name+"`: fine, ", "Compared with the recorded state", "to create")
	step("publish", "REPORT="+reportFile)
	if summary := fileText(t, filepath.Join(clone.temp, "summary")); summary != clone.read(t, reportFile) {
		t.Errorf("the summary is not the report:\n%s", summary)
	}
	defer func() { // by force where the test failed; the daemon ends with its containers anyway
		if out, err := clone.make([]string{"clean", "platform=. .lab/env && bin/platform --yes --stack " + name}, secrets...); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}()
	step("deploy")

	if names := namesOn(t, engine, name); len(names) < 6 {
		t.Errorf("only %v run on the second engine", names)
	}
	if names := namesOn(t, first, name); first != engine && len(names) > 0 {
		t.Errorf("%v run on the first engine", names)
	}
	if !strings.Contains(server.log(t), "Accepted publickey") {
		t.Errorf("nobody logged in over SSH:\n%s", server.log(t))
	}
	step("preview", "AGAINST=state", "REPORT="+reportFile)
	expectReport(t, clone, "fine, no changes")
}

// deployConfig is a small stack on the engine behind the server; ssh-access puts key and host keys where its options say.
func deployConfig(server sshServer, folder string) (map[string]any, error) {
	config, err := baseConfig()
	if err != nil {
		return nil, err
	}
	config["docker:host"] = server.url
	config["docker:sshOpts"] = []any{"-F", filepath.Join(folder, "config"), "-o", "UserKnownHostsFile=" + filepath.Join(folder, "known_hosts")}
	config[namespace+":network"] = map[string]any{"base": "10.216.128.0/17"}
	return config, nil
}

func initStack(t *testing.T, clone *freshClone, name string, secrets []string) {
	t.Helper()
	out, err := clone.run(secrets, "sh", "-c", `. .lab/env && pulumi stack init "$1"`, "sh", name)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func expectReport(t *testing.T, clone *freshClone, says ...string) {
	t.Helper()
	report := clone.read(t, reportFile)
	for _, text := range says {
		if !strings.Contains(report, text) {
			t.Errorf("the report does not say %q:\n%s", text, report)
		}
	}
}

func knownHosts(t *testing.T, server sshServer) string {
	t.Helper()
	_, file, _ := strings.Cut(server.options[len(server.options)-1].(string), "=")
	return fileText(t, file)
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
