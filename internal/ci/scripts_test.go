package ci

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script runs a file of .ci in a folder, and returns what it printed and its exit code.
func script(t *testing.T, folder, name string, environment []string, args ...string) (output string, code int) {
	t.Helper()
	path, err := filepath.Abs("../../.ci/" + name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = folder
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder}, environment...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestDrift_WritesAReportAndKeepsTheExitCode(t *testing.T) {
	for code, want := range map[string]string{"0": "none", "1": "could not look", "2": "recorded and running differ"} {
		folder := t.TempDir()
		if err := os.Mkdir(filepath.Join(folder, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		platform := "#!/bin/sh\necho \"missing  $*\"\necho '```'\nexit " + code + "\n"
		if err := os.WriteFile(filepath.Join(folder, "bin/platform"), []byte(platform), 0o755); err != nil {
			t.Fatal(err)
		}
		out, got := script(t, folder, "drift", nil, "prod", "report.md")
		report, err := os.ReadFile(filepath.Join(folder, "report.md"))
		if err != nil {
			t.Fatal(err)
		}
		if got != int(code[0]-'0') {
			t.Errorf("exit code %d, want %s: %s", got, code, out)
		}
		if !strings.HasPrefix(string(report), "## Drift of prod: "+want+"\n<!-- prefect-platform drift prod -->\n") || !strings.Contains(string(report), "\n    missing  drift --stack prod\n    ```\n") {
			t.Errorf("%s: the report is\n%s", code, report)
		}
	}
}

func TestSSHAccess_PutsKeysWhereSSHLooks(t *testing.T) {
	folder := t.TempDir()
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(folder, "key")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	key, err := os.ReadFile(filepath.Join(folder, "key"))
	if err != nil {
		t.Fatal(err)
	}
	// As a web form leaves it: lines end as on Windows, the last one not at all.
	pasted := strings.ReplaceAll(strings.TrimRight(string(key), "\n"), "\n", "\r\n")
	for range 2 { // it may run again
		if out, code := script(t, folder, "ssh-access", []string{"SSH_PRIVATE_KEY=" + pasted, "SSH_KNOWN_HOSTS=docker1.corp.net ssh-ed25519 AAAA"}); code != 0 {
			t.Fatal(out)
		}
	}
	for name, want := range map[string]string{"id_deploy": string(key), "config": "Host *\n  IdentityFile " + folder + "/.ssh/id_deploy\n  IdentitiesOnly yes\n  StrictHostKeyChecking yes\n"} {
		path := filepath.Join(folder, ".ssh", name)
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is %q", name, got)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestSSHAccess_SaysWhichSecretIsWrong(t *testing.T) {
	for want, environment := range map[string][]string{
		"the secret SSH_PRIVATE_KEY is empty":    {"SSH_KNOWN_HOSTS=x"},
		"the secret SSH_KNOWN_HOSTS is empty":    {"SSH_PRIVATE_KEY=x"},
		"SSH_PRIVATE_KEY is no private key with": {"SSH_PRIVATE_KEY=x", "SSH_KNOWN_HOSTS=x"},
	} {
		if out, code := script(t, t.TempDir(), "ssh-access", environment); code == 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, want %q in %q", code, want, out)
		}
	}
}
