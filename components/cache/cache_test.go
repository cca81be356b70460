package cache

import (
	"strings"
	"testing"
)

func TestConfiguration_EvictsNothingAndLeavesRoomForRewriting(t *testing.T) {
	got := configuration(256)
	for _, want := range []string{"maxmemory 192mb\n", "maxmemory-policy noeviction\n", "appendonly yes\n", "aclfile /data/users.acl\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q", want)
		}
	}
}

func TestOwnAccounts_LetNobodyInButForPingAndForTheAccounts(t *testing.T) {
	const want = `user default off resetpass resetkeys resetchannels -@all
user health on nopass resetkeys resetchannels -@all +ping
user accounts on resetpass #5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8 resetkeys resetchannels -@all +acl|setuser +acl|save
`
	if got := ownAccounts("password"); got != want {
		t.Errorf("got\n%s", got)
	}
}
