package doctor

import (
	"fmt"

	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/lock"
	"prefect-platform/internal/tokens"
)

// foreign is a stack of the same name that this state knows nothing of: `up` would tear it down or trip over it.
func (s Seen) foreign() []Finding {
	if s.Mend == nil || len(s.Mend.Foreign) == 0 {
		return nil
	}
	return []Finding{{
		Problem, "stack",
		fmt.Sprintf("the engine runs %d containers of a stack %s that this state does not know (%s, ...)", len(s.Mend.Foreign), s.Stack, s.Mend.Foreign[0].Name),
		fmt.Sprintf("another clone may own them: work there, or name this stack otherwise (--stack). If their state is lost: "+
			"docker rm -f $(docker ps -aq --filter label=%s=%s), then %s; data volumes stay", tokens.LabelStack, s.Stack, s.Command("up")),
	}}
}

func (s Seen) locks() []Finding {
	var findings []Finding
	for _, holder := range s.Locks {
		if lock.Stale([]lock.Holder{holder}) {
			findings = append(findings, Finding{Warning, "state", "locked by a process that is gone (" + holder.String() + ")", s.Command("up") + " unlocks it, or: pulumi cancel"})
			continue
		}
		findings = append(findings, Finding{Warning, "state", "locked by " + holder.String(), "wait for it; if it is gone: pulumi cancel"})
	}
	return findings
}

// mendable is what `up` would mend.
func (s Seen) mendable() []Finding {
	if s.Mend == nil || len(s.Mend.Foreign) > 0 {
		return nil
	}
	var findings []Finding
	for _, item := range s.Mend.Items() {
		findings = append(findings, Finding{Problem, "stack", item.Found, s.Command("up") + " (" + item.Action + ")"})
	}
	return findings
}

// containers that run, but not well. Those that do not run at all are mendable.
func (s Seen) containers() []Finding {
	if s.Has == nil {
		return nil
	}
	running, findings := 0, []Finding(nil)
	for _, c := range s.Has.Of(s.Stack) {
		if c.Role != tokens.RoleService {
			continue
		}
		switch finding, ill := ailment(c, s.Command("logs "+c.Workload)); {
		case ill:
			findings = append(findings, finding)
		case c.State == "running":
			running++
		}
	}
	if running > 0 {
		findings = append(findings, Finding{Fine, "stack", fmt.Sprintf("%d containers run and are healthy", running), ""})
	}
	return findings
}

func ailment(c live.Container, look string) (Finding, bool) {
	switch {
	case c.State == "restarting":
		return Finding{Problem, "stack", c.Name + " ends again and again", look}, true
	case c.State == "paused":
		return Finding{Problem, "stack", c.Name + " is paused", "docker unpause " + c.Name}, true
	case c.State == "running" && c.Health == "unhealthy":
		return Finding{Problem, "stack", c.Name + " is unhealthy", look}, true
	case c.State == "running" && c.Health == "starting":
		return Finding{Warning, "stack", c.Name + " is starting", ""}, true
	default:
		return Finding{}, false
	}
}
