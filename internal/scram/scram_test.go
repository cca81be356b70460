package scram

import "testing"

// The expected verifier was computed with Python's hashlib from RFC 5802's definitions.
func TestVerifier_IsWhatPostgreSQLWouldStore(t *testing.T) {
	got, err := Verifier(`p@ss:w/o#r?d%&+=[x] '\"`, "0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	want := "SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$LOWgMNE6jfMgluyVk0/Fw3s+pRFb/bXlAeTr9gSBsFc=:qpDKFdjbRCPOv/pTQ2cgLoR3TgHLbXFIr5jUwSwWiGU="
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestVerifier_RefusesTextThatSASLprepWouldChange(t *testing.T) {
	for _, password := range []string{"pässword-of-some-length", "with\ttab-of-some-length", "full\u3000width"} {
		if got, err := Verifier(password, "0123456789abcdef"); err == nil {
			t.Errorf("%q gave %s", password, got)
		}
	}
}

func TestVerifier_RefusesAShortSalt(t *testing.T) {
	if got, err := Verifier("password", "short"); err == nil {
		t.Errorf("gave %s", got)
	}
}
