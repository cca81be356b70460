package rules

import (
	"fmt"
	"net/url"
	"slices"

	"prefect-platform/internal/tokens"
)

// These rules judge a monitoring component by what it records. Until there is one, they have nothing to judge, and nothing demands it.
var monitoringRules = []Rule{
	{
		ID:         "monitoring-receivers",
		Sentence:   "In production somebody is told of alerts.",
		Why:        "An alert that nobody gets is none (Google SRE, ch. 6; OWASP ASVS 5.0 16.1.1).",
		Production: true,
		Resource: func(c *Case) {
			v := c.Property(tokens.InputReceivers)
			if c.Is(tokens.Monitoring) && !v.Unknown() && !anyUnknown(v) && len(v.Texts()) == 0 {
				c.Refuse("it has no receiver", "name who is told of alerts in the configuration of monitoring")
			}
		},
	},
	{
		ID:         "monitoring-watchdog",
		Sentence:   "In production somebody elsewhere notices when monitoring itself is down.",
		Why:        "A host that is down sends no alert: a sign of life must be missed by someone who is not on it (Prometheus docs, alerting practices, metamonitoring).",
		Production: true,
		Resource: func(c *Case) {
			v := c.Property(tokens.InputWatchdog)
			if !c.Is(tokens.Monitoring) || v.Unknown() {
				return
			}
			text, _ := v.Text()
			if at, err := url.Parse(text); err != nil || at.Scheme != "https" || onHost(at.Hostname()) {
				c.Refuse("it has no watchdog elsewhere that is reached by https", "name the URL to which signs of life are sent")
			}
		},
	},
	{
		ID:       "monitoring-scraped",
		Sentence: "Each workload that runs is asked for metrics, or left out by name.",
		Why:      "What nobody looks at fails unseen (Google SRE, ch. 6).",
		Stack: func(c *Case, all []Resource) {
			at := slices.IndexFunc(all, func(r Resource) bool { return r.Type == tokens.Monitoring })
			if at < 0 {
				return
			}
			known := append(c.PropertyOf(all[at], tokens.InputScraped).Texts(), c.PropertyOf(all[at], tokens.InputExempt).Texts()...)
			for _, r := range all {
				if r.Type != tokens.Container || neverStarts(c, r) || runsOnce(c, r) {
					continue
				}
				if name := label(c, r, tokens.LabelWorkload); !slices.Contains(known, name) {
					c.RefuseOf(r, fmt.Sprintf("nobody asks the workload %q for metrics", name), "let monitoring scrape it, or exempt it by name")
				}
			}
		},
	},
}
