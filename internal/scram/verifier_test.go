package scram

import (
	"strings"
	"testing"
)

func TestCheck_AcceptsWhatVerifierReturns(t *testing.T) {
	verifier, err := Verifier("pencil", "0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(verifier); err != nil {
		t.Error(err)
	}
}

func TestCheck_RefusesWhatPostgresWouldTakeForAPasswordOrNotProtect(t *testing.T) {
	verifier, err := Verifier("pencil", "0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	for name, each := range map[string]string{
		"a password":          "pencil",
		"md5":                 "md5d41d8cd98f00b204e9800998ecf8427e",
		"few iterations":      strings.Replace(verifier, "$4096:", "$1:", 1),
		"many digits":         strings.Replace(verifier, "$4096:", "$99999999999999:", 1),
		"a short salt":        strings.Replace(verifier, "MDEyMzQ1Njc4OWFiY2RlZg==", "MDEy", 1),
		"another scheme":      strings.Replace(verifier, "SHA-256", "SHA-1", 1),
		"a short key":         verifier[:len(verifier)-8] + "AAA=",
		"a blank at the end":  verifier + " ",
		"nothing":             "",
		"a key of no base64":  verifier[:len(verifier)-4] + "====",
		"small letters first": strings.ToLower(verifier),
	} {
		if Check(each) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
