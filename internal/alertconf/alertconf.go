// Package alertconf writes Alertmanager's configuration: who is told of what, what is told together, and what is not told because something else explains it.
// Nothing in it is secret: addresses and keys of receivers that are secret are read from files.
package alertconf

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"prefect-platform/internal/catalogue"
)

// The files in catalogue.FilesDir.
const (
	Config    = "alertmanager.yml"
	Templates = "platform.tmpl"
)

// Texts are what Templates holds.
//
//go:embed platform.tmpl
var Texts string

// Options are who is told. Without receivers nobody is.
type Options struct {
	Settings  catalogue.Settings
	Receivers []Receiver
	// WatchdogFile holds the URL that is called every five minutes as a sign of life; empty for none.
	WatchdogFile string
}

// Receiver is one way to tell somebody. Exactly one of its kinds is set. Its files are named by their whole path.
type Receiver struct {
	Name         string
	CriticalOnly bool

	Email     *Email
	Slack     *Slack
	PagerDuty *PagerDuty
	Webhook   *Webhook
}

// Email is sent through a server that speaks SMTP.
type Email struct {
	To, From     string
	Server       string // host:port
	User         string // empty: without login
	PasswordFile string
	Plain        bool // the server offers no TLS
}

// Slack is an incoming webhook, whose URL is secret.
type Slack struct{ URLFile string }

// PagerDuty is an integration of the Events API v2.
type PagerDuty struct {
	KeyFile string
	URL     string // empty: PagerDuty's own
}

// Webhook gets Alertmanager's JSON.
type Webhook struct{ URLFile string }

// Names of Alertmanager's own receivers: lists of the ways above.
const (
	everyone = "critical" // also the root: an alert that no route expects must not be lost
	today    = "warning"
	nobody   = "nobody"
	watchdog = "watchdog"
)

type route struct {
	Receiver      string   `yaml:"receiver"`
	Matchers      []string `yaml:"matchers,omitempty"`
	GroupBy       []string `yaml:"group_by,omitempty"`
	GroupWait     string   `yaml:"group_wait,omitempty"`
	GroupInterval string   `yaml:"group_interval,omitempty"`
	Repeat        string   `yaml:"repeat_interval,omitempty"`
	Routes        []route  `yaml:"routes,omitempty"`
}

type inhibition struct {
	Source []string `yaml:"source_matchers"`
	Target []string `yaml:"target_matchers"`
	Equal  []string `yaml:"equal,omitempty"`
}

type receiver struct {
	Name      string            `yaml:"name"`
	Email     []emailConfig     `yaml:"email_configs,omitempty"`
	Slack     []slackConfig     `yaml:"slack_configs,omitempty"`
	PagerDuty []pagerDutyConfig `yaml:"pagerduty_configs,omitempty"`
	Webhook   []webhookConfig   `yaml:"webhook_configs,omitempty"`
}

type emailConfig struct {
	To           string            `yaml:"to"`
	From         string            `yaml:"from"`
	Server       string            `yaml:"smarthost"`
	User         string            `yaml:"auth_username,omitempty"`
	PasswordFile string            `yaml:"auth_password_file,omitempty"`
	RequireTLS   bool              `yaml:"require_tls"`
	Headers      map[string]string `yaml:"headers"`
	HTML         string            `yaml:"html"`
	Text         string            `yaml:"text"`
	SendResolved bool              `yaml:"send_resolved"`
}

type slackConfig struct {
	URLFile      string `yaml:"api_url_file"`
	Color        string `yaml:"color"`
	Title        string `yaml:"title"`
	TitleLink    string `yaml:"title_link"`
	Text         string `yaml:"text"`
	Fallback     string `yaml:"fallback"`
	SendResolved bool   `yaml:"send_resolved"`
}

type pagerDutyConfig struct {
	KeyFile      string            `yaml:"routing_key_file"`
	URL          string            `yaml:"url,omitempty"`
	Severity     string            `yaml:"severity"`
	Description  string            `yaml:"description"`
	Component    string            `yaml:"component"`
	Client       string            `yaml:"client"`
	Details      map[string]string `yaml:"details"`
	SendResolved bool              `yaml:"send_resolved"`
}

