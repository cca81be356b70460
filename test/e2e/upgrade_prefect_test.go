//go:build e2e

package e2e

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// TestUpgradePrefect_BringsARunningStackToTheNewerVersionAndBack begins with the minor version before, upgrades while clients post and flows run, refuses the way back that
// cannot be, and takes the one that is in the docs: a restore of the moment before.
func TestUpgradePrefect_BringsARunningStackToTheNewerVersionAndBack(t *testing.T) {
	drillsOnly(t)
	onDemand(t, "prefect-3.7", oldPrefect)
	putBack(t)
	allowOldImages(t)
	if _, err := stack.Docker.VolumeCreate(t.Context(), client.VolumeCreateOptions{Name: "prefect-" + stack.Name + "-postgres-2-18"}); err != nil {
		t.Fatal(err)
	}
	edits := []Edit{Set("backup.enabled", true), Set("monitoring.enabled", true), Set("database.volume", 2), withPatience()}
	backedUp(t, append(edits, Set("images.override.prefect", oldPrefect))...)
	expectPrefect(t, "3.7.8")
	block := writeBlock(t)
	awaitCopy(t, time.Time{})

	var said string
	underLoad(t, func() {
		began := time.Now()
		out, err := stack.upWith(edits...)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		said = out
		t.Logf("upgraded in %s", time.Since(began).Round(100*time.Millisecond))
	})
	told := regexp.MustCompile(`(?m)^store  Prefect goes from 3\.7\.8 to 3\.8\.8; everything before is stored\. The way back, .* restore --stack \S+ (--to) (\S+)$`).FindStringSubmatch(said)
	if told == nil {
		t.Fatalf("nothing was stored before the upgrade, or no way back is told:\n%s", said)
	}
	expectPrefect(t, "3.8.8")
	expectTreasure(t, block)

	running := stack.Container(t, "api").ID
	out, err := stack.upWith(append(edits, Set("images.override.prefect", oldPrefect))...)
	if err == nil || !strings.Contains(out, "Can't locate revision") {
		t.Errorf("the older version turns to the database of the newer: %v\n%s", err, out)
	}
	if now := stack.Container(t, "api").ID; now != running {
		t.Error("the newer version does not serve on")
	}
	expectPrefect(t, "3.8.8")

	began := time.Now()
	if out, err := stack.platform(append([]string{"restore", "--yes"}, told[1:]...)...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("went back in %s", time.Since(began).Round(100*time.Millisecond))
	expectPrefect(t, "3.7.8")
	expectTreasure(t, block)
	name := uniqueName("back")
	run := startRun(t, deploy(t, name, nil), map[string]any{"tasks": 2, "pause": 0.1, "until": stopFile(name)})
	release(t, name)
	awaitState(t, run, "COMPLETED", 2*time.Minute)
}

// allowOldImages turns the rule off that wants the mends of newer versions, for the pack and for the program, which reads the file of the repository.
func allowOldImages(t *testing.T) {
	t.Helper()
	for _, folder := range []string{stack.project(), stack.clone} {
		file := filepath.Join(folder, "policy", "dev.json")
		kept := fileText(t, file)
		t.Cleanup(func() { restoreFile(t, file, kept) })
		restoreFile(t, file, strings.Replace(kept, "{", `{"containers-image-floor": "disabled",`, 1))
	}
}

// expectPrefect wants servers and workers to be of a version, and nothing else to run.
func expectPrefect(t *testing.T, version string) {
	t.Helper()
	for _, role := range []string{"api", "services", "worker-default"} {
		said := stack.Exec(t, stack.Container(t, role).ID, "prefect", "version", "--omit-integrations")
		if !strings.Contains(said.Stdout, version) {
			t.Errorf("%s says %q, want Prefect %s", role, said.Stdout+said.Stderr, version)
		}
	}
	var serves string
	stack.API(t, http.MethodGet, "/admin/version", nil, &serves)
	if serves != version {
		t.Errorf("Prefect %s serves, want %s", serves, version)
	}
	Await(t, time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })
}

func expectTreasure(t *testing.T, block string) {
	t.Helper()
	var found struct {
		Data map[string]any `json:"data"`
	}
	stack.API(t, http.MethodGet, strings.TrimPrefix(block, "/api"), nil, &found)
	if found.Data["value"] != treasure {
		t.Errorf("the encrypted block is %v", found.Data)
	}
}
