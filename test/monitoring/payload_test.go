package monitoring

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/email"
	"github.com/prometheus/alertmanager/notify/pagerduty"
	"github.com/prometheus/alertmanager/notify/slack"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/common/model"

	"prefect-platform/internal/alertconf"
	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/golden"
)

// situations are what people read about: two that fire together, one of which has text that HTML and JSON must escape, and one that is over.
func situations() map[string][]*alert.Alert {
	began := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	one := func(name, description string, ended bool) *alert.Alert {
		a := &alert.Alert{Alert: model.Alert{
			Labels: labelsOf(catalogue.New(settings()), name).Clone(), StartsAt: began, EndsAt: time.Now().Add(time.Hour),
			Annotations: model.LabelSet{"description": model.LabelValue(description), "runbook_url": model.LabelValue("https://git.example.com/docs/runbooks/" + name + ".md")},
		}}
		for _, known := range catalogue.New(settings()).Alerts() {
			if known.Name == name {
				a.Annotations["summary"] = model.LabelValue(known.Summary)
			}
		}
		a.Labels["instance"] = model.LabelValue(description)
		if ended {
			a.EndsAt = began.Add(20 * time.Minute)
		}
		return a
	}
	return map[string][]*alert.Alert{
		"fires": {
			one("PrefectFlowRunFailed", "3 runs of etl/nightly failed or crashed in the last 15 minutes.", false),
			one("PrefectFlowRunFailed", `1 runs of <b>"R&D"</b> failed or crashed in the last 15 minutes.`, false),
		},
		"is-over":  {one("PostgresDown", "The exporter cannot log in since a minute. Clients of Prefect are told to wait; nothing starts.", true)},
		"critical": {one("PostgresDown", "The exporter cannot log in since a minute. Clients of Prefect are told to wait; nothing starts.", false)},
	}
}

// deliver hands alerts to one of Alertmanager's own senders.
func deliver(t *testing.T, sender notify.Notifier, alerts []*alert.Alert) {
	t.Helper()
	group := model.LabelSet{"alertname": alerts[0].Labels["alertname"], "service": alerts[0].Labels["service"]}
	ctx := notify.WithGroupLabels(notify.WithReceiverName(notify.WithGroupKey(context.Background(), "group"), "critical"), group)
	ctx = notify.WithNow(notify.WithNotificationReason(ctx, notify.ReasonFirstNotification), time.Now())
	if _, err := sender.Notify(ctx, alerts...); err != nil {
		t.Fatal(err)
	}
}

func texts(t *testing.T) *template.Template {
	t.Helper()
	texts, err := template.FromGlobs([]string{save(t, t.TempDir(), alertconf.Templates, alertconf.Texts)})
	if err != nil {
		t.Fatal(err)
	}
	texts.ExternalURL = &url.URL{Scheme: "http", Host: "alertmanager:9093"}
	return texts
}

// double stands in for a service and keeps the last body that it was sent, indented.
func double(t *testing.T, status int) (address string, last func() string) {
	t.Helper()
	var body any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "ok")
	}))
	t.Cleanup(server.Close)
	return server.URL, func() string {
		text, err := json.MarshalIndent(body, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		return string(text) + "\n"
	}
}

func critical(t *testing.T, options alertconf.Options) config.Receiver {
	t.Helper()
	for _, receiver := range load(t, options).Receivers {
		if receiver.Name == "critical" {
			return receiver
		}
	}
	t.Fatal("nobody is told of what is critical")
	return config.Receiver{}
}

func TestSlack_IsSentWhatWasReviewed(t *testing.T) {
	address, last := double(t, http.StatusOK)
	options := alertconf.Options{Settings: settings(), Receivers: []alertconf.Receiver{{Name: "chat", Slack: &alertconf.Slack{URLFile: save(t, t.TempDir(), "url", address)}}}}
	sender, err := slack.New(critical(t, options).SlackConfigs[0], texts(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for name, alerts := range situations() {
		deliver(t, sender, alerts)
		golden.Check(t, "slack-"+name+".json", last())
	}
}

func TestPagerDuty_IsSentWhatWasReviewed(t *testing.T) {
	address, last := double(t, http.StatusAccepted)
	options := alertconf.Options{Settings: settings(), Receivers: []alertconf.Receiver{
		{Name: "on call", CriticalOnly: true, PagerDuty: &alertconf.PagerDuty{KeyFile: save(t, t.TempDir(), "key", "the-key"), URL: address}},
		{Name: "tickets", Webhook: &alertconf.Webhook{URLFile: "/run/tickets"}},
	}}
	sender, err := pagerduty.New(critical(t, options).PagerdutyConfigs[0], texts(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for name, alerts := range situations() {
		deliver(t, sender, alerts)
		golden.Check(t, "pagerduty-"+name+".json", last())
	}
}

func TestEmail_IsSentWhatWasReviewed(t *testing.T) {
	address, messages := mailServer(t)
	options := alertconf.Options{Settings: settings(), Receivers: []alertconf.Receiver{
		{Name: "mail", Email: &alertconf.Email{To: "data@example.com", From: "prefect@example.com", Server: address, Plain: true}},
	}}
	sender := email.New(critical(t, options).EmailConfigs[0], texts(t), slog.New(slog.DiscardHandler))
	for name, alerts := range situations() {
		deliver(t, sender, alerts)
		golden.Check(t, "email-"+name+".txt", readable(t, <-messages))
	}
}

// readable keeps of a message what people see.
func readable(t *testing.T, raw string) string {
	t.Helper()
	message, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatalf("%s\n%s", err, raw)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\n", message.Header.Get("From"), message.Header.Get("To"), subject)
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return text
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		text += "\n" + part.Header.Get("Content-Type") + "\n\n" + strings.ReplaceAll(string(body), "\r\n", "\n") + "\n"
	}
}

// mailServer speaks as much SMTP as it takes to be sent a message.
func mailServer(t *testing.T) (address string, messages <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	received := make(chan string, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				converse(textproto.NewConn(conn), received)
			}()
		}
	}()
	return listener.Addr().String(), received
}

func converse(conn *textproto.Conn, received chan<- string) {
	answer := func(text string) { _ = conn.PrintfLine("%s", text) }
	answer("220 double")
	for {
		line, err := conn.ReadLine()
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); verb {
		case "DATA":
			answer("354 go on")
			var message strings.Builder
			if _, err := io.Copy(&message, bufio.NewReader(conn.DotReader())); err != nil {
				return
			}
			received <- message.String()
			answer("250 taken")
		case "QUIT":
			answer("221 bye")
			return
		default:
			answer("250 double")
		}
	}
}
