package recovery

import (
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"prefect-platform/config"
)

func TestKey_IsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Key{
			Repository: rapid.StringN(1, -1, -1).Draw(t, "repository"), Key: rapid.StringN(1, -1, -1).Draw(t, "key"),
			User: rapid.String().Draw(t, "user"), Secret: rapid.String().Draw(t, "secret"), KnownHosts: rapid.String().Draw(t, "known hosts"),
		}
		word := want.String()
		at := rapid.IntRange(0, len(word)).Draw(t, "line break")
		got, err := ParseKey(" " + word[:at] + "\r\n  " + word[at:] + "\n")
		if err != nil || got != want {
			t.Fatalf("%+v became %+v: %v", want, got, err)
		}
	})
}

func TestParseKey_RefusesWhatIsNotAWholeKey(t *testing.T) {
	whole := Key{Repository: "s3:https://host/bucket/path", Key: "abc"}.String()
	for _, text := range []string{"", "hunter2", mark, whole[:len(whole)-4], strings.TrimPrefix(whole, mark), Key{Repository: "rest:https://host/path"}.String()} {
		if key, err := ParseKey(text); err == nil {
			t.Errorf("%q is taken for %+v", text, key)
		}
	}
}

func TestRead_TakesARecoveryKeyAndTheKeyAlone(t *testing.T) {
	whole := Key{Repository: "s3:https://host/bucket/path", Key: "abc", User: "u", Secret: "s", KnownHosts: "h"}
	for text, want := range map[string]Key{" " + whole.String()[:20] + "\r\n" + whole.String()[20:] + "\n": whole, " gJ7rT2mW9qLx4VbN\n": {Key: "gJ7rT2mW9qLx4VbN"}, "two words": {Key: "two words"}} {
		if got, err := Read(text); err != nil || got != want {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " \n", mark, whole.String()[:40]} {
		if got, err := Read(text); err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

func TestKept_HasWhatIsEncryptedAndThePasswordInUse(t *testing.T) {
	text, err := Keep(map[string]string{"prefect-platform:tlsKey": "pem", "prefect-platform:workerSecrets": `{"A":"b"}`}, "apiPassword", "b", `p"w`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Kept(text)
	want := map[string]string{"prefect-platform:tlsKey": "pem", "prefect-platform:workerSecrets": `{"A":"b"}`, "prefect-platform:apiPasswordB": `p"w`}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestStrip_LeavesWhatCanStillBeRead(t *testing.T) {
	const before = `# of the team
secretsprovider: awskms://alias/ours
encryptedkey: AAAB
encryptionsalt: v1:abc
config:
  docker:host: ssh://deploy@new-host
  prefect-platform:production: true
  # for the nightly runs
  prefect-platform:backup:
    enabled: true
    repository: s3:https://host/bucket/path
  prefect-platform:tlsKey:
    secure: v1:AAAC
  prefect-platform:workers:
    - name: default
      environment:
        TOKEN:
          secure: v1:AAAD
`
	rest, values, err := Strip([]byte(before))
	if err != nil {
		t.Fatal(err)
	}
	const want = `# of the team
config:
  docker:host: ssh://deploy@new-host
  prefect-platform:production: true
  # for the nightly runs
  prefect-platform:backup:
    enabled: true
    repository: s3:https://host/bucket/path
`
	if string(rest) != want {
		t.Errorf("left\n%s", rest)
	}
	wantValues := map[string]string{
		"docker:host": "ssh://deploy@new-host", "prefect-platform:production": "true",
		"prefect-platform:backup": `{"enabled":true,"repository":"s3:https://host/bucket/path"}`,
	}
	if !maps.Equal(values, wantValues) {
		t.Errorf("values are %v", values)
	}
}

func TestStrip_TakesAFileWithoutConfiguration(t *testing.T) {
	for _, text := range []string{"", "encryptionsalt: v1:abc\n", "config: {}\n"} {
		if rest, values, err := Strip([]byte(text)); err != nil || len(values) > 0 || strings.Contains(string(rest), "salt") {
			t.Errorf("%q: %q %v %v", text, rest, values, err)
		}
	}
	if _, _, err := Strip([]byte("config: [")); err == nil {
		t.Error("takes what is no YAML")
	}
}

func TestSlotKey_IsAKeyOfTheConfiguration(t *testing.T) {
	known := map[string]bool{}
	for _, key := range config.SecretKeys() {
		known[key] = true
	}
	for _, name := range []string{"apiPassword", "backupPassword"} {
		for _, slot := range []string{"a", "b"} {
			if !known[SlotKey(name, slot)] {
				t.Errorf("%s is none", SlotKey(name, slot))
			}
		}
	}
}
