package main

import (
	"strings"
	"testing"
)

func TestMasked_TakesOutWhatTheEnvironmentKeepsSecret(t *testing.T) {
	environment := []string{
		"PULUMI_BACKEND_URL=postgres://pulumi:hunter%402@db.corp.net/state", "PULUMI_CONFIG_PASSPHRASE=correct horse", "AWS_SECRET_ACCESS_KEY=wJalr",
		"HOME=/home/deploy", "PWD=/home/deploy", "OLDPWD=/home/deploy", "GITHUB_TOKEN=", "API_KEY=abc",
	}
	got := masked("postgres://pulumi:hunter%402@db.corp.net/state: correct horse, hunter@2, wJalr; /home/deploy, abc", environment)
	if want := "postgres://[secret]@db.corp.net/state: [secret], [secret], [secret]; /home/deploy, abc"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if strings.Contains(got, "hunter") {
		t.Error("the password is left")
	}
}
