package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"prefect-platform/internal/rotation"
)

// rotatable is what a rotation does to a stack.
type rotatable interface {
	// write edits the configuration.
	write(ctx context.Context, edits []rotation.Edit) error
	// deploy brings the stack up to date, and says what went wrong.
	deploy(ctx context.Context) error
	// expect is called before a step, when every value is still known, and returns what checks the stack after it.
	expect(ctx context.Context, step rotation.Step) (check func(ctx context.Context) error, err error)
}

// turning takes the steps of a rotation.
type turning struct {
	rotated rotatable
	stack   string
	command func(verb string) string
	out     io.Writer
}

// announce says what will be done.
func (t *turning) announce(steps []rotation.Step) {
	for i, step := range steps {
		fmt.Fprintf(t.out, "Step %d of %d:\n", i+1, len(steps))
		t.describe(step)
	}
	last := steps[len(steps)-1]
	if move, found := last.Find(rotation.API); found && move.Action == rotation.Retire {
		fmt.Fprintf(t.out, "Whoever logs in with the value in slot %s of %s is refused after step %d. --keep lets it be valid until the next call.\n", move.After.Idle(), rotation.API, len(steps))
	}
	if move, found := last.Find(rotation.CA); found && move.Action == rotation.Retire {
		fmt.Fprintf(t.out, "Whoever trusts nothing but the authority in slot %s cannot connect after step %d. --keep lets it be trusted until the next call.\n", move.After.Idle(), len(steps))
	}
	if move, found := last.Find(rotation.BackupKey); found && move.Action == rotation.Retire {
		fmt.Fprintf(t.out, "The recovery key that you keep elsewhere opens no backup after step %d: put what %s shows then in its place. --keep lets both open them until the next call.\n", len(steps), t.command("backup"))
	}
}

func (t *turning) describe(step rotation.Step) {
	for _, move := range step {
		fmt.Fprintf(t.out, "  %s: %s\n", move.Before.Name, move)
		for _, edit := range move.Edits {
			fmt.Fprintf(t.out, "      %s\n", edit.Command(t.stack))
		}
	}
	fmt.Fprintf(t.out, "      %s\n", t.command("up"))
}

// run takes all steps.
func (t *turning) run(ctx context.Context, steps []rotation.Step) error {
	for i, step := range steps {
		fmt.Fprintf(t.out, "\nStep %d of %d\n", i+1, len(steps))
		check, err := t.rotated.expect(ctx, step)
		if err != nil {
			return err
		}
		if edits := step.Edits(); len(edits) > 0 {
			if err := t.rotated.write(ctx, edits); err != nil {
				return fmt.Errorf("the edits of this step could not be written, and nothing was deployed: %w", err)
			}
		}
		if err := t.rotated.deploy(ctx); err != nil {
			t.waysOn(step, "The up of this step did not come to its end.")
			return err
		}
		if err := check(ctx); err != nil {
			t.waysOn(step, "The step was deployed, and then: "+err.Error()+".")
			return errSaid
		}
	}
	t.summarise(steps)
	return nil
}

// waysOn says where a failed step leaves the credentials, and what to do: go on or back.
func (t *turning) waysOn(step rotation.Step, failed string) {
	fmt.Fprintf(t.out, "\n%s\n", failed)
	var kept, retired []string
	for _, move := range step {
		active, idle := move.After.Active(), move.After.Idle()
		if move.Action == rotation.Retire {
			retired = append(retired, move.Before.Name)
			fmt.Fprintf(t.out, "  %s: slot %s is active; slot %s may still be valid\n", move.Before.Name, active, idle)
			continue
		}
		kept = append(kept, move.Before.Name)
		fmt.Fprintf(t.out, "  %s: the configuration has slot %s active and slot %s valid, and the value that was active before still works\n", move.Before.Name, active, idle)
	}
	fmt.Fprintln(t.out, "Mend the cause, then")
	if len(kept) > 0 {
		fmt.Fprintf(t.out, "  go on      %s\n", t.command("rotate "+strings.Join(kept, " ")))
		fmt.Fprintf(t.out, "  or back    %s\n", t.command("rotate --back "+strings.Join(kept, " ")))
	}
	if len(retired) > 0 {
		fmt.Fprintf(t.out, "  go on      %s (all edits are made; rotate would begin anew)\n", t.command("up"))
		fmt.Fprintf(t.out, "  or back    %s\n", strings.Join(t.keepAgain(step), " && "))
	}
}

