package live

import (
	"archive/tar"
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
	content, err := Once{Files: map[string]string{"/etc/platform/script": "a"}, Secrets: map[string]string{"/etc/platform/key": "b"}}.archive()
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]int64{}
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if err != nil {
			break
		}
		modes[header.Name] = header.Mode
	}
	if modes["etc/platform/script"] != 0o555 || modes["etc/platform/key"] != 0o400 || len(modes) != 2 {
		t.Errorf("modes are %v", modes)
	}
}
