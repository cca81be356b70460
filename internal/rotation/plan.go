package rotation

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Step is what one `up` deploys.
type Step []Move

// Edits are those of all moves.
func (s Step) Edits() []Edit {
	var all []Edit
	for _, move := range s {
		all = append(all, move.Edits...)
	}
	return all
}

// Retires tells whether the step does nothing but end the validity of values.
func (s Step) Retires() bool {
	return !slices.ContainsFunc(s, func(m Move) bool { return m.Action != Retire })
}

// Find returns the move of a credential, if it has one in this step.
func (s Step) Find(name string) (Move, bool) {
	i := slices.IndexFunc(s, func(m Move) bool { return m.Before.Name == name })
	if i < 0 {
		return Move{}, false
	}
	return s[i], true
}

// Forward plans the steps of a rotation, or what is left of one: a credential whose other value is kept was turned already. Where the value in use was supplied, the next
// one must be too, unless generate says otherwise.
func Forward(stack string, all []Credential, today time.Time, generate bool) ([]Step, error) {
	var first, second Step
	var refused []error
	for _, c := range all {
		switch {
		case c.Slots.Keep:
			move := c.complete(today)
			first, second = append(first, move), append(second, move.After.retire(cmp.Or(c.Slots.Since, move.After.Slots.Since)))
		default:
			if err := c.hasSuccessor(stack, generate); err != nil {
				refused = append(refused, err)
				continue
			}
			move := c.turn(today)
			first, second = append(first, move), append(second, move.After.retire(move.After.Slots.Since))
		}
	}
	return steps(first, second), errors.Join(refused...)
}

// Back plans the steps that take a rotation back.
func Back(all []Credential, today time.Time) ([]Step, error) {
	var first, second Step
	var refused []error
	for _, c := range all {
		if !c.Slots.Keep {
			refused = append(refused, fmt.Errorf("%s: nothing can be taken back, because the value in slot %s is not kept any more (rotation.%s.keep is false); rotate it anew instead", c.Name, c.Idle(), c.Name))
			continue
		}
		move := c.giveBack(today)
		first, second = append(first, move), append(second, move.After.retire("")) // the value that is active again is older than that
	}
	return steps(first, second), errors.Join(refused...)
}

func steps(all ...Step) []Step {
	return slices.DeleteFunc(all, func(s Step) bool { return len(s) == 0 })
}

// hasSuccessor wants whoever supplies a value to supply the next one too: a generated one in its place would be a surprise.
func (c Credential) hasSuccessor(stack string, generate bool) error {
	now, next := c.Supplied[c.Active()], c.Supplied[c.Idle()]
	if now == "" || next != "" && next != now || next == "" && generate {
		return nil
	}
	found, generated := "has none", ", or have one generated: --generate"
	if next != "" {
		found, generated = "has the same", ""
	}
	return fmt.Errorf("%s: the value in use is one that you supplied, and slot %s %s; supply the next one first: pulumi config set --stack %s --secret %s%s", c.Name, c.Idle(), found, stack, c.SecretKey(c.Idle()), generated)
}

// KeptTooLong tells whether the other value is valid for longer than the policies let it, or nobody knows for how long.
func (c Credential) KeptTooLong(today time.Time) bool {
	if !c.Slots.Keep {
		return false
	}

	age, known := c.Age(today)
	return !known || age > c.KeepDays()
}
