package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/reach"
)

// A password may hold any printable character; a shell must get exactly it.
func TestExports_SurviveAShell(t *testing.T) {
	var printable strings.Builder
	for c := ' '; c <= '~'; c++ {
		printable.WriteRune(c)
	}
	edge := reach.Edge{URL: "https://localhost:8443", User: "prefect", Password: printable.String()}
	script := exports(edge, "/clone/.state/it's-ca.pem") + `printf '%s\n' "$PREFECT_API_URL" "$PREFECT_API_AUTH_STRING" "$PREFECT_API_SSL_CERT_FILE"`
	output, err := exec.Command("sh", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://localhost:8443/api\nprefect:" + printable.String() + "\n/clone/.state/it's-ca.pem\n"; string(output) != want {
		t.Errorf("got\n%swant\n%s", output, want)
	}
}

func TestExports_NameNoCertificateWhereTheSystemTrustsIt(t *testing.T) {
	if got := exports(reach.Edge{URL: "https://prefect.example.com"}, ""); strings.Contains(got, "SSL_CERT") {
		t.Errorf("got %s", got)
	}
}

func TestLoopback_TellsWhatOnlyTheEngineItselfReaches(t *testing.T) {
	for url, want := range map[string]bool{
		"https://localhost:8443":      true,
		"https://127.0.0.1":           true,
		"https://[::1]:8443":          true,
		"https://prefect.example.com": false,
		"https://192.0.2.7":           false,
	} {
		if got := loopback(url); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}

func TestChoose_LeavesOutHoldersOfFilesAndWhatWasNotAskedFor(t *testing.T) {
	all := []live.Container{{ID: "1", Workload: "api", Role: "service"}, {ID: "2", Workload: "api", Role: "files"}, {ID: "3", Workload: "migrate", Role: "job"}}
	ids := func(list []live.Container) []string {
		var found []string
		for _, c := range list {
			found = append(found, c.ID)
		}
		return found
	}
	if got := ids(choose(all, nil)); !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("got %v", got)
	}
	if got := ids(choose(all, []string{"api"})); !slices.Equal(got, []string{"1"}) {
		t.Errorf("got %v", got)
	}
	if got := choose(all, []string{"nosuch"}); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestCommand_NamesEveryStackButDev(t *testing.T) {
	if got := (options{stack: "dev"}).command("up"); !strings.HasSuffix(got, " up") {
		t.Errorf("got %s", got)
	}
	if got := (options{stack: "prod"}).command("up"); !strings.HasSuffix(got, " up --stack prod") {
		t.Errorf("got %s", got)
	}
}

func TestSelf_CanBeTypedWhereOneIs(t *testing.T) {
	called := os.Args[0]
	t.Cleanup(func() { os.Args[0] = called })
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]string{
		"platform":                             "platform",
		filepath.Join(here, "bin", "platform"): "bin/platform",
		"/opt/bin/platform":                    "/opt/bin/platform",
		"/tmp/go-build123/b001/exe/platform":   "go run ./cmd/platform",
	} {
		os.Args[0] = arg
		if got := self(); got != want {
			t.Errorf("%s: got %s, want %s", arg, got, want)
		}
	}
}

func TestExplain_SaysWhatToDoInsteadOfWhatPulumiSaid(t *testing.T) {
	for said, want := range map[string]string{
		"error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions": "pulumi login",
		"passphrase must be set with PULUMI_CONFIG_PASSPHRASE or":                              "set PULUMI_CONFIG_PASSPHRASE_FILE",
		"error: incorrect passphrase":                                                          "holds another passphrase",
		"something else":                                                                       "something else",
	} {
		if got := explain(errorText(said)); !strings.Contains(got.Error(), want) {
			t.Errorf("%s: got %v", said, got)
		}
	}
	if explain(nil) != nil {
		t.Error("an error out of nothing")
	}
}

type errorText string

func (e errorText) Error() string { return string(e) }

// A lock must come through as Pulumi wrote it: the holder is read out of it.
func TestExplain_LeavesALockAlone(t *testing.T) {
	said := errorText("error: the stack is currently locked by 1 lock(s).\n  file:///x.json: created by ann@laptop (pid 4711) at 2026-11-23T10:00:00Z")
	if !locked(explain(said)) {
		t.Errorf("got %v", explain(said))
	}
}
