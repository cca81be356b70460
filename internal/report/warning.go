package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/internal/tokens"
)

// pauses say how long a workload is away that stops before its successor starts, and what clients see. The figures are from the tests and docs/operations.md.
var pauses = map[string]string{
	"postgres": "no database for about 5 to 20 s, longer when it must recover or with a new image to pull; clients get `503` with `Prefect-Maintenance: true` and wait, flow runs go on, nothing that was recorded is lost",
	"redis":    "no messages for about 3 to 10 s; clients wait or get `503`, at most the last second of messages is lost",
	"nginx":    "the ports are closed for about a second; open connections end, browsers and clients must ask again",
}

// warnings are what a reviewer must not overlook: downtime, and data or trust at stake. First what is worst.
func (r *Report) warnings() []string {
	var data, trust, downtime, notice []string
	for _, c := range r.changes.list {
		gone := c.step.Op == apitype.OpDelete || c.step.Op == apitype.OpReplace
		if gone && c.protected() {
			data = append(data, fmt.Sprintf("**%s %s is protected** and would be %sd: an `up` refuses. Only somebody who means it takes the protection away first.", c.kind, code(c.name), verb(c)))
		}
		switch {
		case !gone && c.kind != "one-shot":
		case c.kind == dataVolume:
			data = append(data, volume(c))
		case c.is(tokens.SelfSignedCert):
			trust = append(trust, fmt.Sprintf("**The certificate authority %s is %sd**: every client that trusts it must be given the new one before it can connect again.", code(c.name), verb(c)))
		case c.is(tokens.LocallySignedCert):
			notice = append(notice, fmt.Sprintf("The edge gets another certificate (%s): it reloads, no connection is lost, and who trusts the authority trusts it.", code(c.name)))
		case c.is(tokens.Password):
			trust, notice = secret(c, trust, notice)
		case c.kind == "network":
			downtime = append(downtime, fmt.Sprintf("**Network %s is %sd**: everything on it is stopped first and made anew, which takes half a minute or more.", code(c.name), verb(c)))
		case c.kind == "service":
			downtime, notice = service(c, downtime, notice)
		case c.kind == "one-shot" && c.workload() == "migrate" && r.runs():
			notice = append(notice, migration(c))
		}
	}
	all := slices.Concat(data, trust, downtime, notice)
	return slices.Compact(all)
}

// runs tells whether there is a stack already: a migration of an empty database puts nothing at stake.
func (r *Report) runs() bool {
	return r.changes.same > 0 || slices.ContainsFunc(r.changes.list, func(c change) bool { return c.step.Op != apitype.OpCreate })
}

func verb(c change) string {
	if c.step.Op == apitype.OpReplace {
		return "replace"
	}
	return "delete"
}

// secret goes by the names of package credential: api-a and api-b are what people and remote clients log in with, every other value is used inside only.
func secret(c change, trust, notice []string) (more, rest []string) {
	switch {
	case strings.HasSuffix(c.name, "-salt"):
	case strings.HasPrefix(c.name, "api-"):
		trust = append(trust, fmt.Sprintf("**The credential %s gets another value**: people and remote clients must learn it, unless it is the slot that nobody uses.", code(c.name)))
	default:
		notice = append(notice, fmt.Sprintf("The generated secret %s gets another value; the containers that use it are made anew.", code(c.name)))
	}
	return trust, notice
}

func volume(c change) string {
	text := fmt.Sprintf("**Data volume %s is %sd**", code(c.name), verb(c))
	name, _ := c.before("name").(string)
	switch {
	case !c.retained():
		return text + ": **its data is lost**, unless there is a backup."
	case c.step.Op == apitype.OpReplace:
		return text + ": the new one is empty. The old one stays on the engine as " + code(name) + ", and Pulumi forgets it."
	default:
		return text + " from the state: it stays on the engine as " + code(name) + ", and nothing uses it any more."
	}
}

func service(c change, downtime, notice []string) (more, rest []string) {
	workload := c.workload()
	pause, owns := pauses[workload]
	switch {
	case strings.HasPrefix(workload, "worker-"):
		notice = append(notice, fmt.Sprintf("Worker %s takes no new work and lets its flow runs finish, up to %v s; what still runs then is ended and reported as crashed.", code(c.name), before(c, "destroyGraceSeconds")))
	case c.step.Op == apitype.OpDelete:
		downtime = append(downtime, fmt.Sprintf("**%s is deleted**: whatever it did is no longer done.", code(c.name)))
	case owns:
		downtime = append(downtime, fmt.Sprintf("**%s is stopped before its successor starts**%s: %s.", code(c.name), because(c), pause))
	case c.stopFirst:
		downtime = append(downtime, fmt.Sprintf("**%s is stopped before its successor starts**%s: whatever it does pauses for some seconds.", code(c.name), because(c)))
	}
	return downtime, notice
}

func before(c change, name string) any {
	if value := c.before(name); value != nil {
		return value
	}
	return "some"
}

// because says why a container is replaced where the names of its properties do not: its settings are files in a volume named after their content.
func because(c change) string {
	names := changed(c.step)
	switch {
	case len(names) == 0:
		return " with what it depends on"
	case slices.Contains(names, "image"):
		return " for another image"
	case slices.Contains(names, "volumes"):
		return " for other settings"
	case slices.Contains(names, "networksAdvanced"):
		return " with its network"
	}
	return ""
}

func migration(c change) string {
	if slices.Contains(changed(c.step), "image") || c.step.Op == apitype.OpCreate {
		return "**Database migrations run** with the new image, before the new API starts. There is no way back to the old version but a backup: make one first."
	}
	return "Database migrations run again; with the same image they find nothing to do."
}
