package debian

import "testing"

func TestMirrorIn_FindsTheHostsDebianMirror(t *testing.T) {
	for _, c := range []struct{ name, targets, want string }{
		{"a Debian host", "Other Thing http://other.example/\nDebian Debian http://mirror.example/debian/\nDebian Debian-Security http://mirror.example/security/\n", "http://mirror.example/debian/"},
		{"an Ubuntu host", "Ubuntu Ubuntu http://mirror.example/ubuntu/\n", ""},
		{"no lists", "", ""},
	} {
		if got := mirrorIn(c.targets); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
