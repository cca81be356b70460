//go:build mutations

package monitoring

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	matching "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/promconf"
)

// mutant is a rule with one fault.
type mutant struct {
	alert, fault string
	group        catalogue.Group // what is left of the rules: those that the alert needs
}

// mutateExpr returns the expressions that differ from one in a single place.
func mutateExpr(text string) map[string]string {
	mutants := map[string]string{}
	// Trees are changed in place, so each fault gets one of its own; n is the how-manieth place is changed.
	for n := 0; ; n++ {
		tree, err := parser.ParseExpr(text)
		if err != nil {
			panic(err)
		}
		place, changed := 0, ""
		at := func(fault string, change func()) {
			if place == n {
				change()
				changed = fault
			}
			place++
		}
		parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
			faults(node, at)
			return nil
		})
		if changed == "" {
			return mutants
		}
		if got := tree.String(); !equivalent(got, text) {
			mutants[fmt.Sprintf("%s (%d)", changed, n)] = got
		}
	}
}

func equivalent(a, b string) bool {
	tree, err := parser.ParseExpr(b)
	return err == nil && tree.String() == a
}

var opposite = map[parser.ItemType]parser.ItemType{
	parser.GTR: parser.LSS, parser.LSS: parser.GTR, parser.GTE: parser.LTE, parser.LTE: parser.GTE, parser.EQLC: parser.NEQ, parser.NEQ: parser.EQLC,
}

var boundary = map[parser.ItemType]parser.ItemType{parser.GTR: parser.GTE, parser.GTE: parser.GTR, parser.LSS: parser.LTE, parser.LTE: parser.LSS}

// faults are the changes of one node.
func faults(node parser.Node, at func(string, func())) {
	switch node := node.(type) {
	case *parser.BinaryExpr:
		if other, has := opposite[node.Op]; has {
			at("flip "+node.Op.String(), func() { node.Op = other })
		}
		if other, has := boundary[node.Op]; has {
			at("take the boundary in or out", func() { node.Op = other })
		}
		if number, is := node.RHS.(*parser.NumberLiteral); is && node.Op.IsComparisonOperator() && number.Val != 0 {
			at("threshold x10", func() { number.Val *= 10 })
			at("threshold /10", func() { number.Val /= 10 })
		}
		if node.Op == parser.LAND {
			at("and becomes or", func() {
				node.Op = parser.LOR
				node.VectorMatching = &parser.VectorMatching{Card: parser.CardManyToMany}
			})
			at("and becomes unless", func() { node.Op = parser.LUNLESS })
		}
		if node.Op == parser.LOR {
			at("or becomes and", func() { node.Op = parser.LAND })
		}
	case *parser.MatrixSelector:
		at("window x10", func() { node.Range *= 10 })
		at("window /3", func() { node.Range /= 3 })
	case *parser.VectorSelector:
		for i, matcher := range node.LabelMatchers {
			if matcher.Name == matching.MetricName {
				continue
			}
			at("leave out "+matcher.String(), func() { node.LabelMatchers = slices.Delete(slices.Clone(node.LabelMatchers), i, i+1) })
			at("change the value of "+matcher.String(), func() {
				node.LabelMatchers = slices.Clone(node.LabelMatchers)
				node.LabelMatchers[i] = matching.MustNewMatcher(matcher.Type, matcher.Name, "x"+matcher.Value)
			})
		}
	case *parser.AggregateExpr:
		if len(node.Grouping) > 0 {
			at("aggregate over "+node.Grouping[0], func() { node.Grouping = node.Grouping[1:] })
		}
	}
}

