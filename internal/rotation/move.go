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
	// Complete edits nothing: the `up` after an earlier Turn or Return may not have come to its end, and nothing may be retired before it has.
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

func (c Credential) complete() Move { return Move{Action: Complete, Before: c, After: c} }

// giveBack tells the day, because from it the days are counted for which the other value may be kept.
func (c Credential) giveBack(today time.Time) Move {
	after := c
	after.Slots.Active, after.Slots.Since = c.Idle(), today.Format(time.DateOnly)
	return Move{Return, c, after, []Edit{
		{Key: c.Key("active"), Value: after.Slots.Active},
		{Key: c.Key("since"), Value: after.Slots.Since},
	}}
}

// retire takes a supplied value out of the configuration as well: left there, it would be the "new" one of the next rotation. After a Return the day is taken out too:
// the value that is active again is older than that.
func (c Credential) retire(returned bool) Move {
	after := c
	after.Slots.Keep = false
	move := Move{Action: Retire, Before: c, Edits: []Edit{{Key: c.Key("keep"), Value: "false"}}}
	if returned {
		after.Slots.Since = ""
		move.Edits = append(move.Edits, Edit{Key: c.Key("since")})
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
		return fmt.Sprintf("%s in slot %s (generation %d) becomes active; slot %s stays valid", origin, active, m.After.Generation(active), idle)
	case Return:
		return fmt.Sprintf("slot %s (generation %d) becomes active again; slot %s stays valid meanwhile", active, m.After.Generation(active), idle)
	case Retire:
		return fmt.Sprintf("slot %s stops being valid", idle)
	default:
		return fmt.Sprintf("slot %s (generation %d) is active and slot %s valid already: up only makes sure that this was deployed", active, m.After.Generation(active), idle)
	}
}
