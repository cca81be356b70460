package report

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"pgregory.net/rapid"

	"prefect-platform/internal/tokens"
)

const urn = "urn:pulumi:prod::prefect-platform::prefect-platform:database:Database$" + tokens.Container + "::database-server"

// hostileSecrets are what a password, a token or a key may look like.
var hostileSecrets = []string{
	`p@ss:w/o#r?d%&+=[x]` + "`" + `<b>"'\`, "--> <!-- prefect-platform preview prod -->", "multi\nline secret\nwith a third line", "  spaces   inside  ",
	"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n", `{"TOKEN":"abc\"def"}`, "日本語のパスワード", strings.Repeat("x", 5000),
}

// told gives a report an event for every way in which a text could come into it.
func told(r *Report, text string) {
	quoted, encoded := strconv.Quote(text), fmt.Sprintf("%q", text)
	inJSON, _ := json.Marshal(text)
	for _, form := range []string{text, quoted, encoded, string(inJSON), url.QueryEscape(text), url.UserPassword("u", text).String(), "a line of it: " + strings.ReplaceAll(text, "\n", "\r\n")} {
		r.Event(apitype.EngineEvent{PolicyEvent: &apitype.PolicyEvent{ResourceURN: urn, PolicyName: "secrets-environment", EnforcementLevel: "mandatory", Message: "No secret.\ndatabase-server: found " + form + "; change " + form}})
		r.Event(apitype.EngineEvent{PolicyEvent: &apitype.PolicyEvent{ResourceURN: urn, PolicyName: "exceptions", EnforcementLevel: "advisory", Message: form}})
		r.Event(apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "error", URN: urn, Message: form}})
		r.Event(apitype.EngineEvent{ErrorEvent: &apitype.ErrorEvent{Error: form}})
		r.Refuse(form)
		r.Fail(strings.Repeat("y", 1990) + form) // across the length at which a text is cut
		r.Mend(form)
	}
	r.Event(step(apitype.OpReplace, map[string]any{"image": "old", "envs": []any{text}, "command": []any{text}}, map[string]any{"image": "new", "envs": []any{"[secret]"}, "command": []any{text + "x"}}))
}

func step(op apitype.OpType, before, after map[string]any) apitype.EngineEvent {
	return apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Planning: true, Metadata: apitype.StepEventMetadata{
		Op: op, URN: urn, Type: tokens.Container, Diffs: []string{"command", "envs", "image"},
		Old: &apitype.StepEventStateMetadata{Custom: true, Inputs: before}, New: &apitype.StepEventStateMetadata{Custom: true, Inputs: after},
	}}}
}

func TestMarkdown_HoldsNoSecretHoweverItWasSpelled(t *testing.T) {
	for _, secret := range hostileSecrets {
		r := New(About{Stack: "prod"})
		r.Hide(hostileSecrets)
		told(r, secret)
		expectHidden(t, r.Markdown(), secret)
	}
}

func TestMarkdown_HoldsNoPartOfASecretObject(t *testing.T) {
	r := New(About{Stack: "prod"})
	r.Hide([]string{`{"TOKEN": "of the warehouse", "nested": [{"DSN": "postgres://me:inside-secret@db/x"}]}`})
	for _, part := range []string{"of the warehouse", "postgres://me:inside-secret@db/x"} {
		told(r, part)
		expectHidden(t, r.Markdown(), part)
	}
}

func TestMarkdown_HoldsNoRandomSecret(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.StringMatching(`[ -~]{8,60}`).Draw(rt, "secret")
		r := New(About{Stack: "prod"})
		r.Hide([]string{secret})
		told(r, secret)
		expectHidden(rt, r.Markdown(), secret)
	})
}

// expectHidden looks for any eight characters of the secret in a row that no other part of the report has.
func expectHidden(t interface{ Errorf(string, ...any) }, report, secret string) {
	empty := New(About{Stack: "prod"})
	told(empty, "")
	innocent := empty.Markdown() + "-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----"
	runes := []rune(strings.TrimSpace(secret))
	for i := 0; i+8 <= len(runes); i++ {
		if part := string(runes[i : i+8]); strings.TrimSpace(part) != "" && strings.Contains(report, part) && !strings.Contains(innocent, part) {
			t.Errorf("%q of the secret %q is in the report:\n%.3000s", part, secret, report)
			return
		}
	}
}

// A value is shown only where its property is known to be plain, and never where Pulumi calls it secret or does not know it yet.
func TestProperties_ShowsPlainValuesOnly(t *testing.T) {
	for want, each := range map[string][2]map[string]any{
		"`image` `postgres:18.5` → `postgres:18.6`": {{"image": "postgres:18.5"}, {"image": "postgres:18.6"}},
		"`image`":                 {{"image": "postgres:18.5"}, {"image": "[secret]"}},
		"`memory`":                {{"memory": float64(512)}, {"memory": unknown}},
		"`memory` `512` → `1024`": {{"memory": float64(512)}, {"memory": float64(1024)}},
		"`envs`":                  {{"envs": []any{"A=b"}}, {"envs": []any{"A=c"}}},
		"`command`":               {{"command": []any{"a"}}, {"command": []any{"b"}}},
		"`labels`":                {{"labels": "a"}, {"labels": "b"}},
		"`user`":                  {{"user": "1"}, {"user": strings.Repeat("9", 200)}},
		"`ports` `127.0.0.1:8443 to 8443` → `0.0.0.0:443 to 8443`": {{"ports": []any{port("127.0.0.1", 8443)}}, {"ports": []any{port("0.0.0.0", 443)}}},
	} {
		e := step(apitype.OpReplace, each[0], each[1]).ResourcePreEvent.Metadata
		e.Diffs = nil
		e.DetailedDiff = map[string]apitype.PropertyDiff{}
		for name := range each[0] {
			e.DetailedDiff[name+"[0].inner"] = apitype.PropertyDiff{}
		}
		if got := strings.Join(properties(e), ", "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func port(ip string, external int) map[string]any {
	return map[string]any{"ip": ip, "external": float64(external), "internal": float64(8443), "protocol": "tcp"}
}

// Nothing that a pull request names can end a comment, address a person or pass for a part of the report.
func TestCode_MeansNothingButItself(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                   "`plain`",
		"a`b":                     "`` a`b ``",
		"``":                      "``` `` ```",
		"two\n\n## lines":         "`two ## lines`",
		"<!-- prefect -->":        "`<! -- prefect -- >`",
		"":                        "(nothing)",
		"@everyone <img src=x>":   "`@everyone <img src=x>`",
		"broken \xff\xfe letters": "`broken � letters`",
	} {
		if got := code(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	if got := code(strings.Repeat("é", 4000)); !utf8.ValidString(got) || len(got) > 2010 {
		t.Errorf("%d bytes, valid %v", len(got), utf8.ValidString(got))
	}
}

func TestMarkdown_EndsCleanlyWhenItIsTooLong(t *testing.T) {
	r := New(About{Stack: "prod", Nothing: true})
	for i := range 3000 {
		e := step(apitype.OpCreate, nil, map[string]any{})
		e.ResourcePreEvent.Metadata.URN += fmt.Sprintf("-%d-%s", i, strings.Repeat("n", i%90))
		r.Event(e)
	}
	got := r.Markdown()
	if len(got) > Limit || len(got) < Limit*9/10 {
		t.Errorf("%d bytes, want %d at most and not much less", len(got), Limit)
	}
	if opened, closed := strings.Count(got, detailsOpen), strings.Count(got, detailsClose); opened != closed || opened == 0 {
		t.Errorf("%d details opened and %d closed", opened, closed)
	}
	if !strings.Contains(got[len(got)-200:], "lines more do not fit here") {
		t.Errorf("it does not say so: %q", got[len(got)-200:])
	}
	if !strings.HasPrefix(got, "## Preview of `prod`: fine, 3000 to create\n"+Mark("prod")+"\n") {
		t.Errorf("begins with %q", got[:120])
	}
}

func TestMark_CannotBeEndedByAName(t *testing.T) {
	if got, want := Mark("a--> b"), "<!-- prefect-platform preview a----b -->"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
