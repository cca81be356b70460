// Package catalogue says what is watched: where metrics come from, which rules judge them, and what a person is told. Scrape configuration, rules, guards against
// sources that vanish, the index of runbooks and the tests are all made from it, so that none of them can know something that the others do not.
package catalogue

import (
	"slices"
	"time"
)

// Catalogue is what a stack's monitoring consists of.
type Catalogue struct {
	Settings   Settings
	Jobs       []Job
	Modules    []Module // of the blackbox exporter
	Groups     []Group
	Dashboards []Dashboard
}

// Group is a set of rules that are evaluated one after the other; each has a file of its own.
type Group struct {
	Name       string
	Recordings []Recording
	Alerts     []Alert
}

// Recording is a value computed once for many.
type Recording struct {
	Name   string
	Labels map[string]string
	Expr   string
}

// Alert is a rule that tells somebody. Its runbook is docs/runbooks/<Name>.md.
type Alert struct {
	Name string
	// Expr is PromQL. Its windows, like For, are divided by Settings.Speed; plain numbers are not.
	Expr        string
	For         time.Duration
	KeepFiring  time.Duration
	Severity    Severity
	Service     Service
	Summary     string // one fixed sentence, the same for every instance
	Description string // a template that says what was measured
	Labels      map[string]string
}

// Severity says who is told.
type Severity string

// The severities. None reaches no person.
const (
	Critical Severity = "critical" // somebody gets up
	Warning  Severity = "warning"  // somebody looks at it today
	None     Severity = "none"
)

// Service is what fails, and what alerts are grouped and muted by.
type Service string

// The services.
const (
	Prefect    Service = "prefect"
	Postgres   Service = "postgres"
	Edge       Service = "edge"
	Host       Service = "host"
	Backup     Service = "backup"
	Monitoring Service = "monitoring"
	Objectives Service = "slo"
)

// Labels of every alert, which routes, inhibitions and templates go by.
const (
	LabelSeverity = "severity"
	LabelService  = "service"
)

// New returns the catalogue of a stack. Check says what is wrong with it.
func New(s Settings) *Catalogue {
	c := &Catalogue{Settings: s, Jobs: jobs(s), Modules: modules(s)}
	c.Groups = []Group{
		prefectRules(s), postgresRules(s), edgeRules(s), tlsRules(s), hostRules(s), selfRules(),
	}
	c.Groups = append(c.Groups, objectiveRules(s)...)
	if s.Backup {
		c.Groups = append(c.Groups, backupRules(s))
	}
	if s.Canary {
		c.Groups = append(c.Groups, canaryRules(s))
	}
	if s.Logs {
		c.Groups = append(c.Groups, logRules())
	}
	c.Groups = append(c.Groups, guards(c.Jobs))
	c.Dashboards = dashboards(s)
	c.hasten()
	return c
}

// Alerts returns the alerts of all groups.
func (c *Catalogue) Alerts() []Alert {
	var alerts []Alert
	for _, group := range c.Groups {
		alerts = append(alerts, group.Alerts...)
	}
	return alerts
}

// Names returns the name of each alert once, sorted: the runbooks that must exist.
func (c *Catalogue) Names() []string {
	var names []string
	for _, alert := range c.Alerts() {
		names = append(names, alert.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
