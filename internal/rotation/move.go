package rotation

import (
	"fmt"
	"maps"
	"strconv"
	"time"
)

// Action is what a step does to one credential.
type Action string

// The actions.
const (
	// Turn gives the idle slot a new value and makes it active; the value so far stays valid.
	Turn Action = "turn"
	// Complete changes no value: the `up` after an earlier Turn or Return may not have come to its end, and nothing may be retired before it has.
	Complete Action = "complete"
	// Return makes the slot active again that was so before; the value that was to follow it stays valid meanwhile.
	Return Action = "return"
	// Retire ends the validity of the value that is not active.
	Retire Action = "retire"
)

// Move is one action on one credential.
type Move struct {
	Action        Action
	Before, After Credential
	Edits         []Edit
}

func (c Credential) turn(today time.Time) Move {
	after := c
	after.Slots.Active, after.Slots.Keep, after.Slots.Since = c.Idle(), true, today.Format(time.DateOnly)
	generation := c.Generation(c.Idle()) + 1
	if c.Idle() == "b" {
		after.Slots.B = generation
	} else {
		after.Slots.A = generation
	}
	return Move{Turn, c, after, []Edit{
		{Key: c.Key(c.Idle()), Value: strconv.Itoa(generation)},
		{Key: c.Key("active"), Value: after.Slots.Active},
		{Key: c.Key("keep"), Value: "true"},
		{Key: c.Key("since"), Value: after.Slots.Since},
	}}
}

// complete tells the day of a value that is kept for too long anew: the policies let nothing be deployed with it otherwise.
func (c Credential) complete(today time.Time) Move {
	if !c.KeptTooLong(today) {
		return Move{Action: Complete, Before: c, After: c}
	}
	after := c
	after.Slots.Since = today.Format(time.DateOnly)
	return Move{Complete, c, after, []Edit{{Key: c.Key("since"), Value: after.Slots.Since}}}
}

// giveBack tells the day, because from it the days are counted for which the other value may be kept.
func (c Credential) giveBack(today time.Time) Move {
	after := c
	after.Slots.Active, after.Slots.Since = c.Idle(), today.Format(time.DateOnly)
	return Move{Return, c, after, []Edit{
		{Key: c.Key("active"), Value: after.Slots.Active},
		{Key: c.Key("since"), Value: after.Slots.Since},
	}}
}

// retire takes a supplied value out of the configuration as well: left there, it would be the "new" one of the next rotation. Since is the day from which the value that
// is active has been so; empty where nobody knows.
func (c Credential) retire(since string) Move {
	after := c
	after.Slots.Keep, after.Slots.Since = false, since
	move := Move{Action: Retire, Before: c, Edits: []Edit{{Key: c.Key("keep"), Value: "false"}}}
	if since != c.Slots.Since {
		move.Edits = append(move.Edits, Edit{Key: c.Key("since"), Value: since})
	}
	if c.Supplied[c.Idle()] != "" {
		after.Supplied = maps.Clone(c.Supplied)
		delete(after.Supplied, c.Idle())
		move.Edits = append(move.Edits, Edit{Key: c.SecretKey(c.Idle()), Remove: true})
	}
	move.After = after
	return move
}

func (m Move) String() string {
	active, idle := m.After.Active(), m.After.Idle()
	switch m.Action {
	case Turn:
		origin := "a new value"
		if m.After.Supplied[active] != "" {
			origin = "the value that you supplied as " + m.After.SecretKey(active) + ", which must be a new one,"
		}
		return fmt.Sprintf("%s in slot %s (generation %d) becomes active; slot %s %s", origin, active, m.After.Generation(active), idle, m.After.meanwhile("stays valid"))
	case Return:
		return fmt.Sprintf("slot %s (generation %d) becomes active again; slot %s %s", active, m.After.Generation(active), idle, m.After.meanwhile("stays valid meanwhile"))
	case Retire:
		if m.After.Single {
			return fmt.Sprintf("slot %s cannot be taken back any more", idle)
		}
		return fmt.Sprintf("slot %s stops being valid", idle)
	default:
		return fmt.Sprintf("slot %s (generation %d) is active already and slot %s %s: up only makes sure that this was deployed", active, m.After.Generation(active), idle, m.After.meanwhile("valid"))
	}
}

// meanwhile is what is true of the slot that is not active, until it is retired.
func (c Credential) meanwhile(valid string) string {
	if c.Single {
		return "ends with that, and can be taken back"
	}
	return valid
}