type webhookConfig struct {
	URLFile      string `yaml:"url_file"`
	SendResolved bool   `yaml:"send_resolved"`
}

type document struct {
	Route     route        `yaml:"route"`
	Inhibit   []inhibition `yaml:"inhibit_rules"`
	Receivers []receiver   `yaml:"receivers"`
	Templates []string     `yaml:"templates"`
}

// Render returns alertmanager.yml, or everything that Alertmanager would refuse.
func Render(o Options) (string, error) {
	if err := o.check(); err != nil {
		return "", err
	}
	d := document{o.routes(), inhibitions(), o.receivers(), []string{Templates}}
	if err := d.check(); err != nil {
		return "", err
	}
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	err := encoder.Encode(d)
	return text.String(), err
}

func matches(label, value string) string { return fmt.Sprintf("%s=%q", label, value) }

// routes group what has one cause. What is critical is told at once and told again; what is not waits for what may belong to it, and is repeated once a day.
func (o Options) routes() route {
	pace := func(d time.Duration) string { return catalogue.Duration(o.Settings.Pace(d)) }
	root := route{
		Receiver: everyone, GroupBy: []string{"alertname", catalogue.LabelService},
		GroupWait: pace(30 * time.Second), GroupInterval: pace(5 * time.Minute), Repeat: pace(4 * time.Hour),
	}
	alive := route{Receiver: nobody, Matchers: []string{matches("alertname", catalogue.Watchdog)}}
	if o.WatchdogFile != "" {
		alive = route{
			Receiver: watchdog, Matchers: alive.Matchers,
			GroupWait: pace(time.Second), GroupInterval: pace(time.Minute), Repeat: pace(5 * time.Minute),
		}
	}
	root.Routes = []route{
		alive,
		{Receiver: nobody, Matchers: []string{matches(catalogue.LabelSeverity, string(catalogue.None))}},
		{Receiver: everyone, Matchers: []string{matches(catalogue.LabelSeverity, string(catalogue.Critical))}, GroupWait: pace(10 * time.Second)},
		{Receiver: today, Matchers: []string{matches(catalogue.LabelSeverity, string(catalogue.Warning))}, GroupWait: pace(time.Minute), Repeat: pace(24 * time.Hour)},
	}
	return root
}

// inhibitions mute what another alert explains.
func inhibitions() []inhibition {
	alert := func(name string) []string { return []string{matches("alertname", name)} }
	symptoms := func(services ...catalogue.Service) []string {
		names := make([]string, 0, len(services))
		for _, service := range services {
			names = append(names, string(service))
		}
		return []string{fmt.Sprintf("%s=~%q", catalogue.LabelService, strings.Join(names, "|"))}
	}
	return []inhibition{
		{
			Source: []string{matches(catalogue.LabelSeverity, string(catalogue.Critical))},
			Target: []string{matches(catalogue.LabelSeverity, string(catalogue.Warning))},
			Equal:  []string{catalogue.LabelService},
		},
		{Source: alert("PrefectApiDown"), Target: append(symptoms(catalogue.Prefect, catalogue.Edge, catalogue.Objectives), `alertname!~"PrefectApiDown|EdgeWithoutAuth|Certificate.*"`)},
		{Source: alert("PostgresDown"), Target: append(symptoms(catalogue.Prefect, catalogue.Edge, catalogue.Objectives), `alertname!~"EdgeWithoutAuth|Certificate.*"`)},
		{Source: alert("PostgresDown"), Target: alert("BackupNotReceiving")},
		{Source: alert("EdgeDown"), Target: symptoms(catalogue.Objectives)},
		// A source that has vanished is down as well.
		{Source: alert("TargetMissing"), Target: alert("TargetDown"), Equal: []string{"job"}},
	}
}

