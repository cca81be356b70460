package monitoring

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/alertconf"
	"prefect-platform/internal/workload"
)

// Names of Alertmanager's secret files.
const (
	receiverFile = "receiver-"
	watchdogFile = "watchdog-url"
)

// receivers are those of the configuration, in Alertmanager's terms.
func (a Args) receivers() []alertconf.Receiver {
	all := make([]alertconf.Receiver, 0, len(a.Options.Receivers))
	for _, r := range a.Options.Receivers {
		made := alertconf.Receiver{Name: r.Name, CriticalOnly: r.CriticalOnly}
		file := workload.FilesDir + "/" + receiverFile + r.Name
		switch r.Kind {
		case config.Email:
			made.Email = &alertconf.Email{To: r.To, From: r.From, Server: r.Server, User: r.User, Plain: r.Plain}
			if r.User != "" {
				made.Email.PasswordFile = file
			}
		case config.Slack:
			made.Slack = &alertconf.Slack{URLFile: file}
		case config.PagerDuty:
			made.PagerDuty = &alertconf.PagerDuty{KeyFile: file}
		case config.Webhook:
			made.Webhook = &alertconf.Webhook{URLFile: file}
		}
		all = append(all, made)
	}
	return all
}

func (a Args) watchdogFile() string {
	if a.Secrets.WatchdogURL == "" {
		return ""
	}
	return workload.FilesDir + "/" + watchdogFile
}

// receiverFiles are the secrets of the receivers.
func (a Args) receiverFiles() map[string]workload.File {
	files := map[string]workload.File{}
	for name, secret := range a.Secrets.Receivers {
		files[receiverFile+name] = secretFile(secret)
	}
	if a.Secrets.WatchdogURL != "" {
		files[watchdogFile] = secretFile(a.Secrets.WatchdogURL)
	}
	return files
}

func secretFile(text string) workload.File {
	return workload.SecretText(pulumi.ToSecret(pulumi.String(text)).(pulumi.StringOutput))
}
