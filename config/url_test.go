package config

import "testing"

func TestPublicURL_NamesThePortThatClientsUse(t *testing.T) {
	for _, each := range []struct {
		https, public int
		want          string
	}{
		{8443, 0, "https://prefect.example.org:8443"},
		{443, 0, "https://prefect.example.org"},
		{8443, 443, "https://prefect.example.org"},
		{443, 9443, "https://prefect.example.org:9443"},
	} {
		c := Config{Host: "prefect.example.org", Edge: Edge{HTTPSPort: each.https, PublicPort: each.public}}
		if got := c.PublicURL(); got != each.want {
			t.Errorf("ports %d and %d give %s, want %s", each.https, each.public, got, each.want)
		}
	}
}

func TestPublicURL_PutsIPv6InBrackets(t *testing.T) {
	for port, want := range map[int]string{443: "https://[2001:db8::1]", 8443: "https://[2001:db8::1]:8443"} {
		if got := (Config{Host: "2001:db8::1", Edge: Edge{HTTPSPort: port}}).PublicURL(); got != want {
			t.Errorf("port %d gives %s, want %s", port, got, want)
		}
	}
}
