package monitoring

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/promconf"
)

// scenario is how one alert comes and goes. Series are in promtool's notation, one sample for each step.
type scenario struct {
	alert string
	is    string        // severity and service
	step  time.Duration // a minute unless said
	input []string      // series | values
	fires time.Duration // the first step at which it does; not one step before
	over  time.Duration // the first step at which it no longer does
	with  map[string]string
	says  string   // the description as it is sent
	last  string   // and one step before it is over, where it tells another figure then
	quiet []string // what looks alike and must never fire: values at the threshold, other labels
	whole bool     // input stands for a whole system: it fires when everything is missing, too
}

// settings of the catalogue that is tested: everything that is optional, and figures that make boundaries easy to hit.
func settings() catalogue.Settings {
	s := catalogue.Defaults()
	s.Replicas = 2
	s.Pools = []catalogue.Pool{{Name: "default", Workers: 2}}
	s.Objectives.Availability = 0.999 // the example of the SRE workbook
	s.Backup, s.Canary, s.Grafana, s.Logs, s.ACME = true, true, true, true, true
	return s
}

// unitTest is a file for `promtool test rules`.
type unitTest struct {
	RuleFiles []string `yaml:"rule_files"`
	Interval  string   `yaml:"evaluation_interval"`
	Tests     []test   `yaml:"tests"`
}

type test struct {
	Name     string        `yaml:"name"`
	Interval string        `yaml:"interval"`
	Input    []series      `yaml:"input_series"`
	Alerts   []expectation `yaml:"alert_rule_test,omitempty"`
	Values   []evaluation  `yaml:"promql_expr_test,omitempty"`
}

type series struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

type expectation struct {
	At    string   `yaml:"eval_time"`
	Alert string   `yaml:"alertname"`
	Want  []firing `yaml:"exp_alerts"`
}

type firing struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

type evaluation struct {
	Expr string   `yaml:"expr"`
	At   string   `yaml:"eval_time"`
	Want []sample `yaml:"exp_samples"`
}

type sample struct {
	Labels string  `yaml:"labels"`
	Value  float64 `yaml:"value"`
}

func (s scenario) every() time.Duration {
	if s.step == 0 {
		return time.Minute
	}
	return s.step
}

func parse(lines []string) []series {
	list := []series{}
	for _, line := range lines {
		name, values, _ := strings.Cut(line, "|")
		list = append(list, series{strings.TrimSpace(name), strings.TrimSpace(values)})
	}
	return list
}

// write makes the file that runs a scenario against a file of rules. What must fire is taken from the scenario, not from the rules: only the summary, which is one
// fixed sentence, is the catalogue's.
func (s scenario) write(rules, summary string) (string, error) {
	severity, service, _ := strings.Cut(s.is, " ")
	labels := map[string]string{"severity": severity, "service": service}
	maps.Copy(labels, s.with)
	fires := func(says string) []firing {
		return []firing{{labels, map[string]string{"summary": summary, "description": says, "runbook_url": "docs/runbooks/" + s.alert + ".md"}}}
	}
	expect := func(at time.Duration, want []firing) expectation {
		return expectation{catalogue.Duration(at), s.alert, want}
	}

	file := unitTest{RuleFiles: []string{rules}, Interval: catalogue.Duration(s.every())}
	comes := test{Name: s.alert, Interval: catalogue.Duration(s.every()), Input: parse(s.input)}
	if s.fires > 0 {
		comes.Alerts = append(comes.Alerts, expect(s.fires-s.every(), []firing{}))
	}
	comes.Alerts = append(comes.Alerts, expect(s.fires, fires(s.says)))
	if s.over > 0 {
		comes.Alerts = append(comes.Alerts, expect(s.over-s.every(), fires(cmp.Or(s.last, s.says))), expect(s.over, []firing{}))
	}
	file.Tests = append(file.Tests, comes)

	end := s.fires + 30*s.every()
	if !s.whole {
		missing := test{Name: s.alert + " without any series", Interval: catalogue.Duration(s.every()), Input: []series{}}
		missing.Alerts = []expectation{expect(s.fires, []firing{}), expect(end, []firing{})}
		file.Tests = append(file.Tests, missing)
	}
	for i := range s.quiet {
		quiet := test{Name: fmt.Sprintf("%s quiet %d", s.alert, i), Interval: catalogue.Duration(s.every()), Input: parse(strings.Split(s.quiet[i], ";"))}
		for at := s.every(); at < end; at += s.every() {
			quiet.Alerts = append(quiet.Alerts, expect(at, []firing{}))
		}
		file.Tests = append(file.Tests, quiet)
	}
	text, err := yaml.Marshal(file)
	return string(text), err
}

// groupOf finds the rules of an alert and its fixed sentence.
func groupOf(c *catalogue.Catalogue, name string) (group catalogue.Group, summary string, err error) {
	for _, group := range c.Groups {
		for _, alert := range group.Alerts {
			if alert.Name == name {
				return group, alert.Summary, nil
			}
		}
	}
	return group, "", fmt.Errorf("no alert %s", name)
}

func TestEveryAlert_FiresInTimeAndNotBefore(t *testing.T) {
	c := catalogue.New(settings())
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, group := range c.Groups {
		rules, err := promconf.Rules(c, group)
		if err != nil {
			t.Fatal(err)
		}
		save(t, dir, promconf.RulesFile(group.Name), rules)
	}
	var files []string
	for i, s := range scenarios {
		group, summary, err := groupOf(c, s.alert)
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.write(promconf.RulesFile(group.Name), summary)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, save(t, dir, fmt.Sprintf("%02d-%s.test.yml", i, s.alert), text))
	}
	output, err := promtool(t, append([]string{"test", "rules"}, files...)...)
	if err != nil {
		t.Errorf("%s\n%s", err, output)
	}
	if passed := strings.Count(output, "SUCCESS"); passed != len(files) {
		t.Errorf("%d of %d scenarios passed", passed, len(files))
	}
}

func TestEveryAlert_HasAScenario(t *testing.T) {
	var covered []string
	for _, s := range scenarios {
		covered = append(covered, s.alert)
	}
	for _, name := range catalogue.New(settings()).Names() {
		if !slices.Contains(covered, name) {
			t.Errorf("no scenario for %s", name)
		}
	}
}
