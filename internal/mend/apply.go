package mend

import (
	"context"
	"errors"
	"fmt"

	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/state"
	"prefect-platform/internal/tokens"
)

// Edit makes the state say what is left after Remove.
func (p Plan) Edit(d *state.Deployment) {
	drop := map[string]bool{}
	for _, r := range p.Gone {
		drop[r.ID()] = true
	}
	for _, c := range p.Stopped {
		drop[c.ID] = true
	}
	d.Forget(func(r state.Resource) bool { return lives(r.Type()) && drop[r.ID()] })
	d.ForgetPending()
}

// Remove removes containers and networks from the engine, never a named volume. The edited state must be saved before: if this is interrupted, what remains is
// an orphan that the next comparison finds.
func (p Plan) Remove(ctx context.Context, engine *live.Engine) error {
	var problems []error
	for _, c := range append(p.Stopped, p.Orphans...) {
		problems = append(problems, engine.RemoveContainer(ctx, c.ID))
	}
	for _, n := range p.OrphanNetworks {
		problems = append(problems, engine.RemoveNetwork(ctx, n.ID))
	}
	return errors.Join(problems...)
}

// Item is one thing that was found and what is done about it.
type Item struct {
	Found  string
	Action string
}

// Items describe the plan.
func (p Plan) Items() []Item {
	var items []Item
	for _, o := range p.Pending {
		items = append(items, Item{fmt.Sprintf("%s was interrupted while %s", o.Resource.Name(), o.Operation), "done again"})
	}
	for _, r := range p.Gone {
		items = append(items, gone(r))
	}
	for _, c := range p.Stopped {
		items = append(items, Item{fmt.Sprintf("container %s is %s", c.Name, c.State), "made anew"})
	}
	for _, c := range p.Orphans {
		items = append(items, Item{fmt.Sprintf("container %s belongs to no recorded `up`", c.Name), "removed"})
	}
	for _, n := range p.OrphanNetworks {
		items = append(items, Item{fmt.Sprintf("network %s belongs to no recorded `up`", n.Name), "removed"})
	}
	for _, urn := range p.Rerun {
		items = append(items, Item{fmt.Sprintf("one-shot %s did not do its work", state.Name(urn)), "runs again"})
	}
	return items
}

func gone(r state.Resource) Item {
	switch {
	case r.Data():
		return Item{fmt.Sprintf("data volume %s is gone, and its data with it", r.ID()), "made anew, empty"}
	case r.Type() == tokens.Image:
		return Item{fmt.Sprintf("image %s is gone", r.Input("name")), "fetched again"}
	default:
		return Item{fmt.Sprintf("%s %s is gone", kind(r.Type()), r.Name()), "made anew"}
	}
}

func kind(token string) string {
	switch token {
	case tokens.Container:
		return "container"
	case tokens.Network:
		return "network"
	default:
		return "volume"
	}
}