func (o Options) receivers() []receiver {
	all := []receiver{{Name: everyone}, {Name: today}, {Name: nobody}}
	for _, r := range o.Receivers {
		r.addTo(&all[0])
		if !r.CriticalOnly {
			r.addTo(&all[1])
		}
	}
	if o.WatchdogFile != "" {
		all = append(all, receiver{Name: watchdog, Webhook: []webhookConfig{{o.WatchdogFile, false}}})
	}
	return all
}

func (r Receiver) addTo(to *receiver) {
	switch {
	case r.Email != nil:
		to.Email = append(to.Email, emailConfig{
			To: r.Email.To, From: r.Email.From, Server: r.Email.Server, User: r.Email.User, PasswordFile: r.Email.PasswordFile, RequireTLS: !r.Email.Plain,
			Headers: map[string]string{"Subject": `{{ template "platform.subject" . }}`},
			HTML:    `{{ template "platform.html" . }}`, Text: `{{ template "platform.text" . }}`, SendResolved: true,
		})
	case r.Slack != nil:
		to.Slack = append(to.Slack, slackConfig{
			URLFile: r.Slack.URLFile, Color: `{{ template "platform.color" . }}`, Title: `{{ template "platform.subject" . }}`,
			TitleLink: `{{ template "platform.runbook" . }}`, Text: `{{ template "platform.slack" . }}`, Fallback: `{{ template "platform.subject" . }}`, SendResolved: true,
		})
	case r.PagerDuty != nil:
		to.PagerDuty = append(to.PagerDuty, pagerDutyConfig{
			KeyFile: r.PagerDuty.KeyFile, URL: r.PagerDuty.URL, Severity: `{{ template "platform.severity" . }}`, Description: `{{ template "platform.subject" . }}`,
			Component: `{{ .CommonLabels.service }}`, Client: "prefect-platform",
			Details: map[string]string{"text": `{{ template "platform.text" . }}`, "runbook": `{{ template "platform.runbook" . }}`}, SendResolved: true,
		})
	case r.Webhook != nil:
		to.Webhook = append(to.Webhook, webhookConfig{r.Webhook.URLFile, true})
	}
}

func (o Options) check() error {
	var problems []error
	seen := map[string]bool{}
	for _, r := range o.Receivers {
		refuse := func(when bool, format string, args ...any) {
			if when {
				problems = append(problems, fmt.Errorf("receiver %q: "+format, append([]any{r.Name}, args...)...))
			}
		}
		refuse(r.Name == "" || seen[r.Name], "needs a name of its own")
		seen[r.Name] = true
		kinds := 0
		for _, set := range []bool{r.Email != nil, r.Slack != nil, r.PagerDuty != nil, r.Webhook != nil} {
			if set {
				kinds++
			}
		}
		refuse(kinds != 1, "is %d kinds of receivers, not one", kinds)
		switch {
		case r.Email != nil:
			_, _, err := net.SplitHostPort(r.Email.Server)
			refuse(err != nil, "server %q is not host:port", r.Email.Server)
			refuse(!strings.Contains(r.Email.To, "@") || !strings.Contains(r.Email.From, "@"), "needs addresses to and from")
			refuse((r.Email.User == "") != (r.Email.PasswordFile == ""), "a user needs a password and a password a user")
		case r.Slack != nil:
			refuse(r.Slack.URLFile == "", "needs the file with its URL")
		case r.PagerDuty != nil:
			refuse(r.PagerDuty.KeyFile == "", "needs the file with its key")
		case r.Webhook != nil:
			refuse(r.Webhook.URLFile == "", "needs the file with its URL")
		}
	}
	if err := checkTexts(Texts); err != nil {
		problems = append(problems, err)
	}
	if len(o.Receivers) > 0 && !slices.ContainsFunc(o.Receivers, func(r Receiver) bool { return !r.CriticalOnly }) {
		problems = append(problems, errors.New("every receiver is for critical alerts only, so warnings would reach nobody"))
	}
	return errors.Join(problems...)
}
