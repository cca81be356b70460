package monitoring

import (
	"testing"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/promconf"
)

// The SRE workbook (chapter 5, alerting on SLOs) gives the time to detection as (1 - SLO) / error ratio * window * burn rate, here for its example of 99.9 %:
//
//	  10 % errors: 0.001 / 0.1    * 1 h * 14.4 = 8.64 min, the  9th step of a minute
//	 1.1 % errors: 0.001 / 0.011  * 6 h *  6   = 3.27 h,   the 40th step of 5 minutes
//	0.23 % errors: 0.001 / 0.0023 * 3 d *  1   = 31.3 h,   the 63rd step of half an hour
var objectiveScenarios = []scenario{
	{
		// The flood of 429 neither spends budget nor hides what does.
		alert: "AvailabilityBudgetBurnsFast", is: "critical slo",
		input: []string{
			`edge_requests_total{route="api",status="200"} | 0+1000x420 420900+900x11 431800+1000x100`,
			`edge_requests_total{route="api",status="500"} | 0x420 100+100x11 1200x100`,
			`edge_requests_total{route="api",status="429"} | 0+100000x600`,
		},
		fires: 429 * minute, over: 436 * minute,
		says: "1.5% of them; the objective allows 0.1 %.",
		last: "2.001% of them; the objective allows 0.1 %.",
		quiet: []string{
			// Too short, and too weak.
			`edge_requests_total{status="200"} | 0+1000x420 420900+900x6 427300+1000x300; edge_requests_total{status="500"} | 0x420 100+100x6 700x300`,
			`edge_requests_total{status="200"} | 0+1000x100 100994+994x500; edge_requests_total{status="500"} | 0x100 6+6x500`,
		},
	},
	{
		alert: "AvailabilityBudgetBurnsFast", is: "critical slo", step: 5 * minute,
		input: []string{
			`edge_requests_total{route="api",status="200"} | 0+1000x76 76989+989x59 136340+1000x50`,
			`edge_requests_total{route="api",status="500"} | 0x76 11+11x59 660x50`,
		},
		fires: 116 * 5 * minute, over: 139 * 5 * minute,
		says: "0.6112% of them; the objective allows 0.1 %.",
		last: "0.9168% of them; the objective allows 0.1 %.",
	},
	{
		alert: "AvailabilityBudgetBurnsSlowly", is: "warning slo", step: 30 * minute,
		input: []string{
			`edge_requests_total{route="api",status="200"} | 0+10000x150 1509977+9977x99 2507700+10000x50`,
			`edge_requests_total{route="api",status="503"} | 0x150 23+23x99 2300x50`,
		},
		fires: 213 * 30 * minute, over: 257 * 30 * minute,
		says:  "0.1006% of them; the objective allows 0.1 %.",
		last:  "0.1597% of them; the objective allows 0.1 %.",
		quiet: []string{`edge_requests_total{status="200"} | 0+9990x300; edge_requests_total{status="500"} | 0+9x300`},
	},
	{
		// A day of little traffic after days of much: only the pair of a day and two hours sees it.
		alert: "AvailabilityBudgetBurnsSlowly", is: "warning slo", step: 30 * minute,
		input: []string{
			`edge_requests_total{route="api",status="200"} | 0+100000x100 10000995+995x59 10060700+1000x50`,
			`edge_requests_total{route="api",status="500"} | 0x100 5+5x59 300x50`,
		},
		fires: 147 * 30 * minute, over: 162 * 30 * minute,
		says: "0.4896% of them; the objective allows 0.1 %.",
		last: "0.4894% of them; the objective allows 0.1 %.",
	},
	{
		alert: "SchedulingBudgetBurnsFast", is: "critical slo",
		input: []string{`prefect_flow_runs_due_recently{started="in time"} | 10x420 5x19 10x100`, `prefect_flow_runs_due_recently{started="late"} | 0x420 5x19 0x100`},
		fires: 438 * minute, over: 444 * minute,
		says:  "15% of them; the objective allows 1 %.",
		last:  "16.67% of them; the objective allows 1 %.",
		quiet: []string{`prefect_flow_runs_due_recently{started="in time"} | 99x400; prefect_flow_runs_due_recently{started="late"} | 1x400`},
	},
	{
		alert: "SchedulingBudgetBurnsSlowly", is: "warning slo", step: 30 * minute,
		input: []string{`prefect_flow_runs_due_recently{started="in time"} | 50x150 49x100 50x50`, `prefect_flow_runs_due_recently{started="late"} | 0x150 1x100 0x50`},
		fires: 223 * 30 * minute, over: 257 * 30 * minute,
		says: "1.014% of them; the objective allows 1 %.",
		last: "1.403% of them; the objective allows 1 %.",
	},
	{
		alert: "LatencyBudgetBurnsFast", is: "critical slo",
		input: []string{
			`edge_request_duration_seconds_count{route="api"} | 0+100x600`, `edge_request_duration_seconds_bucket{route="api",le="1.0"} | 0+100x420 42000x49 42100+100x100`,
			`edge_request_duration_seconds_bucket{route="api",le="0.5"} | 0+100x600`, `edge_request_duration_seconds_bucket{route="ui",le="1.0"} | 0+10000x600`,
			`edge_request_duration_seconds_count{route="ui"} | 0+10000x600`,
		},
		fires: 463 * minute, over: 472 * minute,
		says:  "72.88% of them; the objective allows 5 %.",
		last:  "84.75% of them; the objective allows 5 %.",
		quiet: []string{`edge_request_duration_seconds_count{route="api"} | 0+100x400; edge_request_duration_seconds_bucket{route="api",le="1.0"} | 0+95x400; edge_request_duration_seconds_count{route="events"} | 0+1000x400; edge_request_duration_seconds_bucket{route="events",le="1.0"} | 0x400`},
	},
	{
		alert: "LatencyBudgetBurnsSlowly", is: "warning slo", step: 30 * minute,
		input: []string{`edge_request_duration_seconds_count{route="api"} | 0+100x300`, `edge_request_duration_seconds_bucket{route="api",le="1.0"} | 0+100x150 15090+90x99 24100+100x50`},
		fires: 222 * 30 * minute, over: 256 * 30 * minute,
		says: "5.035% of them; the objective allows 5 %.",
		last: "6.993% of them; the objective allows 5 %.",
	},
}

func TestBudget_RemainsInProportionToTheErrorsOfAMonth(t *testing.T) {
	c := catalogue.New(settings())
	group, _, err := groupOf(c, "AvailabilityBudgetBurnsFast")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := promconf.Rules(c, group)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	save(t, dir, "slo.rules.yml", rules)
	path := save(t, dir, "budget.yml", `rule_files: [slo.rules.yml]
evaluation_interval: 1h
tests:
  - interval: 1h
    input_series:
      - {series: 'edge_requests_total{status="200"}', values: '0+9995x720'}
      - {series: 'edge_requests_total{status="500"}', values: '0+5x720'}
    promql_expr_test:
      - {expr: 'round(slo:availability:budget_remaining, 0.000001)', eval_time: 30d, exp_samples: [{labels: '{}', value: 0.5}]}
  - name: nothing has gone wrong yet
    interval: 1h
    input_series:
      - {series: 'edge_requests_total{status="200"}', values: '0+10000x24'}
    promql_expr_test:
      - {expr: 'slo:availability:budget_remaining', eval_time: 1d, exp_samples: [{labels: 'slo:availability:budget_remaining', value: 1}]}
`)
	if output, err := promtool(t, "test", "rules", path); err != nil {
		t.Errorf("%s\n%s", err, output)
	}
}
