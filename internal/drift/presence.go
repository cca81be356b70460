package drift

import (
	"fmt"
	"slices"
	"strings"

	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/state"
	"prefect-platform/internal/tokens"
)

const nothing = "nothing"

func (c *comparison) foreign() []Finding {
	var findings []Finding
	for _, each := range c.plan.Foreign {
		findings = append(findings, Finding{
			UnknownContainer, each.Name, each.Workload, nothing + " of the stack on this engine",
			"a stack of the same name that this state does not know", c.Command("doctor") + " (says how to find its owner)",
		})
	}
	return findings
}

// interrupted is what an `up` left half done that was killed or failed.
func (c *comparison) interrupted() []Finding {
	var findings []Finding
	for _, p := range c.plan.Pending {
		findings = append(findings, Finding{Interrupted, p.Resource.Name(), "", p.Operation + " began", "its end was never recorded", c.up()})
	}
	for _, r := range c.State.Resources() {
		switch {
		case r.Failed() && !r.Replaced():
			findings = append(findings, Finding{Interrupted, r.EngineName(), workloadOf(r), "the up that made it failed with it", "no up has succeeded since", c.up()})
		case r.Replaced() && !c.gone(r):
			findings = append(findings, Finding{Interrupted, r.EngineName(), workloadOf(r), "an old version, to be removed", "not removed yet", c.up()})
		}
	}
	return findings
}

// missing is what the engine has no longer. A container whose name another one has is told by that one.
func (c *comparison) missing() []Finding {
	replacedByHand := map[string]bool{}
	for _, p := range c.pairs {
		if p.recreated {
			replacedByHand[p.recorded.ID()] = true
		}
	}
	var findings []Finding
	for _, r := range c.plan.Gone {
		if !replacedByHand[r.ID()] {
			findings = append(findings, c.lost(r))
		}
	}
	return findings
}

func (c *comparison) gone(r state.Resource) bool {
	return slices.ContainsFunc(c.plan.Gone, func(g state.Resource) bool { return g.ID() == r.ID() && g.Type() == r.Type() })
}

func (c *comparison) lost(r state.Resource) Finding {
	finding := Finding{Kind: Missing, Subject: r.EngineName(), Found: nothing, Next: c.up()}
	switch r.Type() {
	case tokens.Container:
		finding.Workload, finding.Recorded = workloadOf(r), "container "+short(r.ID())
	case tokens.Network:
		finding.Recorded = "network " + short(r.ID())
		if slices.ContainsFunc(c.Has.Networks, func(n live.Network) bool { return n.Name == r.EngineName() }) {
			finding.Found = "another network of that name"
			finding.Next = "docker network rm " + r.EngineName() + " && " + c.up()
		}
	case tokens.Image:
		finding.Recorded = "image " + short(imageID(r))
	default:
		finding.Recorded = "volume"
		if r.Data() {
			finding.Recorded = "volume with data"
			finding.Next += " (makes it anew and empty: bring back a copy of the data after it)"
			if _, _, ok := datavolume.Of(c.Stack, r.ID()); ok {
				finding.Next = c.Command("restore") + " (brings it back from a backup; no `up` makes an empty one)"
			}
		}
	}
	if r.Replaced() {
		finding.Recorded += ", an old version that waits for its removal"
	}
	return finding
}

// unknown is what runs among ours or says it were ours, and that no `up` recorded.
func (c *comparison) unknown() []Finding {
	var findings []Finding
	for _, each := range c.Has.Containers {
		on := c.ours(each)
		labelled := each.Stack == c.Stack
		if c.known[each.ID] || len(on) == 0 && !labelled {
			continue
		}
		finding := Finding{UnknownContainer, each.Name, each.Workload, nothing, each.State + ", image " + madeOf(each), c.up() + " (removes it)"}
		if len(on) > 0 {
			finding.Found += ", on " + strings.Join(on, ", ")
		}
		if !labelled {
			finding.Next = disconnect(each.Name, on)
		}
		findings = append(findings, finding)
	}
	for _, n := range c.plan.OrphanNetworks {
		findings = append(findings, Finding{UnknownNetwork, n.Name, "", nothing, "network " + short(n.ID), c.up() + " (removes it)"})
	}
	return findings
}

// ours are the names of the stack's networks that a container is on.
func (c *comparison) ours(of live.Container) []string {
	var names []string
	for _, r := range c.State.Resources() {
		if r.Type() != tokens.Network {
			continue
		}
		if slices.ContainsFunc(of.Networks, func(n live.Attachment) bool { return n.ID == r.ID() || n.Name == r.EngineName() }) {
			names = append(names, r.EngineName())
		}
	}
	return names
}

func disconnect(container string, networks []string) string {
	commands := make([]string, 0, len(networks))
	for _, network := range networks {
		commands = append(commands, fmt.Sprintf("docker network disconnect --force %s %s", network, container))
	}
	return strings.Join(commands, " && ")
}
