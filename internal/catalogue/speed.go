package catalogue

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Nothing is scraped or evaluated more often than this, however fast the clock runs.
const shortestInterval = time.Second

// window is a range, a subquery or its step; label matchers hold none of its characters in that order.
var window = regexp.MustCompile(`\[[^\]]*\]`)

var part = regexp.MustCompile(`([0-9]+)([smhd])`)

var units = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// Pace is how long a duration lasts at the catalogue's speed. Whatever waits, waits this long: rules here, groups of notifications in alertconf.
func (s Settings) Pace(d time.Duration) time.Duration { return d / time.Duration(max(s.Speed, 1)) }

// Interval is the pace of something that is repeated.
func (s Settings) Interval(d time.Duration) time.Duration {
	return min(d, max(s.Pace(d), shortestInterval))
}

// CanaryInterval is how often the canary runs: every 5 minutes, at the catalogue's speed. It has a least length of its own, because Prefect keeps its pace: a
// worker takes a run up to 10 s before its time and needs some seconds to start it, and while it does, the next one would be cancelled (every 15 s, each
// second one was). Prefect also plans 100 runs ahead and no more, which must last for longer than the alert about the scheduler's horizon asks.
func (s Settings) CanaryInterval() time.Duration {
	const everyday, least = 5 * time.Minute, 30 * time.Second
	return max(s.Pace(everyday), least).Round(time.Second)
}

// canaryPatience is how long the canary may be silent: four turns.
func (s Settings) canaryPatience() time.Duration { return 4 * s.CanaryInterval() }

// unpaced is what a rule must wait so that it waits for d once hasten has divided it.
func (s Settings) unpaced(d time.Duration) time.Duration { return d * time.Duration(max(s.Speed, 1)) }

// seconds writes a duration as the number that PromQL compares ages with. It does not follow the speed: Prefect's own pace does not either.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

// Duration writes a duration as Prometheus and Alertmanager read it.
func Duration(d time.Duration) string {
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if d >= unit.size && d%unit.size == 0 {
			return fmt.Sprintf("%d%s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// hasten divides every duration of the catalogue.
func (c *Catalogue) hasten() {
	for i := range c.Jobs {
		job := &c.Jobs[i]
		job.Interval = c.Settings.Interval(job.Interval)
		job.Timeout = min(job.Timeout, job.Interval)
	}
	for _, group := range c.Groups {
		for i := range group.Recordings {
			group.Recordings[i].Expr = c.Settings.hastened(group.Recordings[i].Expr)
		}
		for i := range group.Alerts {
			alert := &group.Alerts[i]
			alert.Expr = c.Settings.hastened(alert.Expr)
			alert.For, alert.KeepFiring = c.Settings.Pace(alert.For), c.Settings.Pace(alert.KeepFiring)
		}
	}
	for _, dashboard := range c.Dashboards {
		for _, row := range dashboard.Rows {
			for _, panel := range row.Panels {
				for i := range panel.Queries {
					panel.Queries[i].Expr = c.Settings.hastened(panel.Queries[i].Expr)
				}
			}
		}
	}
}

func (s Settings) hastened(expr string) string {
	return window.ReplaceAllStringFunc(expr, func(text string) string {
		return part.ReplaceAllStringFunc(text, func(text string) string {
			match := part.FindStringSubmatch(text)
			n, err := strconv.Atoi(match[1])
			if err != nil {
				return text // too large for anything; the parser will say so
			}
			return Duration(s.Pace(time.Duration(n) * units[match[2]]))
		})
	})
}
