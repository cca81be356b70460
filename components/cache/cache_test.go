package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func TestAccounts_HoldHashesOfThePasswordsOnly(t *testing.T) {
	got := accounts([]string{"old password", "new password"})
	for _, password := range []string{"old password", "new password"} {
		hash := sha256.Sum256([]byte(password))
		if !strings.Contains(got, " #"+hex.EncodeToString(hash[:])) {
			t.Errorf("%s is not accepted:\n%s", password, got)
		}
		if strings.Contains(got, password) {
			t.Errorf("%s is there in plaintext", password)
		}
	}
	if !strings.Contains(got, "user default on resetpass #") {
		t.Errorf("the account could keep an empty password:\n%s", got)
	}
}

func TestConfiguration_EvictsNothingAndLeavesRoomForRewriting(t *testing.T) {
	got := configuration(256)
	for _, want := range []string{"maxmemory 192mb\n", "maxmemory-policy noeviction\n", "appendonly yes\n", "aclfile /data/users.acl\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q", want)
		}
	}
}

func TestAccounts_LetTheHealthCheckDoNothingButPing(t *testing.T) {
	if got := accounts([]string{"p"}); !strings.Contains(got, "user health on nopass resetkeys resetchannels -@all +ping\n") {
		t.Errorf("got\n%s", got)
	}
}
