package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

// leastGrace is how many seconds what holds data is given to stop: PostgreSQL writes a checkpoint, and Redis what is not on disk yet.
var leastGrace = map[images.Name]float64{images.Postgres: 60, images.Redis: 10}

// mostGrace is a day, the longest that a worker may drain, and a little.
const mostGrace = 86_400 + 3_600

// longestCheck are the times within which a container that is stuck must be noticed.
var longestCheck = map[string]time.Duration{"interval": time.Minute, "timeout": time.Minute, "startPeriod": 15 * time.Minute}

var kills = []string{"SIGKILL", "KILL", "9"}

var lifeRules = []Rule{
	{
		ID:       "containers-restart",
		Sentence: "What serves comes back by itself, and what runs once does not.",
		Why:      "CIS Docker 5.15, of which this is a waiver: it wants on-failure with 5 tries, after which a service would stay away; what never becomes healthy fails the `up` instead. A one-shot that starts again would migrate again.",
		Resource: func(c *Case) {
			v := c.Property("restart")
			if !c.runs() || v.Unknown() {
				return
			}
			policy, _ := v.Text()
			if once := runsOnce(c, c.Resource); once && policy != "" && policy != "no" {
				c.Refuse(fmt.Sprintf("restart is %q for a container that runs once", policy), `set it to "no", as workload.Job does`)
			} else if !once && policy != "unless-stopped" {
				c.Refuse(fmt.Sprintf("restart is %q", policy), "set it to unless-stopped, as workload.Run does")
			}
		},
	},
	{
		ID:       "containers-health",
		Sentence: "Every container that serves is watched, is ended when it does not answer, and is waited for.",
		Why:      "CIS Docker 5.27: Docker only reports an unhealthy container. The script in front of each check ends its processes after a number of checks without an answer, so that the restart policy acts, and `up` fails for what never becomes healthy.",
		Resource: func(c *Case) {
			health, tests := c.Property("healthcheck"), c.Property("healthcheck").Get("tests")
			if !c.serves() || health.Unknown() || tests.Unknown() || anyUnknown(tests) {
				return
			}
			const change = "let workload.Run make the container, with workload.Spec.Health"
			words := tests.Texts()
			switch {
			case len(words) == 0 || strings.EqualFold(words[0], "NONE"):
				c.Refuse("it has no health check (CIS Docker 5.27)", change)
				return
			case slices.Equal(words, []string{"CMD", tokens.LokiProgram, "-health"}) && c.Resource.In(tokens.Monitoring):
				// Its image has no shell. Nobody waits for it: what it does not take, the engine keeps.
			case words[0] != "CMD" || len(words) < 5 || words[1] != path.Join(tokens.FilesDir, tokens.HealthFile):
				c.Refuse("healthcheck.tests does not go through "+path.Join(tokens.FilesDir, tokens.HealthFile)+", so nothing happens when it fails (CIS Docker 5.27)", change)
			case slices.Contains([]string{"true", ":", "exit", "echo", "sleep"}, path.Base(words[4])):
				c.Refuse(fmt.Sprintf("healthcheck.tests runs %q, which is healthy whatever happens (CIS Docker 5.27)", words[4]), "ask the service itself")
			}
			if retries, ok := health.Get("retries").Number(); ok && !(retries >= 1 && retries <= 10) {
				c.Refuse(fmt.Sprintf("healthcheck.retries is %v", retries), "set workload.Health.Limit, 1 to 10")
			}
			for _, name := range []string{"interval", "timeout", "startPeriod"} {
				most := longestCheck[name]
				if text, ok := health.Get(name).Text(); ok {
					if d, err := time.ParseDuration(text); err != nil || d > most || d < 0 {
						c.Refuse(fmt.Sprintf("healthcheck.%s is %q", name, text), "keep it up to "+most.String())
					}
				}
			}
			if wait, ok := c.Property("wait").Flag(); ok && !wait || !c.Property("wait").Exists() {
				c.Refuse("wait is not true, so an `up` is content with a container that never becomes healthy", change)
			}
		},
	},
	{
		ID:       "containers-grace",
		Sentence: "Every container is asked to stop and given the time to.",
		Why:      "Unset, the provider kills: its destroyGraceSeconds of 0 becomes a stop without any wait (kreuzwerker resource_docker_container_funcs.go, Delete), and a killed PostgreSQL recovers its log for minutes.",
		Resource: func(c *Case) {
			destroy, stop := c.Property("destroyGraceSeconds"), c.Property("stopTimeout")
			if !c.runs() || destroy.Unknown() || stop.Unknown() {
				return
			}
			first, _ := destroy.Number()
			second, _ := stop.Number()
			least := 1.0
			if image, ok := c.image(); ok && c.serves() {
				least = max(least, leastGrace[image.kind])
			}
			switch {
			case !(first >= least && first <= mostGrace):
				c.Refuse(fmt.Sprintf("destroyGraceSeconds is %v", first), fmt.Sprintf("set workload.Spec.Grace to %v s or more", least))
			case first != second:
				c.Refuse(fmt.Sprintf("stopTimeout is %v, and destroyGraceSeconds %v", second, first), "set both to the same: one counts for Pulumi, the other for everybody else; workload.Spec.Grace does")
			}
			if signal, ok := c.Property("stopSignal").Text(); ok && slices.Contains(kills, strings.ToUpper(signal)) {
				c.Refuse(fmt.Sprintf("stopSignal is %q, which nobody can answer", signal), "leave it out, or name the signal on which the program ends in good order")
			}
		},
	},
}
