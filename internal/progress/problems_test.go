package progress

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

func TestClean_LeavesWhatSomebodyCanActOn(t *testing.T) {
	for message, want := range map[string]string{
		"<{%fg 1%}>error<{%reset%}> here":                                            "error here",
		"an unhandled error occurred: program failed: \nwaiting for RPCs: no disk\n": "no disk",
		"program failed: 1 error occurred:\n\t* no disk\n\n":                         "no disk",
		"2 errors occurred:\n\t* no disk\n\t* no memory\n":                           "no disk\n\t* no memory",
		"exit status 32\n": "",
		"update failed\n":  "",
		"  sdk-v2/provider2.go:571: sdk.helper_schema: no disk: provider=docker\n": "",
		"the log says:\n* starting\n* stopping\n":                                  "the log says:\n* starting\n* stopping",
	} {
		if got := clean(message); got != want {
			t.Errorf("%q: got %q, want %q", message, got, want)
		}
	}
}

func TestProblems_NamesAMandatoryPolicyOnly(t *testing.T) {
	var p problems
	p.policy(apitype.PolicyEvent{PolicyName: "pinned-images", EnforcementLevel: "mandatory", Message: "no tag", ResourceURN: "urn:pulumi:dev::p::t::api"})
	p.policy(apitype.PolicyEvent{PolicyName: "limits", EnforcementLevel: "advisory", Message: "no limit"})
	if len(p.texts) != 1 || p.texts[0] != "api: policy pinned-images: no tag" {
		t.Errorf("got %q", p.texts)
	}
}

func TestProblems_ShowsAWarningOnce(t *testing.T) {
	var p problems
	warning := apitype.DiagnosticEvent{Severity: "warning", Message: "old key"}
	if got := p.diagnostic(warning); got != "old key" {
		t.Errorf("got %q", got)
	}
	if got := p.diagnostic(warning); got != "" {
		t.Errorf("again: %q", got)
	}
	if got := p.diagnostic(apitype.DiagnosticEvent{Severity: "warning", Message: "using pulumi-resource-docker from $PATH at /opt/bin/x"}); got != "" {
		t.Errorf("the lab's plugins are worth no warning: %q", got)
	}
}
