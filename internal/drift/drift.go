// Package drift compares what a stack's state and configuration record with what its engine has. It looks at nothing itself and changes nothing.
//
// `pulumi refresh` would be the usual way, and is none here: while it reads, provider 4.x deletes every container that does not run (kreuzwerker #590).
package drift

import (
	"strings"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/mend"
	"prefect-platform/internal/state"
	"prefect-platform/internal/tokens"
)

// Kind says what differs. The names are part of the JSON output.
type Kind string

// The kinds. docs/operations.md explains each.
const (
	Interrupted Kind = "interrupted-up" // an `up` was killed or failed half way

	Missing   Kind = "missing"   // container, network, volume or image
	Recreated Kind = "recreated" // another container has the recorded one's name

	Stopped        Kind = "stopped"
	Paused         Kind = "paused"
	Unhealthy      Kind = "unhealthy"
	Restarting     Kind = "restarting"      // between two starts right now
	RestartedOften Kind = "restarted-often" // more than RestartLimit times
	FailedJob      Kind = "failed-job"

	ImageChanged   Kind = "image-changed" // the container is made from another image than the recorded one
	TagMoved       Kind = "tag-moved"     // the tag names another image than when it was recorded
	PortChanged    Kind = "port-changed"
	NetworkChanged Kind = "network-changed"

	UnknownContainer Kind = "unknown-container" // on a network of the stack, or with its label
	UnknownNetwork   Kind = "unknown-network"   // with the stack's label

	CertificateDue     Kind = "certificate-due"
	CertificateExpired Kind = "certificate-expired"
	AuthorityDue       Kind = "authority-due"
	AuthorityExpired   Kind = "authority-expired"
	CredentialDue      Kind = "credential-due"  // older than config.RotationDueDays
	CredentialKept     Kind = "credential-kept" // the other slot is valid for longer than config.KeepDueDays
)

// RestartLimit is how often Docker may have restarted a container before that is drift: a host's or a database's bad moment costs each container one or two. The count
// begins anew when somebody starts or restarts the container.
const RestartLimit = 5

// AuthorityDueDays is how many days before its end a stack's own authority is to be replaced: every client must be given the new one, and its leaves must end before it does.
const AuthorityDueDays = 365

// Finding is one difference.
type Finding struct {
	Kind Kind `json:"kind"`
	// Subject is the name on the engine; certificate/NAME, authority/NAME or credential/NAME for what is not there.
	Subject string `json:"subject"`
	// Workload is what the container is for, such as api; empty for anything else.
	Workload string `json:"workload,omitempty"`
	// Recorded is what state or configuration say, Found what there is.
	Recorded string `json:"recorded"`
	Found    string `json:"found"`
	// Next is what to do about it: a command, or several joined by &&, and sometimes a remark in parentheses after them.
	Next string `json:"next"`
}

// Recorded is what should be.
type Recorded struct {
	Stack  string
	State  *state.Deployment
	Config config.Config
	// Command writes a verb of the operator's command as it is to be typed on this machine.
	Command func(verb string) string
}

// Seen is what is.
type Seen struct {
	Has *live.Inventory
	// Restarts is how often Docker restarted a container, by ID.
	Restarts map[string]int
}

// Compare returns every difference, in the order in which it is best worked on.
func Compare(recorded Recorded, seen Seen, now time.Time) []Finding {
	c := newComparison(recorded, seen)
	return append(c.engine(), recorded.ages(now)...)
}

// comparison is that of one state with one engine.
type comparison struct {
	Recorded
	Seen
	plan  mend.Plan
	pairs []pair
	// known holds the IDs of containers that the state explains.
	known map[string]bool
}

// pair is a recorded container and the one that has its ID, or, recreated by hand, only its name.
type pair struct {
	recorded  state.Resource
	seen      live.Container
	recreated bool
}

func newComparison(recorded Recorded, seen Seen) *comparison {
	c := &comparison{Recorded: recorded, Seen: seen, plan: mend.New(recorded.Stack, recorded.State, seen.Has), known: map[string]bool{}}
	byID, byName := map[string]live.Container{}, map[string]live.Container{}
	for _, each := range seen.Has.Containers {
		byID[each.ID], byName[each.Name] = each, each
	}
	for _, r := range recorded.State.Resources() {
		if r.Type() != tokens.Container || r.ID() == "" {
			continue
		}
		c.known[r.ID()] = true
		if r.Replaced() {
			continue
		}
		if found, ok := byID[r.ID()]; ok {
			c.pairs = append(c.pairs, pair{recorded: r, seen: found})
		} else if found, ok := byName[r.EngineName()]; ok {
			c.pairs = append(c.pairs, pair{recorded: r, seen: found, recreated: true})
			c.known[found.ID] = true
		}
	}
	return c
}

// engine finds what differs there. Where a stack of the same name belongs to another state, nothing else can be told.
func (c *comparison) engine() []Finding {
	if len(c.plan.Foreign) > 0 {
		return c.foreign()
	}
	findings := c.interrupted()
	findings = append(findings, c.missing()...)
	for _, p := range c.pairs {
		findings = append(findings, c.container(p)...)
	}
	findings = append(findings, c.failed()...)
	findings = append(findings, c.moved()...)
	return append(findings, c.unknown()...)
}

func (c *comparison) up() string { return c.Command("up") }

// remake is for a container that `up` does not take for changed.
func (c *comparison) remake(name string) string { return "docker rm -f " + name + " && " + c.up() }

// replace makes Pulumi take a resource for changed.
func (r Recorded) replace(urn string) string {
	return "pulumi up --stack " + r.Stack + " --replace '" + urn + "'"
}

// short is an ID as Docker's own lists show it.
func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}
