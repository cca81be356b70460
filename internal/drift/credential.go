package drift

import (
	"fmt"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
)

// credential is one secret with its two slots.
type credential struct {
	name  string // as below rotation
	slots config.Slots
	// since is when the active value became that, zero if nobody knows; rotated says that the configuration tells, and not the state.
	since   time.Time
	rotated bool
}

func (r Recorded) credentials() []credential {
	var all []credential
	for _, c := range []credential{
		{name: "api", slots: r.Config.Rotation.API},
		{name: "database", slots: r.Config.Rotation.Database},
		{name: "redis", slots: r.Config.Rotation.Redis},
	} {
		if at, err := time.Parse(time.DateOnly, c.slots.Since); err == nil {
			c.since, c.rotated = at, true
		} else {
			c.since = r.made(c.name + "-" + c.slots.Active)
		}
		all = append(all, c)
	}
	return all
}

// made is when a generated password was; zero for one that the user supplies.
func (r Recorded) made(name string) time.Time {
	for _, each := range r.State.Resources() {
		if each.Type() == tokens.Password && each.Name() == name && !each.Replaced() {
			return each.Created()
		}
	}
	return time.Time{}
}

func (c credential) subject() string { return "credential/" + c.name }

// origin is the date from which its age is counted, and where that is from.
func (c credential) origin() string {
	if c.rotated {
		return "rotated " + date(c.since)
	}
	return "made " + date(c.since)
}

func (c credential) describe(now time.Time) string {
	if c.since.IsZero() {
		return fmt.Sprintf("its age is not known: rotation.%s.since is empty, and the state does not say when its value was made", c.name)
	}
	return fmt.Sprintf("%s, %d days old", c.origin(), days(now.Sub(c.since)))
}

func (c credential) judge(r Recorded, now time.Time) []Finding {
	if c.since.IsZero() {
		return nil
	}
	age := days(now.Sub(c.since))
	var findings []Finding
	if age > config.RotationDueDays {
		idle, generation := c.idle()
		findings = append(findings, Finding{
			CredentialDue, c.subject(), "", fmt.Sprintf("%s, due after %d days", c.origin(), config.RotationDueDays), fmt.Sprintf("%d days old", age),
			fmt.Sprintf("%s %d && %s %s && %s true && %s %s && %s (see Secrets in docs/operations.md)",
				r.set(c.key(idle)), generation+1, r.set(c.key("active")), idle, r.set(c.key("keep")), r.set(c.key("since")), date(now), r.Command("up")),
		})
	}
	if c.slots.Keep && age > config.KeepDueDays {
		idle, _ := c.idle()
		findings = append(findings, Finding{
			CredentialKept, c.subject(), "", fmt.Sprintf("%s, the other value due to end after %d days", c.origin(), config.KeepDueDays),
			fmt.Sprintf("slot %s still valid after %d days", idle, age),
			r.set(c.key("keep")) + " false && " + r.Command("up"),
		})
	}
	return findings
}

func (c credential) key(field string) string { return "rotation." + c.name + "." + field }

// idle is the slot that is not active, and its generation.
func (c credential) idle() (slot string, generation int) {
	if c.slots.Active == "b" {
		return "a", c.slots.A
	}
	return "b", c.slots.B
}
