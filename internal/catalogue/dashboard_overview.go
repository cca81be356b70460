package catalogue

import "fmt"

func overviewDashboard(s Settings) Dashboard {
	var budgets []Panel
	var errors []Query
	for _, o := range objectives(s) {
		burning := []string{o.alert + "BudgetBurnsFast", o.alert + "BudgetBurnsSlowly"}
		budgets = append(budgets, Panel{
			Title: "Budget left: " + o.name, Kind: Number, Unit: Ratio, Width: 8, Levels: &Levels{0.25, 0}, Alerts: burning, Waits: o.waits,
			About:   fmt.Sprintf("What is left of the %.6g %% that may go wrong in 30 days: %s.", (1-o.goal)*100, o.what),
			Queries: []Query{{Expr: fmt.Sprintf("slo:%s:budget_remaining", o.name)}},
		})
		errors = append(errors, Query{o.ratio("1h"), o.name})
	}
	burns := Panel{
		Title: "What went wrong within an hour", Waits: "a request and a flow run", Kind: Graph, Unit: Ratio, Width: wholeWidth, Queries: errors,
		About: "The share of each objective that was missed in the hour before. A line above the objective's allowance spends the budget faster than it grows.",
	}
	return Dashboard{
		Name: "overview", Title: "Overview", About: "Whether people can work: objectives, alerts, and the figures to look at first.",
		Rows: []Row{
			{Title: "Objectives over 30 days", Panels: append(budgets, burns)},
			{Title: "Alerts", Panels: []Panel{
				{
					Title: "Critical alerts", Kind: Number, Unit: Count, Width: 4, Levels: &Levels{1, 1},
					About:   "Alerts that wake somebody.",
					Queries: []Query{{Expr: `count(ALERTS{alertstate="firing",severity="critical"}) or vector(0)`}},
				},
				{
					Title: "Warnings", Kind: Number, Unit: Count, Width: 4, Levels: &Levels{1, 20},
					About:   "Alerts that somebody looks at today.",
					Queries: []Query{{Expr: `count(ALERTS{alertstate="firing",severity="warning"}) or vector(0)`}},
				},
				{
					Title: "Firing", Kind: Table, Unit: Count, Width: 16, Waits: "an alert that fires",
					About:   "What fires now. Each has a page in the runbooks, under its name.",
					Queries: []Query{{Expr: `ALERTS{alertstate="firing",severity!="none"}`}},
				},
			}},
			{Title: "Now", Panels: []Panel{
				{
					Title: "Answers through the edge", Kind: Number, Unit: YesNo, Width: 4, Levels: &Levels{1, 0.5}, Alerts: []string{"EdgeDown"},
					About:   "A request with the credential, as a client makes it.",
					Queries: []Query{{Expr: `probe_success{job="probe-edge"}`}},
				},
				{
					Title: "Refuses without a credential", Kind: Number, Unit: YesNo, Width: 4, Levels: &Levels{1, 0.5}, Alerts: []string{"EdgeWithoutAuth", "EdgeAuthUnproven"},
					About:   "A request without the credential must be refused.",
					Queries: []Query{{Expr: `probe_success{job="probe-no-credential"}`}},
				},
				{
					Title: "Runs late", Kind: Number, Unit: Count, Width: 4, Levels: &Levels{float64(max(s.Thresholds.LateRuns, 1)), float64(s.Thresholds.LateRunsCritical)}, Alerts: []string{"PrefectLateRuns", "PrefectLateRunsMany"},
					About:   "Flow runs that wait for a worker for more than a minute past their time.",
					Queries: []Query{{Expr: `sum(prefect_flow_runs_late)`}},
				},
				{
					Title: "Runs failed", Kind: Number, Unit: Count, Width: 4, Levels: &Levels{1, 10}, Alerts: []string{"PrefectFlowRunFailed"},
					About:   "Flow runs that failed or crashed within 15 minutes.",
					Queries: []Query{{Expr: `sum(prefect_flow_runs_ended_recently{state=~"FAILED|CRASHED"}) or vector(0)`}},
				},
				{
					Title: "Workers online", Kind: Number, Unit: Count, Width: 4, Levels: &Levels{1, 0}, Alerts: []string{"PrefectWorkersGone"},
					About:   "Workers of all pools that have sent a heartbeat lately.",
					Queries: []Query{{Expr: `sum(prefect_workers_online)`}},
				},
				{
					Title: "Sources that do not answer", Kind: Number, Unit: Count, Width: 4, Levels: &Levels{1, 3}, Alerts: []string{"TargetDown", "TargetMissing"},
					About:   "What monitoring itself cannot see now.",
					Queries: []Query{{Expr: `count(up == 0) or vector(0)`}},
				},
			}},
		},
	}
}
