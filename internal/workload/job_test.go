package workload

import (
	"strings"
	"testing"
)

func TestJobError_IsNoneForExitCodeZero(t *testing.T) {
	if err := jobError("prefect-migrate", "urn", 0, "done"); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestJobError_ShowsTheJobsOwnLogAndTheWayOn(t *testing.T) {
	log := "\x02\x00\x00\x00\x00\x00\x00\x08column x\x01\x00\x00\x00\x00\x00\x00\x05gone\n"
	err := jobError("prefect-migrate", "urn:pulumi:dev::p::t::prefect-migrate", 1, log)
	if err == nil {
		t.Fatal("no error for exit code 1")
	}
	for _, want := range []string{"prefect-migrate failed with exit code 1", "column xgone", "pulumi up --replace 'urn:pulumi:dev::p::t::prefect-migrate'"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	if strings.ContainsAny(err.Error(), "\x00\x01\x02") {
		t.Errorf("%q holds stream headers", err)
	}
}

func TestWithoutStreamHeaders_LeavesPlainTextAlone(t *testing.T) {
	for _, log := range []string{"", "plain\ntext\n", "\x01\x00\x00", "\x01\x00\x00\x00\x00\x00\x00\xffcut off"} {
		got := withoutStreamHeaders(log)
		if want := strings.TrimPrefix(log, "\x01\x00\x00\x00\x00\x00\x00\xff"); got != want {
			t.Errorf("%q became %q", log, got)
		}
	}
}

func TestLastLines_KeepsTheEnd(t *testing.T) {
	if got := lastLines("a\nb\nc\n", 2); got != "b\nc" {
		t.Errorf("got %q", got)
	}
}
