package drift

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/state"
	"prefect-platform/internal/tokens"
)

// container finds what differs in one that is there.
func (c *comparison) container(p pair) []Finding {
	service := p.recorded.Label(tokens.LabelRole) == tokens.RoleService
	var findings []Finding
	switch {
	case p.recreated:
		findings = append(findings, c.finding(p, Recreated, "container "+short(p.recorded.ID()), "another one of that name, "+short(p.seen.ID)+", "+p.seen.State, c.up()))
	case service:
		findings = append(findings, c.condition(p)...)
		findings = append(findings, c.networks(p)...)
	}
	if service {
		findings = append(findings, c.image(p)...)
	}
	return append(findings, c.ports(p)...)
}

func (c *comparison) finding(p pair, kind Kind, recorded, found, next string) Finding {
	if p.recreated && p.seen.Stack != c.Stack {
		next = c.remake(p.seen.Name) // without the label `up` does not take it for its own, and fails for its name
	}
	return Finding{kind, p.seen.Name, workloadOf(p.recorded), recorded, found, next}
}

func (c *comparison) condition(p pair) []Finding {
	const running = "running"
	logs := c.Command("logs " + workloadOf(p.recorded))
	calm := logs + " && docker restart " + p.seen.Name + " (counts from 0 again)"
	restarts := c.Restarts[p.seen.ID]

	var findings []Finding
	switch {
	case slices.ContainsFunc(c.plan.Stopped, func(s live.Container) bool { return s.ID == p.seen.ID }):
		findings = append(findings, c.finding(p, Stopped, running, p.seen.State, c.up()))
	case p.seen.State == "paused":
		findings = append(findings, c.finding(p, Paused, running, p.seen.State, "docker unpause "+p.seen.Name))
	case p.seen.State == "restarting":
		findings = append(findings, c.finding(p, Restarting, running, fmt.Sprintf("restarting, %d times so far", restarts), calm))
	case p.seen.Health == "unhealthy":
		findings = append(findings, c.finding(p, Unhealthy, "healthy", p.seen.Health, logs))
	}
	if restarts > RestartLimit && p.seen.State != "restarting" {
		findings = append(findings, c.finding(p, RestartedOften, fmt.Sprintf("at most %d restarts", RestartLimit), fmt.Sprintf("%d restarts", restarts), calm))
	}
	return findings
}

// image compares the image that a container was made from with the one that its reference named when that was recorded.
func (c *comparison) image(p pair) []Finding {
	reference := p.recorded.Input("image")
	for _, r := range c.images() {
		if want := imageID(r); r.Input("name") == reference && want != "" && p.seen.ImageID != want {
			next := c.replace(p.recorded.URN())
			if p.recreated {
				next = c.up()
			}
			return []Finding{c.finding(p, ImageChanged, reference+" "+short(want), madeOf(p.seen), next)}
		}
	}
	return nil
}

// madeOf names the image of a container, with its tag where one still leads to it.
func madeOf(c live.Container) string {
	if strings.HasPrefix(c.Image, "sha256:") {
		return short(c.ImageID)
	}
	return strings.TrimSpace(c.Image + " " + short(c.ImageID))
}

// moved are tags that name another image than the recorded one: whatever `up` makes next runs that.
func (c *comparison) moved() []Finding {
	var findings []Finding
	for _, r := range c.images() {
		reference, want := r.Input("name"), imageID(r)
		has, found := c.Has.Image(reference)
		if !found || want == "" || has.ID == want {
			continue
		}
		finding := Finding{TagMoved, reference, "", "image " + short(want), "image " + short(has.ID), c.replace(r.URN()) + " (records it)"}
		if users := c.madeFrom(want); len(users) > 0 {
			finding.Found += ", while " + strings.Join(users, ", ") + " run the recorded one"
			finding.Next = "docker tag " + want + " " + reference
		}
		findings = append(findings, finding)
	}
	return findings
}

// madeFrom are the names of the stack's services from an image: as long as there is one, the engine has the image.
func (c *comparison) madeFrom(id string) []string {
	var names []string
	for _, p := range c.pairs {
		if p.seen.ImageID == id && p.recorded.Label(tokens.LabelRole) == tokens.RoleService {
			names = append(names, p.seen.Name)
		}
	}
	return names
}

func (c *comparison) images() []state.Resource {
	var all []state.Resource
	for _, r := range c.State.Resources() {
		if r.Type() == tokens.Image && !r.Replaced() {
			all = append(all, r)
		}
	}
	return all
}

// ports compares what is published. A container that does not run publishes nothing and is told by its state.
func (c *comparison) ports(p pair) []Finding {
	if p.seen.State != "running" && p.seen.State != "paused" {
		return nil
	}
	var want, found []string
	for _, port := range p.recorded.Ports() {
		want = append(want, published(cmp.Or(port.Address, "0.0.0.0"), port.Published, port.Internal, port.Protocol))
	}
	for _, port := range p.seen.Ports {
		found = append(found, published(port.Address, port.Port, port.Internal, port.Protocol))
	}
	slices.Sort(want)
	slices.Sort(found)
	if slices.Equal(want, found) {
		return nil
	}
	next := c.remake(p.seen.Name)
	if p.recreated {
		next = c.up()
	}
	return []Finding{c.finding(p, PortChanged, listed(want, "no port"), listed(found, "no port"), next)}
}

// published writes a port as `docker ps` does.
func published(address string, port, internal int, protocol string) string {
	return fmt.Sprintf("%s->%d/%s", net.JoinHostPort(address, strconv.Itoa(port)), internal, cmp.Or(protocol, "tcp"))
}

// networks compares those that a container was told to join with those that it is on. It is told besides a network that is missing: `up` makes that anew, and does not join
// containers to it that it takes for unchanged.
func (c *comparison) networks(p pair) []Finding {
	told := p.recorded.Networks()
	if len(told) == 0 || p.seen.State != "running" && p.seen.State != "paused" {
		return nil
	}
	var on, added []string
	for _, n := range p.seen.Networks {
		on = append(on, n.Name)
		if !slices.Contains(told, n.Name) {
			added = append(added, n.Name)
		}
	}
	lost := slices.ContainsFunc(told, func(name string) bool { return !slices.Contains(on, name) })
	next := disconnect(p.seen.Name, added)
	switch {
	case lost:
		next = c.remake(p.seen.Name)
	case len(added) == 0:
		return nil
	}
	return []Finding{c.finding(p, NetworkChanged, listed(told, "no network"), listed(on, "no network"), next)}
}

// failed are jobs that ended with an error: `pulumi up` takes them for done.
func (c *comparison) failed() []Finding {
	var findings []Finding
	for _, p := range c.pairs {
		if code := p.recorded.ExitCode(); code != 0 && !p.recreated && slices.Contains(c.plan.Rerun, p.recorded.URN()) {
			findings = append(findings, c.finding(p, FailedJob, "exit code 0", fmt.Sprintf("exit code %d", code), c.up()+" (runs it again)"))
		}
	}
	return findings
}

func workloadOf(r state.Resource) string { return r.Label(tokens.LabelWorkload) }

func imageID(r state.Resource) string {
	id, _ := r.Output("imageId").(string)
	return id
}

func listed(values []string, none string) string { return cmp.Or(strings.Join(values, ", "), none) }
