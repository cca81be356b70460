// Package snapshot chooses what a database is restored from.
package snapshot

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// copyTag begins the tag with the name of the copy in a snapshot, the time of the copy's end. receivedTag begins the one with the time up to which the changes after
// it were received.
const (
	copyTag     = "base="
	receivedTag = "received="
	tagTime     = "20060102T150405Z"
)

// Snapshot is one of a repository: it can restore any moment from From to To. What was received after To, until it was made, it has as well; how much that is, nobody
// asked any more.
type Snapshot struct {
	ID       string
	Copy     string
	From, To time.Time
	made     time.Time
}

// Parse reads what `restic snapshots --json` prints, oldest first. What the backup did not make is left out.
func Parse(text string) ([]Snapshot, error) {
	var listed []struct {
		ID   string    `json:"short_id"`
		Time time.Time `json:"time"`
		Tags []string  `json:"tags"`
	}
	if err := json.Unmarshal([]byte(text), &listed); err != nil {
		return nil, fmt.Errorf("restic's list of snapshots: %w", err)
	}
	var all []Snapshot
	for _, each := range listed {
		s := Snapshot{ID: each.ID, To: each.Time.UTC(), made: each.Time}
		for _, tag := range each.Tags {
			if name, ours := strings.CutPrefix(tag, copyTag); ours {
				s.Copy = name
			}
			if received, err := time.Parse(receivedTag+tagTime, tag); err == nil {
				s.To = received
			}
		}
		var err error
		if s.From, err = time.Parse(tagTime, s.Copy); err == nil && !s.To.Before(s.From) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Snapshot) int { return cmp.Or(a.To.Compare(b.To), a.made.Compare(b.made)) })
	return all, nil
}

// Choose takes the snapshot with an ID, or the earliest that has all of a moment, or the newest where neither is given. Of a moment after the last that is promised it
// takes the last snapshot that may have it: whoever restores has to see whether it does, see Surely.
func Choose(all []Snapshot, id string, at time.Time) (Snapshot, error) {
	if len(all) == 0 {
		return Snapshot{}, errors.New("the repository has no snapshot of a database")
	}
	if id != "" {
		return chooseID(all, id, at)
	}
	newest := all[len(all)-1]
	if at.IsZero() {
		return newest, nil
	}
	for _, each := range all {
		if each.Surely(at) {
			return each, nil
		}
	}
	for _, each := range slices.Backward(all) {
		if each.mayHave(at) {
			return each, nil
		}
	}
	oldest := slices.MinFunc(all, func(a, b Snapshot) int { return a.From.Compare(b.From) })
	switch {
	case at.After(newest.made):
		return Snapshot{}, fmt.Errorf("the newest snapshot is of %s: nothing after that was stored", text(newest.made))
	case at.Before(oldest.From):
		return Snapshot{}, fmt.Errorf("the oldest moment that is kept is %s", text(oldest.From))
	default:
		return Snapshot{}, errors.New("no snapshot has that moment: `--list` shows what each has")
	}
}

func chooseID(all []Snapshot, id string, at time.Time) (Snapshot, error) {
	place := slices.IndexFunc(all, func(s Snapshot) bool { return strings.HasPrefix(s.ID, id) || strings.HasPrefix(id, s.ID) })
	if place < 0 {
		return Snapshot{}, fmt.Errorf("there is no snapshot %s: `--list` shows all", id)
	}
	found := all[place]
	if !at.IsZero() && !found.mayHave(at) {
		return Snapshot{}, fmt.Errorf("snapshot %s has the moments from %s to %s only", id, text(found.From), text(found.To))
	}
	return found, nil
}

// Surely tells whether a moment is one of which all is known to be in the snapshot.
func (s Snapshot) Surely(at time.Time) bool { return !at.Before(s.From) && !at.After(s.To) }

func (s Snapshot) mayHave(at time.Time) bool { return !at.Before(s.From) && !at.After(s.made) }

func text(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Row is the snapshot as a line of a list.
func (s Snapshot) Row() string { return fmt.Sprintf("%s  %s  %s", s.ID, text(s.From), text(s.To)) }

// Span sums a list up to one line for each copy: its last snapshot, which has all moments of the others.
func Span(all []Snapshot) []Snapshot {
	var last []Snapshot
	for _, each := range all {
		if n := len(last); n > 0 && last[n-1].Copy == each.Copy {
			last[n-1] = each
			continue
		}
		last = append(last, each)
	}
	return last
}
