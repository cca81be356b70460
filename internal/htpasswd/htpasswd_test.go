package htpasswd

import (
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLine_HashesAsTheSpecificationDoes(t *testing.T) {
	// From https://www.akkadia.org/drepper/SHA-crypt.txt, where fewer rounds than 1000 count as 1000.
	got, err := Line("prefect", "the minimum number is still observed", "roundstoolow")
	if err != nil {
		t.Fatal(err)
	}
	if want := "prefect:$5$rounds=1000$roundstoolow$yfvwcWrQ8l/K0DAWyuPMDNHpIVlTQebY9l/gL972bIC\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestLine_HashesAsOpenSSLDoes(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("no openssl to compare with; .ci/packages installs it")
	}
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringOfN(rapid.RuneFrom([]rune(allPrintable)), 1, 120, -1).Draw(t, "password")
		salt := rapid.StringMatching(`[./0-9A-Za-z]{1,16}`).Draw(t, "salt")

		got, err := Line("prefect", password, salt)
		if err != nil {
			t.Fatal(err)
		}
		command := exec.Command(openssl, "passwd", "-5", "-salt", "rounds=1000$"+salt, "-stdin")
		command.Stdin = strings.NewReader(password + "\n")
		hash, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		if want := "prefect:" + string(hash); got != want {
			t.Fatalf("got  %swant %s", got, want)
		}
	})
}

func TestLine_RefusesWhatWouldNotBeOneLine(t *testing.T) {
	for name, each := range map[string]struct{ user, password, salt string }{
		"no user":              {"", "password", "salt"},
		"colon in user":        {"pre:fect", "password", "salt"},
		"comment":              {"#prefect", "password", "salt"},
		"line break in user":   {"prefect\nroot", "password", "salt"},
		"no password":          {"prefect", "", "salt"},
		"umlaut":               {"prefect", "pässword", "salt"},
		"control character":    {"prefect", "pass\x7fword", "salt"},
		"very long password":   {"prefect", strings.Repeat("x", MaxPassword+1), "salt"},
		"no salt":              {"prefect", "password", ""},
		"long salt":            {"prefect", "password", strings.Repeat("s", 17)},
		"salt ends the field":  {"prefect", "password", "a$b"},
		"salt ends the line":   {"prefect", "password", "salt\n"},
		"salt of another form": {"prefect", "password", "rounds=1"},
	} {
		t.Run(name, func(t *testing.T) {
			if line, err := Line(each.user, each.password, each.salt); err == nil {
				t.Errorf("accepted: %s", line)
			} else if each.password != "" && strings.Contains(err.Error(), each.password) {
				t.Errorf("the message shows the password: %v", err)
			}
		})
	}
}

// allPrintable are the 95 characters that a password may have.
var allPrintable = func() string {
	var all strings.Builder
	for r := ' '; r <= '~'; r++ {
		all.WriteRune(r)
	}
	return all.String()
}()
