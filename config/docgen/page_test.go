package main

import (
	"os"
	"strings"
	"testing"
)

func TestPage_IsWhatIsCommitted(t *testing.T) {
	want, err := page("..")
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != string(want) {
		t.Error("docs/configuration.md is not current: run `go generate ./config` and commit it")
	}
}

func TestPage_ShowsPathTypeDefaultAndMeaning(t *testing.T) {
	got, err := page("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"| `timeZone` | text | `UTC` | The IANA name of the zone",
		"| `edge.cpus` | number | `1` | The CPU limit of the nginx container",
		"| `edge.allow` | list of texts | none | Lists the networks",
		"| `edge.limits.webSocket.burst` | whole number | `100` | The rate of new connections to the five WebSocket paths: the number of requests",
		"| `workers[].pool` | text | `default` | The name of the work pool",
		"| `workers[].environment` | names and texts | none | Added to the environment",
		"| `rotation.redis.keep` | true, false | `false` | The password of the cache: leaves the other slot valid too.",
		"| `tlsKey` | text | The PEM private key",
		"| `docker:sshOpts` | list of texts | Arguments for ssh",
	} {
		if !strings.Contains(string(got), "\n"+line) {
			t.Errorf("no line begins with %s", line)
		}
	}
}

func TestSentence_TakesTheGoNameOff(t *testing.T) {
	for comment, want := range map[string]string{
		"Limit is the number\nof runs.": "The number of runs.",
		"Limit holds a|b.":              `Holds a\|b.`,
		"What is there.":                "What is there.",
	} {
		if got := sentence("Limit", comment); got != want {
			t.Errorf("%q becomes %q, want %q", comment, got, want)
		}
	}
}