// mutants of the rules.
func mutants(t *testing.T) []mutant {
	t.Helper()
	var list []mutant
	original := catalogue.New(settings())
	seen := map[string]bool{}
	for g, group := range original.Groups {
		add := func(alert, fault string, change func(*catalogue.Group)) {
			changed := catalogue.New(settings()).Groups[g]
			others := slices.DeleteFunc(slices.Clone(changed.Alerts), func(a catalogue.Alert) bool { return a.Name == alert })
			change(&changed)
			changed.Alerts = slices.DeleteFunc(changed.Alerts, func(a catalogue.Alert) bool {
				return slices.ContainsFunc(others, func(o catalogue.Alert) bool { return o.Name == a.Name })
			})
			list = append(list, mutant{alert, fault, changed})
		}
		for a, alert := range group.Alerts {
			if seen[alert.Name] { // made by the same lines
				continue
			}
			seen[alert.Name] = true
			each := func(fault string, change func(*catalogue.Alert)) {
				add(alert.Name, fault, func(group *catalogue.Group) { change(&group.Alerts[a]) })
			}
			if alert.For > 0 {
				each("drop for", func(a *catalogue.Alert) { a.For = 0 })
				each("for x2", func(a *catalogue.Alert) { a.For *= 2 })
			}
			each("another severity", func(a *catalogue.Alert) {
				a.Severity = map[catalogue.Severity]catalogue.Severity{catalogue.Critical: catalogue.Warning, catalogue.Warning: catalogue.Critical, catalogue.None: catalogue.Warning}[a.Severity]
			})
			each("another service", func(a *catalogue.Alert) { a.Service = "x" })
			each("another name", func(a *catalogue.Alert) { a.Name += "X" })
			each("another text", func(a *catalogue.Alert) { a.Description = "x" })
			add(alert.Name, "leave the alert out", func(group *catalogue.Group) { group.Alerts = slices.Delete(group.Alerts, a, a+1) })
			if group.Name == "slo-scheduling" || group.Name == "slo-latency" {
				continue // the same lines as for availability make the conditions
			}
			for fault, expr := range mutateExpr(alert.Expr) {
				each(fault, func(a *catalogue.Alert) { a.Expr = expr })
			}
		}
		for r, recording := range group.Recordings {
			target := recordedFor(recording.Name)
			if target == "" {
				continue // the month's budget has a test of its own
			}
			for fault, expr := range mutateExpr(recording.Expr) {
				if !strings.HasSuffix(recording.Name, "_5m") && (group.Name != "slo-availability" || !strings.HasPrefix(fault, "window")) {
					continue // made by the same lines
				}
				add(target, recording.Name+": "+fault, func(group *catalogue.Group) { group.Recordings[r].Expr = expr })
			}
		}
	}
	return list
}

var recorded = regexp.MustCompile(`^slo:([a-z]+):error_ratio_(\w+)$`)

// recordedFor says which alert uses a recording.
func recordedFor(name string) string {
	match := recorded.FindStringSubmatch(name)
	if match == nil || match[2] == "30d" {
		return ""
	}
	prefix := strings.ToUpper(match[1][:1]) + match[1][1:] + "BudgetBurns"
	if slices.Contains([]string{"5m", "30m", "1h"}, match[2]) || match[2] == "6h" {
		return prefix + "Fast"
	}
	return prefix + "Slowly"
}

// TestRules_KillTheirMutants runs the scenarios of an alert against rules with one fault: the scenarios must notice. It takes long, so it has a build tag: make mutations runs it.
func TestRules_KillTheirMutants(t *testing.T) {
	began, of := time.Now(), map[string][]mutant{}
	for _, m := range mutants(t) {
		of[m.alert] = append(of[m.alert], m)
	}
	var all, killed atomic.Int64
	t.Run("alerts", func(t *testing.T) {
		for alert, list := range of {
			t.Run(alert, func(t *testing.T) {
				t.Parallel()
				for i, noticed := range notice(t, alert, list) {
					state := "SURVIVED"
					if all.Add(1); noticed {
						state = "killed"
						killed.Add(1)
					}
					t.Logf("%-8s %s: %s", state, alert, list[i].fault)
				}
			})
		}
	})
	t.Logf("%d of %d killed (%.1f %%) in %s", killed.Load(), all.Load(), 100*float64(killed.Load())/float64(all.Load()), time.Since(began).Round(time.Second))
	if killed.Load()*100 < all.Load()*95 {
		t.Error("fewer than 95 of 100")
	}
}

// notice says which of an alert's mutants fail one of its scenarios.
func notice(t *testing.T, alert string, list []mutant) []bool {
	original := catalogue.New(settings())
	_, summary, err := groupOf(original, alert)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var files []string
	var about []int // the mutant that a file is about
	for i, m := range list {
		rules, err := promconf.Rules(original, m.group)
		if err != nil {
			t.Fatal(err)
		}
		save(t, dir, fmt.Sprintf("%d.rules.yml", i), rules)
		for j, s := range scenarios {
			if s.alert != alert {
				continue
			}
			text, err := s.write(fmt.Sprintf("%d.rules.yml", i), summary)
			if err != nil {
				t.Fatal(err)
			}
			files, about = append(files, save(t, dir, fmt.Sprintf("%d.%d.test.yml", i, j), text)), append(about, i)
		}
	}
	output, _ := promtool(t, append([]string{"test", "rules"}, files...)...) // it fails: that is the purpose
	noticed, n := make([]bool, len(list)), 0
	for line := range strings.Lines(output) {
		switch strings.TrimRight(line, "\n") {
		case "  FAILED:":
			noticed[about[n]] = true
			n++
		case "  SUCCESS":
			n++
		}
	}
	if n != len(files) {
		t.Fatalf("promtool tells of %d of %d files:\n%s", n, len(files), output)
	}
	return noticed
}
