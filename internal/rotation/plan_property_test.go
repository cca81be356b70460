package rotation

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"prefect-platform/config"
)

// value tells one value from all others that a credential ever had.
type value struct {
	slot       string
	generation int
}

func (c Credential) value(slot string) value { return value{slot, c.Generation(slot)} }

func (c Credential) valid(v value) bool {
	return v == c.value(c.Active()) || c.Slots.Keep && v == c.value(c.Idle())
}

// anySlots are any that the configuration accepts, whatever edits led to them.
func anySlots(t *rapid.T) config.Slots {
	s := config.Slots{
		A:      rapid.IntRange(0, 5).Draw(t, "a"),
		B:      rapid.IntRange(0, 5).Draw(t, "b"),
		Active: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "active"),
		Keep:   rapid.Bool().Draw(t, "keep"),
		Since:  rapid.SampledFrom([]string{"", "2026-11-26", "2026-11-20", "2026-11-01"}).Draw(t, "since"),
	}
	c := Credential{Slots: s}
	if c.Generation(c.Active()) == 0 {
		t.Skip("the configuration refuses an active slot without a value")
	}
	s.Keep = s.Keep && c.Generation(c.Idle()) > 0
	return s
}

// expectSafe wants a move to lead to what the configuration accepts, and to leave valid what clients have: the value in use, and the one that it makes active.
func expectSafe(t *rapid.T, m Move) {
	used := m.Before.value(m.Before.Active())
	if !m.After.valid(used) {
		t.Errorf("%s: the value in use is not valid any more: %+v -> %+v", m.Action, m.Before.Slots, m.After.Slots)
	}
	text, err := json.Marshal(map[string]config.Slots{m.After.Name: m.After.Slots})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{config.Namespace + ":edge": `{"allow": ["192.168.1.0/24"]}`, config.Namespace + ":rotation": string(text)}
	if _, err := config.Parse(values, nil); err != nil {
		t.Errorf("%s: %+v is refused: %v", m.Action, m.After.Slots, err)
	}
}

func forward(stack string, all []Credential, now time.Time) ([]Step, error) {
	return Forward(stack, all, now, false)
}

func TestPlans_NeverCutOffAClientAndAlwaysComeToAnEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.SampledFrom([]time.Time{
			time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 26, 23, 59, 0, 0, time.UTC),
		}).Draw(t, "now")
		c := Credential{Name: API, Resource: "api", Slots: anySlots(t)}
		// The up of any step may be killed, before which the configuration was written, and another command may follow.
		for range rapid.IntRange(0, 6).Draw(t, "commands") {
			plan := forward
			if c.Slots.Keep && rapid.Bool().Draw(t, "back") {
				plan = func(_ string, all []Credential, now time.Time) ([]Step, error) { return Back(all, now) }
			}
			steps, err := plan("prod", []Credential{c}, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range steps[:rapid.IntRange(1, len(steps)).Draw(t, "steps")] {
				move := step[0]
				if move.Before.Slots != c.Slots {
					t.Fatalf("%s begins with %+v, after %+v", move.Action, move.Before.Slots, c.Slots)
				}
				expectSafe(t, move)
				c = move.After
			}
		}

		steps, err := forward("prod", []Credential{c}, now)
		if err != nil {
			t.Fatal(err)
		}
		last := steps[len(steps)-1][0].After
		if last.Slots.Keep {
			t.Errorf("from %+v a rotation ends with an old value that is valid: %+v", c.Slots, last.Slots)
		}
		if fresh := last.value(last.Active()); !c.Slots.Keep && (fresh.slot == c.Active() || fresh.generation <= c.Generation(fresh.slot)) {
			t.Errorf("from %+v a rotation leads to a value that was there before: %+v", c.Slots, last.Slots)
		}
	})
}

func TestBack_UndoesWhatForwardBegan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := anySlots(t)
		slots.Keep = false
		before := Credential{Name: Redis, Slots: slots}
		now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
		turned, err := forward("prod", []Credential{before}, now)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Back([]Credential{turned[0][0].After}, now)
		if err != nil {
			t.Fatal(err)
		}
		after := back[len(back)-1][0].After
		if after.value(after.Active()) != before.value(before.Active()) || after.Slots.Keep {
			t.Errorf("%+v became %+v", before.Slots, after.Slots)
		}
	})
}
