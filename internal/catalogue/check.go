package catalogue

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

var (
	alertName  = regexp.MustCompile(`^[A-Z][A-Za-z]+$`)
	metricName = regexp.MustCompile(`^[a-z][a-zA-Z0-9_:]*$`)

	dashboardName = regexp.MustCompile(`^[a-z]+$`) // part of addresses
)

// Check reports everything that would fail or stay silent in the running system, so that a preview fails instead.
func (c *Catalogue) Check() error {
	k := checker{catalogue: c, known: c.metrics()}
	k.jobs()
	for _, group := range c.Groups {
		for _, recording := range group.Recordings {
			k.at = group.Name + ": " + recording.Name
			k.refuse(!metricName.MatchString(recording.Name), "is not a name for a metric")
			k.expr(recording.Expr)
		}
		for _, alert := range group.Alerts {
			k.at = group.Name + ": " + alert.Name
			k.alert(alert)
		}
	}
	k.dashboards()
	return errors.Join(k.problems...)
}

type checker struct {
	catalogue *Catalogue
	known     map[string][]string // metrics and their labels
	at        string
	problems  []error
}

func (k *checker) refuse(when bool, format string, args ...any) {
	if when {
		k.problems = append(k.problems, fmt.Errorf("%s: "+format, append([]any{k.at}, args...)...))
	}
}

// metrics are all that a rule may use.
func (c *Catalogue) metrics() map[string][]string {
	known := map[string][]string{"up": everywhere, "ALERTS": {"alertname", "alertstate", LabelSeverity, LabelService}} // Prometheus' own
	for _, job := range c.Jobs {
		for metric, names := range job.Provides {
			known[metric] = slices.Concat(known[metric], everywhere, names)
		}
	}
	for _, group := range c.Groups {
		for _, recording := range group.Recordings {
			known[recording.Name] = nil
		}
	}
	return known
}

func (k *checker) jobs() {
	seen := map[string]bool{}
	for _, job := range k.catalogue.Jobs {
		k.at = "job " + job.Name
		k.refuse(seen[job.Name], "is there twice")
		seen[job.Name] = true
		k.refuse(!slices.Contains(endpoints, job.Endpoint) && job.Endpoint != k.catalogue.Settings.api(), "%s is no endpoint on the monitoring network", job.Endpoint)
		k.refuse(!strings.HasPrefix(job.Path, "/"), "path %q", job.Path)
		k.refuse(job.Interval <= 0 || job.Timeout <= 0, "has no interval or timeout")
		k.refuse(job.Timeout > job.Interval, "its timeout %s is longer than its interval %s", job.Timeout, job.Interval)
		k.refuse(job.Replicas && job.Module != "", "a probe has one target")
		k.refuse((job.Module == "") != (job.Target == ""), "a probe needs a module and a target")
		k.refuse(job.Module != "" && !slices.ContainsFunc(k.catalogue.Modules, func(m Module) bool { return m.Name == job.Module }), "no module %q", job.Module)
		k.refuse(!k.guarded(job), "would vanish without an alert")
	}
}

func (k *checker) guarded(job Job) bool {
	for _, alert := range k.catalogue.Alerts() {
		if alert.Expr == `absent(up{job="`+job.Name+`"})` {
			return true
		}
	}
	return false
}

func (k *checker) alert(a Alert) {
	k.refuse(!alertName.MatchString(a.Name), "a name is CamelCase, as it is the file name of its runbook")
	k.refuse(!slices.Contains([]Severity{Critical, Warning, None}, a.Severity), "severity %q", a.Severity)
	k.refuse(a.Service == "", "belongs to no service")
	k.refuse(a.Summary == "" || strings.Contains(a.Summary, "{{"), "its summary must be one fixed sentence")
	k.refuse(a.For < 0 || a.KeepFiring < 0, "waits a negative time")
	k.expr(a.Expr)
	k.refuse(a.Description == "", "has no description")
	if err := checkText(a.Description); err != nil {
		k.refuse(true, "description: %s", err)
	}
}

// expr parses PromQL and looks for what would make it silent: metrics or labels that nobody provides, and windows that hold no two samples.
func (k *checker) expr(text string) {
	expr, err := parser.ParseExpr(text)
	if err != nil {
		k.refuse(true, "%s", err)
		return
	}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			k.selector(node)
		case *parser.MatrixSelector:
			if selector, ok := node.VectorSelector.(*parser.VectorSelector); ok {
				k.refuse(node.Range < 2*k.interval(selector.Name), "a window of %s holds no two samples of %s", node.Range, selector.Name)
			}
		}
		return nil
	})
}

func (k *checker) selector(s *parser.VectorSelector) {
	names, known := k.known[s.Name]
	k.refuse(!known, "no job provides %q", s.Name)
	for _, matcher := range s.LabelMatchers {
		if matcher.Name == labels.MetricName || !known {
			continue
		}
		k.refuse(!slices.Contains(names, matcher.Name), "%s has no label %q", s.Name, matcher.Name)
		if matcher.Name == "job" && matcher.Type == labels.MatchEqual {
			k.refuse(!k.provides(matcher.Value, s.Name), "the job %q does not provide %s", matcher.Value, s.Name)
		}
	}
}

func (k *checker) provides(name, metric string) bool {
	for _, job := range k.catalogue.Jobs {
		if _, has := job.Provides[metric]; job.Name == name && (has || metric == "up") {
			return true
		}
	}
	return false
}

// interval is the longest between two samples of a metric.
func (k *checker) interval(metric string) time.Duration {
	longest := time.Duration(0)
	for _, job := range k.catalogue.Jobs {
		if _, has := job.Provides[metric]; has {
			longest = max(longest, job.Interval)
		}
	}
	return longest
}

// checkText parses a template of Prometheus and fills it in, with functions of the same names and kinds.
func checkText(text string) error {
	number := func(any) string { return "" }
	page, err := template.New("").Funcs(template.FuncMap{
		"humanize": number, "humanize1024": number, "humanizeDuration": number, "humanizePercentage": number, "humanizeTimestamp": number,
	}).Parse(`{{ $labels := .Labels }}{{ $value := .Value }}` + text)
	if err != nil {
		return err
	}
	return page.Execute(&strings.Builder{}, map[string]any{"Labels": map[string]string{}, "Value": 0.0})
}
