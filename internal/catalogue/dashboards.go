package catalogue

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Dashboard is a page of Grafana.
type Dashboard struct {
	Name  string // in its address, and of its file
	Title string
	About string
	Rows  []Row
}

// Row is what belongs together on a page.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel shows one thing. Its queries are written as PromQL, with RateInterval as the window of rates.
type Panel struct {
	Title  string
	About  string // what is shown, and what is normal
	Kind   Kind
	Unit   Unit
	Width  int // of 24 columns
	Levels *Levels
	// Queries are shown together. Those of a Number or a Table are asked for now, those of a Graph for the whole range.
	Queries []Query
	Alerts  []string // that judge the same figures
	Text    string   // Markdown, of a Note
	// Waits says what must have happened for there to be anything to see; empty where there always is.
	Waits string
}

// Query is one or more series of a panel.
type Query struct {
	Expr   string
	Legend string // a template over labels, {{label}}
}

// Levels are where a number turns from green to orange and to red. The second is the lower one where little is bad.
type Levels struct{ Warning, Critical float64 }

// Kind is how a panel shows what it has.
type Kind string

// The kinds.
const (
	Graph  Kind = "graph"
	Number Kind = "number"
	Table  Kind = "table"
	Note   Kind = "note"
	Lines  Kind = "lines" // of logs; its one query is LogQL
)

// Unit is what numbers mean, by Grafana's names.
type Unit string

// The units in use.
const (
	Count      Unit = "short"
	Ratio      Unit = "percentunit" // 1 is 100 %
	Seconds    Unit = "s"
	Bytes      Unit = "bytes"
	PerSecond  Unit = "ops"
	YesNo      Unit = "bool_yes_no"
	wholeWidth      = 24
)

// SearchVariable is what people type into a page of logs.
const SearchVariable = "search"

// RateInterval is what Grafana replaces by a window that fits both the range it shows and the pace of scraping.
const RateInterval = "$__rate_interval"

// Sampled is an expression of a panel as Prometheus can evaluate it: with the shortest window that Grafana would choose, four scrapes.
func (s Settings) Sampled(expr string) string {
	return strings.ReplaceAll(expr, RateInterval, Duration(4*s.Interval(usual)))
}

// Pace is how often most sources are asked.
func (c *Catalogue) Pace() time.Duration { return c.Settings.Interval(usual) }

func dashboards(s Settings) []Dashboard {
	return []Dashboard{overviewDashboard(s), prefectDashboard(s), postgresDashboard(s), edgeDashboard(s), hostDashboard(s), logsDashboard(s)}
}

// dashboards are checked as rules are: a panel that can never show anything is a mistake that nobody would notice.
func (k *checker) dashboards() {
	names, alerts := map[string]bool{}, k.catalogue.Names()
	for _, d := range k.catalogue.Dashboards {
		k.at = "dashboard " + d.Name
		k.refuse(!dashboardName.MatchString(d.Name) || names[d.Name], "%q is no name, or is there twice", d.Name)
		k.refuse(d.Title == "" || d.About == "" || len(d.Rows) == 0, "has no title, says nothing about itself, or is empty")
		names[d.Name] = true
		titles := map[string]bool{}
		for _, row := range d.Rows {
			for _, panel := range row.Panels {
				k.at = fmt.Sprintf("dashboard %s: %s", d.Name, panel.Title)
				k.refuse(titles[panel.Title] || panel.Title == "", "has no title of its own")
				titles[panel.Title] = true
				k.panel(panel, alerts)
			}
		}
	}
}

func (k *checker) panel(p Panel, alerts []string) {
	k.refuse(p.Width < 3 || p.Width > wholeWidth, "is %d columns wide", p.Width)
	k.refuse((p.Kind == Note) != (p.Text != ""), "a note has a text, and nothing else has")
	if p.Kind == Note {
		return
	}
	if p.Kind == Lines {
		k.refuse(!k.catalogue.Settings.Logs || p.About == "" || len(p.Queries) != 1, "shows logs that nobody collects, says nothing about itself, or asks for nothing")
		return
	}
	k.refuse(!slices.Contains([]Kind{Graph, Number, Table}, p.Kind), "is of kind %q", p.Kind)
	k.refuse(!slices.Contains([]Unit{Count, Ratio, Seconds, Bytes, PerSecond, YesNo}, p.Unit), "has the unit %q", p.Unit)
	k.refuse(p.About == "" || len(p.Queries) == 0, "says nothing about itself, or asks for nothing")
	for _, query := range p.Queries {
		k.expr(k.catalogue.Settings.Sampled(query.Expr))
		k.refuse(p.Kind == Graph && query.Legend == "", "its line has no legend: %s", query.Expr)
	}
	for _, name := range p.Alerts {
		k.refuse(!slices.Contains(alerts, name), "speaks of an alert %q that does not exist", name)
	}
}
