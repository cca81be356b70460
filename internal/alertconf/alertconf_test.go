package alertconf

import (
	"strings"
	"testing"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/golden"
)

// everyKind tells several people in each way that there is.
func everyKind() Options {
	return Options{
		Settings: catalogue.Defaults(),
		Receivers: []Receiver{
			{Name: "mail", Email: &Email{To: "data@example.com", From: "prefect@example.com", Server: "smtp.example.com:587", User: "prefect", PasswordFile: "/etc/platform/mail-password"}},
			{Name: "chat", Slack: &Slack{URLFile: "/etc/platform/chat-url"}},
			{Name: "on call", CriticalOnly: true, PagerDuty: &PagerDuty{KeyFile: "/etc/platform/on-call-key"}},
			{Name: "tickets", Webhook: &Webhook{URLFile: "/etc/platform/tickets-url"}},
		},
		WatchdogFile: "/etc/platform/watchdog-url",
	}
}

func TestRender_IsAsReviewed(t *testing.T) {
	for name, options := range map[string]Options{"every-kind.yml": everyKind(), "nobody.yml": {Settings: catalogue.Defaults()}} {
		text, err := Render(options)
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, name, text)
	}
}

func TestRender_DividesEveryDurationBySpeed(t *testing.T) {
	options := everyKind()
	options.Settings.Speed = 60
	text, err := Render(options)
	if err != nil {
		t.Fatal(err)
	}
	for _, slow := range []string{"5m", "4h", "1d", "30s"} {
		if strings.Contains(text, ": "+slow+"\n") {
			t.Errorf("still waits %s:\n%s", slow, text)
		}
	}
}

func TestRender_RefusesReceiversThatReachNobody(t *testing.T) {
	for name, each := range map[string]struct {
		receiver Receiver
		says     string
	}{
		"without a name":     {Receiver{Webhook: &Webhook{"f"}}, "needs a name of its own"},
		"of two kinds":       {Receiver{Name: "x", Webhook: &Webhook{"f"}, Slack: &Slack{"f"}}, "is 2 kinds"},
		"of no kind":         {Receiver{Name: "x"}, "is 0 kinds"},
		"without a port":     {Receiver{Name: "x", Email: &Email{To: "a@b", From: "a@b", Server: "smtp"}}, "not host:port"},
		"without an address": {Receiver{Name: "x", Email: &Email{From: "a@b", Server: "smtp:25"}}, "needs addresses"},
		"without a password": {Receiver{Name: "x", Email: &Email{To: "a@b", From: "a@b", Server: "smtp:25", User: "u"}}, "a user needs a password"},
		"without a key":      {Receiver{Name: "x", PagerDuty: &PagerDuty{}}, "needs the file with its key"},
		"without a URL":      {Receiver{Name: "x", Slack: &Slack{}}, "needs the file with its URL"},
		"without a hook":     {Receiver{Name: "x", Webhook: &Webhook{}}, "needs the file with its URL"},
		"for nights only":    {Receiver{Name: "x", CriticalOnly: true, Webhook: &Webhook{"f"}}, "warnings would reach nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Render(Options{Receivers: []Receiver{each.receiver}}); err == nil || !strings.Contains(err.Error(), each.says) {
				t.Errorf("got %v, not %q", err, each.says)
			}
		})
	}
}

func TestTexts_AreCheckedBeforeTheyAreNeeded(t *testing.T) {
	for name, each := range map[string]struct{ text, says string }{
		"broken":             {`{{ define "x" }}{{ if }}{{ end }}`, "missing value for if"},
		"an unknown field":   {strings.Replace(Texts, ".Alerts.Firing", ".Alert", 1), "can't evaluate field Alert"},
		"an unknown part":    {strings.ReplaceAll(Texts, `define "platform.escaped"`, `define "platform.escape"`), `"platform.escaped" not defined`},
		"a missing template": {strings.ReplaceAll(Texts, `define "platform.slack"`, `define "platform.slick"`), `"platform.slack" is used and not defined`},
	} {
		if err := checkTexts(each.text); err == nil || !strings.Contains(err.Error(), each.says) {
			t.Errorf("%s: got %v, not %q", name, err, each.says)
		}
	}
}
