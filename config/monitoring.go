package config

import (
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Kinds of receivers.
const (
	Email     = "email"
	Slack     = "slack"
	PagerDuty = "pagerduty"
	Webhook   = "webhook"
)

const exampleRunbooks = "https://git.corp.net/data/prefect/src/branch/main/docs/runbooks"

var receiverName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

// othersMiB is what Alertmanager and the exporters may use together, in MiB.
const othersMiB = 320

// CollectorMiB is what the collector of logs may use, in MiB.
const CollectorMiB = 96

// LimitsMiB is what all containers of monitoring may use together, in MiB.
func (m Monitoring) LimitsMiB() int {
	if !m.Enabled {
		return 0
	}
	sum := m.MemoryMiB + othersMiB
	if m.Grafana.Enabled {
		sum += m.Grafana.MemoryMiB
	}
	if m.Logs.Enabled {
		sum += m.Logs.MemoryMiB + CollectorMiB
	}
	return sum
}

func (c Config) checkMonitoring(p *Problems) {
	m := c.Monitoring
	p.between("monitoring.retentionDays", m.RetentionDays, 1, 3650, "days")
	p.between("monitoring.retentionMiB", m.RetentionMiB, 256, 1<<24, "MiB")
	p.between("monitoring.memoryMiB", m.MemoryMiB, 96, 1<<20, "MiB")
	p.between("monitoring.speed", m.Speed, 1, 60, "")
	p.between("monitoring.grafana.memoryMiB", m.Grafana.MemoryMiB, 160, 1<<20, "MiB")
	p.between("monitoring.logs.retentionDays", m.Logs.RetentionDays, 1, 3650, "days")
	p.between("monitoring.logs.memoryMiB", m.Logs.MemoryMiB, 256, 1<<20, "MiB")
	if m.Logs.Enabled && (!m.Enabled || !m.Grafana.Enabled) {
		p.add("monitoring.logs.enabled", "true, without Grafana", "monitoring and Grafana, in which they are read", set("monitoring.logs.enabled", "false"))
	}
	if m.Enabled && m.Canary && len(c.Workers) == 0 {
		p.add("monitoring.canary", "true, and no workers", "false: it runs in the pool of the first of them", set("monitoring.canary", "false"))
	}
	if at, err := url.Parse(m.RunbooksURL); err != nil {
		p.add("monitoring.runbooksUrl", "a text that is no URL", "one that begins with https://", set("monitoring.runbooksUrl", exampleRunbooks))
	} else if m.RunbooksURL != "" && (at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "") {
		p.add("monitoring.runbooksUrl", quote(at.Redacted()), "the URL of a folder, which begins with https://, without a login, ? or #", set("monitoring.runbooksUrl", exampleRunbooks))
	}
	m.Thresholds.check(p)
	m.Objectives.check(p)
	c.checkReceivers(p)
	if text := c.Secrets.WatchdogURL; text != "" {
		c.checkSecretURL(p, "watchdogUrl", text)
	}
	for _, given := range c.Secrets.passwords() {
		// Prometheus takes it from a file, without the spaces around it (prometheus/common, config/http_config.go).
		if m.Enabled && strings.HasPrefix(given.key, "api") && given.value != strings.TrimSpace(given.value) {
			p.add(given.key, "a space at its beginning or end", "none, with monitoring", setSecret(given.key))
		}
	}
}

func (c Config) checkReceivers(p *Problems) {
	seen := map[string]bool{}
	for i, r := range c.Monitoring.Receivers {
		key := fmt.Sprintf("monitoring.receivers[%d]", i)
		switch {
		case !receiverName.MatchString(r.Name):
			p.add(key+".name", quoteOrNothing(r.Name), "1 to 63 letters, digits, _ or -, a letter or digit first", set(key+".name", "team"))
		case seen[r.Name]:
			p.add(key+".name", quote(r.Name)+" again", "a name of its own", "")
		}
		seen[r.Name] = true
		c.checkReceiver(p, key, r)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Secrets.ReceiverSecrets)) {
		if !seen[name] {
			key := join("receiverSecrets", name)
			p.add(key, "a secret of no receiver", "the name of one in monitoring.receivers", remove(key))
		}
	}
	if all := c.Monitoring.Receivers; len(all) > 0 && !slices.ContainsFunc(all, func(r Receiver) bool { return !r.CriticalOnly }) {
		p.add("monitoring.receivers", "only receivers with criticalOnly", "one that gets warnings too: they would reach nobody", set("monitoring.receivers[0].criticalOnly", "false"))
	}
}

