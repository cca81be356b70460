//go:build e2e

package e2e

import (
	"maps"
	"os"
	"strings"
	"testing"
)

// The command is that of docs/operations.md.
func TestPassphrase_TurnsWithoutATouchOfWhatRuns(t *testing.T) {
	stack.Up(t)
	before := idsOf(t, steadyServices...)
	old := passphrase
	change := func(to string) {
		t.Helper()
		if out, err := stack.pulumiIn(to+"\n"+to+"\n", "stack", "change-secrets-provider", "passphrase", "--stack", stack.Name); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		passphrase = to
		changed, err := os.ReadFile(stack.stackFile())
		if err == nil {
			err = os.WriteFile(stack.baseFile(), changed, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	change("correct horse battery staple")
	t.Cleanup(func() { change(old) })

	if out, err := stack.platform("up", "--yes"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if after := idsOf(t, steadyServices...); !maps.Equal(before, after) {
		t.Errorf("containers were %v and are %v", before, after)
	}
	if err := stack.readAccess(); err != nil {
		t.Error(err)
	}
	renewed := passphrase
	passphrase = old
	out, err := stack.platform("credentials")
	passphrase = renewed
	if err == nil || !strings.Contains(out, "holds another passphrase") {
		t.Errorf("with the old one: %v\n%s", err, out)
	}
}
