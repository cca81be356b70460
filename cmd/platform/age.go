package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"prefect-platform/internal/rotation"
)

// ages shows how old the credentials are by the configuration alone, and ends with the exit code for drift where one is overdue, as drift itself would.
func (s *session) ages(ctx context.Context, out io.Writer, now time.Time) error {
	c, err := s.config(ctx)
	if err := exceptEnd(c, err, now); err != nil {
		return err
	}
	overdue, err := writeAges(out, rotation.Of(c), now, s.command)
	if err != nil {
		return err
	}
	if overdue {
		return errDrift
	}
	return nil
}

// writeAges writes the table, and below it what to do. It reports whether something is overdue.
func writeAges(out io.Writer, all []rotation.Credential, now time.Time, command func(verb string) string) (overdue bool, err error) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CREDENTIAL\tSLOT\tGENERATION\tSINCE\tDAYS\tDUE\tOLD VALUE")
	var next []string
	unknown := false
	for _, c := range all {
		since, days, due := "-", "-", "-"
		if age, known := c.Age(now); known {
			last, over := c.Due(now)
			since, days, due = c.Slots.Since, strconv.Itoa(age), mark(last, over)
			if over {
				next = append(next, command("rotate "+c.Name))
			}
		} else {
			unknown = true
		}
		old := "retired"
		switch last, over := c.KeptUntil(now); {
		case c.Generation(c.Idle()) == 0:
			old = "none"
		case c.Slots.Keep && last.IsZero():
			old = "slot " + c.Idle() + " " + kept(c) + ", nobody knows since when"
		case c.Slots.Keep:
			old = "slot " + c.Idle() + " " + kept(c) + ", due " + mark(last, over)
			if over {
				next = append(next, command("rotate "+c.Name)+" (retires the old value)")
			}
		}
		fmt.Fprintln(table, strings.Join([]string{c.Name, c.Active(), strconv.Itoa(c.Generation(c.Active())), since, days, due, old}, "\t"))
	}
	if err := table.Flush(); err != nil {
		return false, err
	}
	if unknown {
		fmt.Fprintf(out, "\n-: never rotated, or taken back. %s counts from the day on which the value was generated.\n", command("drift"))
	}
	for _, each := range next {
		fmt.Fprintln(out, "->", each)
	}
	return len(next) > 0, nil
}

// kept is what the value that is not active is still good for.
func kept(c rotation.Credential) string {
	if c.Single {
		return "can be taken back"
	}
	return "valid"
}

func mark(last time.Time, over bool) string {
	text := last.Format(time.DateOnly)
	if over {
		text += " OVERDUE"
	}
	return text
}
