package catalogue

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// full has every part that is optional.
func full() Settings {
	s := Defaults()
	s.Replicas = 2
	s.Grafana, s.Logs, s.Backup, s.Canary, s.PrivateCA, s.ACME = true, true, true, true, true, true
	return s
}

func TestNew_IsSoundWithAndWithoutEachPart(t *testing.T) {
	without := func(change func(*Settings)) Settings { s := full(); change(&s); return s }
	for name, settings := range map[string]Settings{
		"all":              full(),
		"the least":        Defaults(),
		"without Grafana":  without(func(s *Settings) { s.Grafana = false }),
		"without logs":     without(func(s *Settings) { s.Logs = false }),
		"without a canary": without(func(s *Settings) { s.Canary = false }),
		"without workers":  without(func(s *Settings) { s.Pools = nil }),
		"sixtyfold":        without(func(s *Settings) { s.Speed = 60 }),
	} {
		if err := New(settings).Check(); err != nil {
			t.Errorf("%s:\n%s", name, err)
		}
	}
}

func TestNew_DividesEveryDurationBySpeed(t *testing.T) {
	settings := full()
	slow := New(settings)
	settings.Speed = 60
	fast := New(settings)
	for i, alert := range slow.Alerts() {
		hastened := fast.Alerts()[i]
		if hastened.For != alert.For/60 && alert.Name != "CanaryNeverRan" {
			t.Errorf("%s waits %s, and sixtyfold %s", alert.Name, alert.For, hastened.For)
		}
		if strings.Contains(alert.Expr, "[") && hastened.Expr == alert.Expr {
			t.Errorf("%s looks at the same windows: %s", alert.Name, alert.Expr)
		}
	}
	for i, job := range slow.Jobs {
		if hastened := fast.Jobs[i]; hastened.Interval != time.Second || hastened.Timeout != time.Second || job.Interval < 15*time.Second {
			t.Errorf("%s is scraped every %s, and sixtyfold every %s within %s", job.Name, job.Interval, hastened.Interval, hastened.Timeout)
		}
	}
}

func TestNew_WaitsForFourTurnsOfTheCanaryAtAnySpeed(t *testing.T) {
	for speed, turn := range map[int]time.Duration{1: 5 * time.Minute, 7: 43 * time.Second, 10: 30 * time.Second, 60: 30 * time.Second} {
		settings := full()
		settings.Speed = speed
		if got := settings.CanaryInterval(); got != turn {
			t.Errorf("at speed %d it runs every %s, not %s", speed, got, turn)
		}
		alerts := map[string]Alert{}
		for _, alert := range New(settings).Alerts() {
			alerts[alert.Name] = alert
		}
		if got := alerts["CanaryNeverRan"].For; got != 4*turn {
			t.Errorf("at speed %d CanaryNeverRan waits %s", speed, got)
		}
		if got := alerts["CanaryMissing"].Expr; !strings.HasSuffix(got, " > "+seconds(4*turn)) {
			t.Errorf("at speed %d CanaryMissing asks for %s", speed, got)
		}
	}
}

