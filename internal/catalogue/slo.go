package catalogue

import "fmt"

// objective is a service level indicator with its goal.
type objective struct {
	name     string // in recorded names: slo:<name>:error_ratio
	alert    string // prefix of the alerts' names
	what     string
	goal     float64
	bad, all func(window string) string // counts over a window
	waits    string                     // for what there is nothing to count before
}

// The windows of the SRE workbook's recommended setting for 30 days (chapter 5, table 5-8): 2 % of the budget in an hour, 5 % in six, 10 % in three days.
// Each rate must hold over a short window too, so that the alert ends soon after the fault does.
var burns = []struct {
	factor      float64
	long, short string
	severity    Severity
}{
	{14.4, "1h", "5m", Critical},
	{6, "6h", "30m", Critical},
	{3, "1d", "2h", Warning},
	{1, "3d", "6h", Warning},
}

const budgetWindow = "30d"

func objectives(s Settings) []objective {
	rate := func(selector string) func(string) string {
		return func(window string) string { return fmt.Sprintf(`sum(rate(%s[%s]))`, selector, window) }
	}
	sum := func(selector string) func(string) string {
		return func(window string) string { return fmt.Sprintf(`sum(sum_over_time(%s[%s]))`, selector, window) }
	}
	latency := func(window string) string {
		return fmt.Sprintf(`(sum(rate(edge_request_duration_seconds_count{route="api"}[%[1]s])) - sum(rate(edge_request_duration_seconds_bucket{route="api",le="1.0"}[%[1]s])))`, window)
	}
	return []objective{
		{
			// A client that was limited or refused got the answer that was meant for it.
			name: "availability", alert: "Availability", what: "requests end in an error of the server", goal: s.Objectives.Availability,
			bad: orZero(rate(`edge_requests_total{status=~"5.."}`)), all: rate(`edge_requests_total{status!="429"}`),
		},
		{
			// Each run counts once, at the moment by which it should have started: recent windows that overlap weigh all runs alike.
			name: "scheduling", alert: "Scheduling", what: "flow runs do not start within a minute of their time", goal: s.Objectives.Scheduling,
			bad: sum(`prefect_flow_runs_due_recently{started="late"}`), all: sum(`prefect_flow_runs_due_recently`), waits: "a flow run that a schedule planned",
		},
		{
			name: "latency", alert: "Latency", what: "requests to the API take more than a second", goal: s.Objectives.Latency,
			bad: latency, all: rate(`edge_request_duration_seconds_count{route="api"}`), waits: "a request to the API",
		},
	}
}

// orZero is for what has no series before it happens for the first time.
func orZero(count func(string) string) func(string) string {
	return func(window string) string { return fmt.Sprintf(`(%s or vector(0))`, count(window)) }
}

// objectiveRules makes a group for each objective, as those have nothing to do with each other.
func objectiveRules(s Settings) []Group {
	var groups []Group
	for _, o := range objectives(s) {
		group := Group{Name: "slo-" + o.name}
		for _, window := range []string{"5m", "30m", "1h", "2h", "6h", "1d", "3d", budgetWindow} {
			group.Recordings = append(group.Recordings, Recording{
				Name: o.ratio(window), Expr: fmt.Sprintf(`%s / %s`, o.bad(window), o.all(window)),
			})
		}
		group.Recordings = append(group.Recordings, Recording{
			Name: fmt.Sprintf("slo:%s:budget_remaining", o.name), Expr: fmt.Sprintf(`1 - %s / %s`, o.ratio(budgetWindow), o.budget()),
		})
		group.Alerts = append(group.Alerts,
			o.burns(Critical, "BudgetBurnsFast", "at a rate that ends the month's budget within days"),
			o.burns(Warning, "BudgetBurnsSlowly", "at a rate that ends the month's budget before the month"),
		)
		groups = append(groups, group)
	}
	return groups
}

func (o objective) ratio(window string) string {
	return fmt.Sprintf("slo:%s:error_ratio_%s", o.name, window)
}

func (o objective) budget() string { return fmt.Sprintf("%.6g", 1-o.goal) }

func (o objective) burns(severity Severity, suffix, pace string) Alert {
	expr := ""
	for _, burn := range burns {
		if burn.severity != severity {
			continue
		}
		if expr != "" {
			expr += " or "
		}
		expr += fmt.Sprintf(`%s > %g * %s and %s > %g * %s`, o.ratio(burn.long), burn.factor, o.budget(), o.ratio(burn.short), burn.factor, o.budget())
	}
	return Alert{
		Name: o.alert + suffix, Service: Objectives, Severity: severity,
		Expr:        expr,
		Summary:     fmt.Sprintf("Too many %s, %s", o.what, pace),
		Description: fmt.Sprintf(`{{ $value | humanizePercentage }} of them; the objective allows %.6g %%.`, (1-o.goal)*100),
	}
}
