//go:build e2e

package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const reportFile = "report.md"

// foreign are lines of a stack file whose secrets belong to a key that nobody here has.
const foreign = `secretsprovider: awskms://alias/prefect?region=eu-central-1
encryptedkey: AQICAHhCIPHERTEXT
config:
  prefect-platform:apiPasswordA:
    secure: v1:CIPHERTEXT:of-another-key
  prefect-platform:workerSecrets:
    secure: v1:CIPHERTEXT:of-another-key
`

func TestPreviewReport_AFreshCloneNeedsNoSecretAccountEngineOrState(t *testing.T) {
	clone := newClone(t)
	clone.replace(t, "Pulumi.prod.yaml", "config:\n", foreign)
	clone.replace(t, "Pulumi.prod.yaml", "    - pool: default\n", "    - pool: default\n      secretEnvironment: [WAREHOUSE_TOKEN]\n")
	trap, asked := listenForAnybody(t)

	start := time.Now()
	out, err := clone.make([]string{"preview", "STACK=prod", "REPORT=" + reportFile},
		"DOCKER_HOST="+trap) // the engine of whoever runs it is not touched either
	t.Logf("preview of prod in a fresh clone took %s, with the program to build", time.Since(start).Round(100*time.Millisecond))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	report := clone.read(t, reportFile)
	for _, want := range []string{
		"## Preview of `prod`: fine, ", "<!-- prefect-platform preview prod -->", "Compared with nothing", "### Changes", "service `proxy-nginx`", "data volume `postgres-18`",
		"- apiPasswordA: ", "- workerSecrets: ",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report does not say %q:\n%s", want, report)
		}
	}
	if !strings.Contains(out, "compared with nothing") {
		t.Errorf("it does not say which preview it made:\n%s", out)
	}
	for name, text := range map[string]string{"report": report, "output": out} {
		for _, secret := range []string{"CIPHERTEXT", "PRIVATE KEY", "secure:"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in the %s:\n%s", secret, name, text)
			}
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("somebody asked the engine %d times", n)
	}
	if left, err := filepath.Glob(filepath.Join(clone.temp, "prefect-platform-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if status := strings.ReplaceAll(strings.ReplaceAll(clone.status(t), " M Pulumi.prod.yaml\n", ""), "?? "+reportFile+"\n", ""); status != "" {
		t.Errorf("changed in the clone:\n%s", status)
	}
}

func TestPreviewReport_IsWrittenAlsoWhenItIsRefusedOrFails(t *testing.T) {
	clone := newClone(t)
	for _, test := range []struct {
		name, file, old, with string
		verdict               string
		says                  []string
	}{
		{
			"the configuration", "Pulumi.prod.yaml", "    allow: []\n", "    allow: [anywhere]\n    httpsPrt: 8443\n",
			"refused, 2 problems in configuration or prerequisites",
			[]string{`edge.allow[0]: found "anywhere", want a network in CIDR notation`, "edge.httpsPrt: found an unknown key"},
		},
		{
			"a policy", "policy/rules/registry.go", "containersRules,", "containersRules, forbidden,",
			"refused, 1 policy violation",
			[]string{"- `containers-e2e` on `proxy-nginx`", "  - found: `it is made of nginx`", "  - change: `make it of something else`"},
		},
		{
			"the program", "components/platform.go", "	db, err := database.New(", "	return nil, fmt.Errorf(\"the roof fell in\")\n	db, err := database.New(",
			"failed",
			[]string{"the roof fell in"},
		},
	} {
		clone.restore(t)
		clone.replace(t, test.file, test.old, test.with)
		if test.name == "a policy" {
			clone.write(t, "policy/rules/forbidden.go", forbidden)
		}
		out, err := clone.make([]string{"preview", "STACK=prod", "AGAINST=nothing", "REPORT=" + reportFile})
		if err == nil {
			t.Errorf("%s: the preview succeeded:\n%s", test.name, out)
		}
		report, readErr := os.ReadFile(filepath.Join(clone.dir, reportFile))
		if readErr != nil {
			t.Errorf("%s: no report: %v\n%s", test.name, readErr, out)
			continue
		}
		if first, _, _ := strings.Cut(string(report), "\n"); first != "## Preview of `prod`: "+test.verdict {
			t.Errorf("%s: the report begins with %q\n%s", test.name, first, out)
		}
		for _, says := range test.says {
			if !strings.Contains(string(report), says) {
				t.Errorf("%s: the report does not say %q:\n%s", test.name, says, report)
			}
		}
	}
}

// forbidden are rules that the real program breaks.
const forbidden = `package rules

import "strings"

var forbidden = []Rule{{
	ID: "containers-e2e", Sentence: "Nothing is made of nginx.", Why: "a test",
	Resource: func(c *Case) {
		if c.Resource.Type == "docker:index/container:Container" && strings.HasSuffix(c.Resource.Name, "-nginx") {
			c.Refuse("it is made of nginx", "make it of something else")
		}
	},
}}
`

// listenForAnybody returns the address of an engine that only counts who asks.
func listenForAnybody(t *testing.T) (host string, asked *atomic.Int32) {
	t.Helper()
	folder, err := os.MkdirTemp("", "e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "trap.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	asked = &atomic.Int32{}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			_ = connection.Close()
		}
	}()
	return "unix://" + path, asked
}