func TestHastened_ChangesWindowsAndNothingElse(t *testing.T) {
	s := Settings{Speed: 60}
	got := s.hastened(`increase(a{x="5m"}[15m]) > 600 and max_over_time(b[1h:5m])`)
	if want := `increase(a{x="5m"}[15s]) > 600 and max_over_time(b[1m:5s])`; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestDuration_IsWrittenInTheLargestWholeUnit(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * 24 * time.Hour: "30d", 90 * time.Minute: "90m", 15 * time.Second: "15s", 250 * time.Millisecond: "250ms", 0: "0ms",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func TestCheck_RefusesWhatWouldFailOrStaySilent(t *testing.T) {
	anAlert := func(change func(*Alert)) func(*Catalogue) {
		return func(c *Catalogue) { change(&c.Groups[0].Alerts[0]) }
	}
	aJob := func(change func(*Job)) func(*Catalogue) { return func(c *Catalogue) { change(&c.Jobs[0]) } }
	aPanel := func(change func(*Panel)) func(*Catalogue) {
		return func(c *Catalogue) {
			for _, row := range c.Dashboards[0].Rows {
				for i := range row.Panels {
					if row.Panels[i].Kind == Graph {
						change(&row.Panels[i])
						return
					}
				}
			}
		}
	}
	for name, each := range map[string]struct {
		change func(*Catalogue)
		says   string
	}{
		"broken PromQL":       {anAlert(func(a *Alert) { a.Expr = `sum(up` }), "unclosed left parenthesis"},
		"an unknown metric":   {anAlert(func(a *Alert) { a.Expr = `prefect_flows == 0` }), `no job provides "prefect_flows"`},
		"an unknown label":    {anAlert(func(a *Alert) { a.Expr = `up{pool="x"} == 0` }), `up has no label "pool"`},
		"an unknown job":      {anAlert(func(a *Alert) { a.Expr = `up{job="x"} == 0` }), `the job "x" does not provide up`},
		"another job":         {anAlert(func(a *Alert) { a.Expr = `pg_up{job="node"} == 0` }), `the job "node" does not provide pg_up`},
		"a short window":      {anAlert(func(a *Alert) { a.Expr = `changes(pg_up[20s]) > 0` }), "holds no two samples"},
		"a broken template":   {anAlert(func(a *Alert) { a.Description = `{{ $value | humanise }}` }), `function "humanise" not defined`},
		"an unknown variable": {anAlert(func(a *Alert) { a.Description = `{{ $job }}` }), `undefined variable "$job"`},
		"no description":      {anAlert(func(a *Alert) { a.Description = "" }), "has no description"},
		"a varying summary":   {anAlert(func(a *Alert) { a.Summary = "{{ $value }}" }), "one fixed sentence"},
		"a typed severity":    {anAlert(func(a *Alert) { a.Severity = "page" }), `severity "page"`},
		"no service":          {anAlert(func(a *Alert) { a.Service = "" }), "belongs to no service"},
		"a name as a path":    {anAlert(func(a *Alert) { a.Name = "../x" }), "CamelCase"},
		"a long timeout":      {aJob(func(j *Job) { j.Timeout = time.Hour }), "longer than its interval"},
		"an unknown host":     {aJob(func(j *Job) { j.Endpoint.Host = "promtheus" }), "no endpoint on the monitoring network"},
		"a second of a name":  {func(c *Catalogue) { c.Jobs = append(c.Jobs, c.Jobs[0]) }, "is there twice"},
		"no module":           {func(c *Catalogue) { c.Modules = nil }, `no module "ready"`},
		"a missing guard":     {func(c *Catalogue) { c.Groups = c.Groups[:len(c.Groups)-1] }, "job prometheus: would vanish without an alert"},
		"a panel of nothing":  {aPanel(func(p *Panel) { p.Queries[0].Expr = `sum(prefect_flows)` }), `no job provides "prefect_flows"`},
		"a broken panel":      {aPanel(func(p *Panel) { p.Queries[0].Expr = `sum(up` }), "unclosed left parenthesis"},
		"a nameless line":     {aPanel(func(p *Panel) { p.Queries[0].Legend = "" }), "has no legend"},
		"a panel's alert":     {aPanel(func(p *Panel) { p.Alerts = []string{"NobodyKnows"} }), `speaks of an alert "NobodyKnows"`},
		"a panel's unit":      {aPanel(func(p *Panel) { p.Unit = "furlongs" }), `has the unit "furlongs"`},
		"a wide panel":        {aPanel(func(p *Panel) { p.Width = 25 }), "is 25 columns wide"},
		"two of a title":      {aPanel(func(p *Panel) { p.Title = "" }), "has no title of its own"},
		"a page's name":       {func(c *Catalogue) { c.Dashboards[0].Name = "../x" }, "is no name"},
		"a recording's name":  {func(c *Catalogue) { c.Groups[0].Recordings = []Recording{{Name: "a-b", Expr: "vector(1)"}} }, "not a name for a metric"},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(full())
			each.change(c)
			if err := c.Check(); err == nil || !strings.Contains(err.Error(), each.says) {
				t.Errorf("got %v, not %q", err, each.says)
			}
		})
	}
}

func TestCheck_NoticesEachJobAndEachGuardThatIsTakenOut(t *testing.T) {
	for i, job := range New(full()).Jobs {
		c := New(full())
		c.Jobs = slices.Delete(c.Jobs, i, i+1)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), `the job "`+job.Name+`" does not provide up`) {
			t.Errorf("without the job %s: %v", job.Name, err)
		}
		c = New(full())
		guards := &c.Groups[len(c.Groups)-1]
		guards.Alerts = slices.Delete(guards.Alerts, i, i+1)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "job "+job.Name+": would vanish without an alert") {
			t.Errorf("without the guard of %s: %v", job.Name, err)
		}
	}
}
