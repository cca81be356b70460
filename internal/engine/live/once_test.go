package live

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestOnce_HasNoRightsButThoseThatItIsGiven(t *testing.T) {
	got := Once{Image: "i", User: "0:0", Network: "none", Capability: []string{"CAP_CHOWN"}, MemoryMiB: 64, Mounts: []Volume{{Name: "v", Path: "/v", ReadOnly: true}}}.options()
	host := got.HostConfig
	if !slices.Equal(host.CapDrop, []string{"ALL"}) || !slices.Equal(host.CapAdd, []string{"CAP_CHOWN"}) || !slices.Contains(host.SecurityOpt, "no-new-privileges:true") ||
		host.Memory != 64<<20 || host.MemorySwap != host.Memory || string(host.NetworkMode) != "none" || len(host.Mounts) != 1 || !host.Mounts[0].ReadOnly {
		t.Errorf("got %+v", host)
	}
	if len(got.Config.Labels) > 0 {
		t.Errorf("it has the labels %v, by which it would be taken for a part of a stack", got.Config.Labels)
	}
}

func TestOnce_GivesSecretsToRootOnly(t *testing.T) {
	local := filepath.Join(t.TempDir(), "dump")
	if err := os.WriteFile(local, []byte("of this machine"), 0o600); err != nil {
		t.Fatal(err)
	}
	once := Once{Files: map[string]string{"/etc/platform/script": "a"}, Secrets: map[string]string{"/etc/platform/key": "b"}, Local: map[string]string{"/tmp/dump": local}}
	content := once.archive()
	modes := map[string]int64{}
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		modes[header.Name] = header.Mode
	}
	if modes["etc/platform/script"] != 0o555 || modes["etc/platform/key"] != 0o400 || modes["tmp/dump"] != 0o444 || len(modes) != 3 {
		t.Errorf("modes are %v", modes)
	}
}

func TestOnce_SaysThatAFileOfThisMachineIsMissing(t *testing.T) {
	content := Once{Local: map[string]string{"/tmp/dump": "/nowhere"}}.archive()
	if _, err := io.Copy(io.Discard, content); err == nil {
		t.Error("nothing is said")
	}
}