// keepAgain are the commands that take a retirement back.
func (t *turning) keepAgain(step rotation.Step) []string {
	var commands, names []string
	for _, move := range step {
		if move.Action != rotation.Retire {
			continue
		}
		names = append(names, move.Before.Name)
		for _, edit := range move.Edits {
			if edit.Remove {
				commands = append(commands, fmt.Sprintf("pulumi config set --stack %s --secret %s", t.stack, edit.Key))
			}
		}
		commands = append(commands, rotation.Edit{Key: move.Before.Key("since"), Value: move.Before.Slots.Since}.Command(t.stack),
			rotation.Edit{Key: move.Before.Key("keep"), Value: "true"}.Command(t.stack))
	}
	return append(commands, t.command("rotate --back "+strings.Join(names, " ")))
}

// summarise says what came of it.
func (t *turning) summarise(steps []rotation.Step) {
	after := map[string]rotation.Move{}
	var names []string
	for _, step := range steps {
		for _, move := range step {
			if _, known := after[move.Before.Name]; !known {
				names = append(names, move.Before.Name)
			}
			after[move.Before.Name] = move
		}
	}
	fmt.Fprintln(t.out)
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROTATED\tSLOT\tGENERATION\tSINCE\tOLD VALUE")
	var kept []string
	for _, name := range names {
		c := after[name].After
		since, old := c.Slots.Since, "retired"
		if since == "" {
			since = "-"
		}
		if c.Slots.Keep {
			kept = append(kept, name)
			last, _ := c.KeptUntil(time.Time{})
			old = fmt.Sprintf("slot %s, kept until %s at the latest", c.Idle(), last.Format(time.DateOnly))
			if c.Single {
				old = fmt.Sprintf("slot %s, ended; can be taken back until %s", c.Idle(), last.Format(time.DateOnly))
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", name, c.Active(), c.Generation(c.Active()), since, old)
	}
	_ = table.Flush() // like every line here
	if _, api := after[rotation.API]; api {
		fmt.Fprintf(t.out, "%s shows the new value of %s, for people and remote clients.\n", t.command("credentials"), rotation.API)
	}
	if _, key := after[rotation.BackupKey]; key {
		fmt.Fprintf(t.out, "%s shows the new recovery key: keep it where the old one is, or nothing can be recovered.\n", t.command("backup"))
	}
	if _, ca := after[rotation.CA]; ca {
		fmt.Fprintf(t.out, "%s writes the file with what browsers and remote clients are to trust.\n", t.command("credentials"))
	}
	if len(kept) > 0 {
		fmt.Fprintf(t.out, "Until then: %s retires the old value, %s takes it back.\n",
			t.command("rotate "+strings.Join(kept, " ")), t.command("rotate --back "+strings.Join(kept, " ")))
	}
}

// writeNext writes the edits of the next step, for somebody to review and a pipeline to deploy.
func (t *turning) writeNext(ctx context.Context, steps []rotation.Step) error {
	file := "Pulumi." + t.stack + ".yaml"
	next := steps[0]
	if len(next.Edits()) == 0 {
		if len(steps) == 1 {
			return errors.New("nothing is left to write but the step that retires the old value: leave --keep out for that")
		}
		next = steps[1]
		fmt.Fprintln(t.out, "The step before this one must have been deployed: see that its pipeline has succeeded before this one is merged.")
	}
	for _, move := range next {
		if len(move.Edits) > 0 {
			fmt.Fprintf(t.out, "  %s: %s\n", move.Before.Name, move)
		}
	}
	if err := t.rotated.write(ctx, next.Edits()); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Written to %s; nothing was deployed. Review it and commit it:\n  git diff %s\n  git commit -m 'Rotate %s' %s\n", file, file, strings.Join(namesOf(next), " "), file)
	if !next.Retires() {
		fmt.Fprintf(t.out, "Once it is deployed, %s writes the step that retires the other value.\n", t.command("rotate --write-only "+strings.Join(namesOf(next), " ")))
	}
	return nil
}

func namesOf(step rotation.Step) []string {
	names := make([]string, 0, len(step))
	for _, move := range step {
		names = append(names, move.Before.Name)
	}
	return names
}