func (c Config) checkReceiver(p *Problems, key string, r Receiver) {
	secret, known := c.Secrets.ReceiverSecrets[r.Name]
	secretKey := join("receiverSecrets", r.Name)
	if r.Kind == Email {
		c.checkMail(p, key, r)
		if r.User == "" && known {
			p.add(secretKey, "a password", "no password without "+key+".user", remove(secretKey))
		}
		if r.User != "" && secret == "" && !p.covers("receiverSecrets") {
			p.add(key+".user", quote(r.User)+" without a password", "its password in the secret receiverSecrets", setSecret(secretKey))
		}
		return
	}
	if !slices.Contains([]string{Slack, PagerDuty, Webhook}, r.Kind) {
		p.add(key+".kind", quoteOrNothing(r.Kind), strings.Join([]string{Email, Slack, PagerDuty, Webhook}, ", "), set(key+".kind", Webhook))
		return
	}
	for field, value := range map[string]string{"to": r.To, "from": r.From, "server": r.Server, "user": r.User} {
		if value != "" {
			p.add(key+"."+field, quote(value), "nothing: it is for e-mail", remove(key+"."+field))
		}
	}
	switch {
	case p.covers(key + ".name"), p.covers("receiverSecrets"): // there is no telling which is meant, or what it holds
	case secret == "":
		p.add(key+".name", quote(r.Name)+", of which receiverSecrets holds nothing", map[string]string{PagerDuty: "its integration key there", Slack: "its URL there", Webhook: "its URL there"}[r.Kind], setSecret(secretKey))
	case r.Kind == PagerDuty:
		if strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c > '~' }) {
			p.add(secretKey, "a character that no key has", "the integration key of PagerDuty's Events API v2", setSecret(secretKey))
		}
	default:
		c.checkSecretURL(p, secretKey, secret)
	}
}

func (c Config) checkMail(p *Problems, key string, r Receiver) {
	for field, value := range map[string]string{"to": r.To, "from": r.From} {
		if _, err := mail.ParseAddress(value); err != nil {
			p.add(key+"."+field, quoteOrNothing(value), "an address of mail", set(key+"."+field, "data-team@your-company.com"))
		}
	}
	host, port, err := net.SplitHostPort(r.Server)
	if number, bad := strconv.Atoi(port); err != nil || host == "" || bad != nil || number < 1 || number > 65535 {
		p.add(key+".server", quoteOrNothing(r.Server), "host:port of the mail server", set(key+".server", "mail.your-company.com:587"))
	}
	if r.Plain && c.Production {
		p.add(key+".plain", "true", "a mail server with TLS, in production", set(key+".plain", "false"))
	}
}

// checkSecretURL does not tell the URL: whoever knows it can send.
func (c Config) checkSecretURL(p *Problems, key, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		p.add(key, "a text that is no URL", "a URL that begins with https://", setSecret(key))
	case u.Scheme == "http" && c.Production:
		p.add(key, "a URL that begins with http://", "https, in production: the URL is a secret", setSecret(key))
	}
}

func (t Thresholds) check(p *Problems) {
	const section = "monitoring.thresholds."
	for _, each := range []struct {
		name        string
		value       int
		least, most int
		unit        string
	}{
		{"lateRuns", t.LateRuns, 0, 1_000_000, "flow runs"},
		{"lateRunsCritical", t.LateRunsCritical, 1, 1_000_000, "flow runs"},
		{"longestRunMinutes", t.LongestRunMinutes, 1, 525_600, "minutes"},
		{"transactionMinutes", t.TransactionMinutes, 1, 10_080, "minutes"},
		{"certificateDays", t.CertificateDays, 1, 365, "days"},
		{"certificateCriticalDays", t.CertificateCriticalDays, 1, 365, "days"},
		{"diskFreePercent", t.DiskFreePercent, 1, 90, "%"},
		{"diskFreeCriticalPercent", t.DiskFreeCriticalPercent, 1, 90, "%"},
		{"connectionsPercent", t.ConnectionsPercent, 1, 99, "%"},
		{"errorPercent", t.ErrorPercent, 1, 99, "%"},
	} {
		p.between(section+each.name, each.value, each.least, each.most, each.unit)
	}
	for _, pair := range []struct {
		name     string
		tooLate  bool
		critical int
	}{
		{"lateRunsCritical", t.LateRunsCritical <= t.LateRuns, t.LateRunsCritical},
		{"certificateCriticalDays", t.CertificateCriticalDays >= t.CertificateDays, t.CertificateCriticalDays},
		{"diskFreeCriticalPercent", t.DiskFreeCriticalPercent >= t.DiskFreePercent, t.DiskFreeCriticalPercent},
	} {
		if key := section + pair.name; pair.tooLate && !p.covers(key) {
			p.add(key, strconv.Itoa(pair.critical), "a figure that is reached after that of the warning", "")
		}
	}
}

func (o Objectives) check(p *Problems) {
	const least, most = 94, 99.999
	for _, each := range []struct {
		name  string
		value float64
	}{{"availabilityPercent", o.AvailabilityPercent}, {"schedulingPercent", o.SchedulingPercent}, {"latencyPercent", o.LatencyPercent}} {
		if each.value < least || each.value > most {
			key := "monitoring.objectives." + each.name
			p.add(key, strconv.FormatFloat(each.value, 'g', -1, 64), fmt.Sprintf("%d to %g %%", least, most), set(key, "99"))
		}
	}
}
