// Package mend brings a stack's state and its engine together again where plain `pulumi up` cannot: after someone removed containers by hand or with
// `docker system prune`, after an `up` was killed, and after a one-shot failed.
//
// `pulumi refresh` is no way: with provider 4.x it deletes every container that does not run, the never started holders of files among them (kreuzwerker #590).
package mend

import (
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/state"
	"prefect-platform/internal/tokens"
)

// Plan is what is to be mended. Only New makes a useful one.
type Plan struct {
	// Gone are resources of the state that the engine has no longer. The provider (4.11.2) fails for ever to delete such a container; forgotten, they are made anew.
	Gone []state.Resource
	// Stopped are containers that should run and do not. They are removed and made anew, because one that was stopped may also have lost its network.
	Stopped []live.Container
	// Orphans and OrphanNetworks are what a killed `up` made and never recorded. They hold names, ports and addresses that the next one needs.
	Orphans        []live.Container
	OrphanNetworks []live.Network
	// Pending are operations of a killed `up`.
	Pending []state.Pending
	// Rerun are the URNs of one-shots that must run again: those that failed, and all of them when a data volume is gone.
	Rerun []string

	// Foreign are containers of a stack of the same name that this state knows nothing of. They may serve somebody: nothing is done about them, and `up` must not run.
	Foreign []live.Container
}

// New compares the state of a stack with what its engine has.
func New(stack string, d *state.Deployment, has *live.Inventory) Plan {
	engine := index(has)
	plan := Plan{Pending: d.Pending()}

	known := map[string]bool{}
	ours := false // the engine has something that only this state can have made
	dataGone := false
	var jobs []state.Resource
	for _, r := range d.Resources() {
		if r.ID() == "" || !lives(r.Type()) {
			continue
		}
		known[r.ID()] = true
		if !engine.has(r) {
			plan.Gone = append(plan.Gone, r)
			dataGone = dataGone || r.Data()
			continue
		}
		ours = ours || unique(r.Type())
		if c, found := engine.containers[r.ID()]; found && stopped(c) {
			plan.Stopped = append(plan.Stopped, c)
		} else if found && r.Label(tokens.LabelRole) == tokens.RoleJob && !r.Replaced() {
			jobs = append(jobs, r)
		}
	}
	for _, p := range plan.Pending {
		ours = ours || unique(p.Resource.Type())
	}

	for _, c := range has.Of(stack) {
		if !known[c.ID] {
			plan.Orphans = append(plan.Orphans, c)
		}
	}
	for _, n := range has.Networks {
		if n.Stack == stack && !known[n.ID] {
			plan.OrphanNetworks = append(plan.OrphanNetworks, n)
		}
	}
	if len(plan.Orphans) > 0 && !ours {
		return Plan{Foreign: plan.Orphans}
	}

	for _, job := range jobs {
		if dataGone || job.ExitCode() != 0 {
			plan.Rerun = append(plan.Rerun, job.URN())
		}
	}
	return plan
}

// Empty reports whether `up` would find everything as it left it.
func (p Plan) Empty() bool {
	return len(p.Gone)+len(p.Stopped)+len(p.Orphans)+len(p.OrphanNetworks)+len(p.Pending)+len(p.Rerun)+len(p.Foreign) == 0
}

// stopped says that a container which should run was stopped or could not start; one that restarts again and again counts as running.
func stopped(c live.Container) bool {
	return c.Role == tokens.RoleService && (c.State == "exited" || c.State == "created" || c.State == "dead")
}

// lives tells resources on the engine from others.
func lives(token string) bool {
	return unique(token) || token == tokens.Volume || token == tokens.Image
}

// unique tells resources whose ID the engine made up from those with a name of our choice, which another state could have chosen too.
func unique(token string) bool {
	return token == tokens.Container || token == tokens.Network
}

type lookup struct {
	containers map[string]live.Container
	networks   map[string]bool
	*live.Inventory
}

func index(has *live.Inventory) lookup {
	all := lookup{containers: map[string]live.Container{}, networks: map[string]bool{}, Inventory: has}
	for _, c := range has.Containers {
		all.containers[c.ID] = c
	}
	for _, n := range has.Networks {
		all.networks[n.ID] = true
	}
	return all
}

func (l lookup) has(r state.Resource) bool {
	switch r.Type() {
	case tokens.Container:
		_, found := l.containers[r.ID()]
		return found
	case tokens.Network:
		return l.networks[r.ID()]
	case tokens.Volume:
		return l.Volumes[r.ID()]
	case tokens.Image:
		_, found := l.Image(r.Input("name"))
		return found
	default:
		return true
	}
}
