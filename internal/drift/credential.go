package drift

import (
	"fmt"
	"time"

	"prefect-platform/internal/rotation"
	"prefect-platform/internal/tokens"
)

// credential is one secret with its two slots.
type credential struct {
	rotation.Credential
	// since is when the active value became that, zero if nobody knows; rotated says that the configuration tells, and not the state.
	since   time.Time
	rotated bool
}

func (r Recorded) credentials() []credential {
	var all []credential
	for _, each := range rotation.Of(r.Config) {
		c := credential{Credential: each}
		if c.since, c.rotated = each.Since(); !c.rotated {
			c.since = r.made(each)
		}
		all = append(all, c)
	}
	return all
}

// made is when the active value was generated; zero for one that the user supplies.
func (r Recorded) made(c rotation.Credential) time.Time {
	kind, name := tokens.Password, c.Resource+"-"+c.Active()
	if c.Name == rotation.CA {
		kind, name = tokens.SelfSignedCert, tokens.Authority(c.Active(), c.Generation(c.Active()))
	}
	for _, each := range r.State.Resources() {
		if each.Type() == kind && each.Name() == name && !each.Replaced() {
			return each.Created()
		}
	}
	return time.Time{}
}

func (c credential) subject() string { return "credential/" + c.Name }

// origin is the date from which its age is counted, and where that is from.
func (c credential) origin() string {
	if c.rotated {
		return "rotated " + date(c.since)
	}
	return "made " + date(c.since)
}

func (c credential) describe(now time.Time) string {
	if c.since.IsZero() {
		return fmt.Sprintf("its age is not known: rotation.%s.since is empty, and the state does not say when its value was made", c.Name)
	}
	return fmt.Sprintf("%s, %d days old", c.origin(), days(now.Sub(c.since)))
}

func (c credential) judge(r Recorded, now time.Time) []Finding {
	if c.since.IsZero() {
		return nil
	}
	age := days(now.Sub(c.since))
	var findings []Finding
	if age > c.DueDays() {
		findings = append(findings, Finding{
			CredentialDue, c.subject(), "", fmt.Sprintf("%s, due after %d days", c.origin(), c.DueDays()), fmt.Sprintf("%d days old", age),
			fmt.Sprintf("%s %d && %s %s && %s true && %s %s && %s (see Secrets in docs/operations.md)",
				r.set(c.key(c.Idle())), c.Generation(c.Idle())+1, r.set(c.key("active")), c.Idle(), r.set(c.key("keep")), r.set(c.key("since")), date(now), r.Command("up")),
		})
	}
	if c.Slots.Keep && age > c.KeepDays() {
		findings = append(findings, Finding{
			CredentialKept, c.subject(), "", fmt.Sprintf("%s, the other value due to end after %d days", c.origin(), c.KeepDays()),
			fmt.Sprintf("slot %s still valid after %d days", c.Idle(), age),
			r.set(c.key("keep")) + " false && " + r.Command("up"),
		})
	}
	return findings
}

func (c credential) key(field string) string { return "rotation." + c.Name + "." + field }
