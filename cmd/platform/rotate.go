package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"prefect-platform/config"
	"prefect-platform/internal/clone"
	"prefect-platform/internal/rotation"
)

// deployedElsewhere is the variable that turns the deploying pipelines on, see docs/ci.md. GitLab hands it to every job; who works on such a stack may export it.
const deployedElsewhere = "DEPLOY"

// rotate is one call of the verb.
type rotate struct {
	*options
	keep, back, writeOnly, generate bool
}

func newRotate(o *options) *cobra.Command {
	r := &rotate{options: o}
	cmd := &cobra.Command{
		Use:   "rotate NAME... | " + rotation.All,
		Short: "Give credentials new values, and retire the old ones",
		Long: fmt.Sprintf(`Rotate credentials: database, api, redis, with monitoring postgresExporter and sqlExporter, with a backup its key (backup) and role (backupRole), and
with a self-signed certificate its authority (ca). It makes two edits of the configuration, with an up after each:

  1. a new value in the slot that is not active, which becomes active; the old value stays valid
  2. the old value stops being valid

Several credentials, or %s, share the two. After each step it checks through the edge that Prefect answers; with api also that the new value is accepted, and that the old one
is as long as it is to be, and no longer.

With --keep it stops after the first step, so that people and remote clients can learn the new value of api (platform credentials). The same command without --keep goes on
from there, as it does after one that was interrupted; --back makes the old value active again and retires the new one. A kept value is due after %d days, a kept authority after %d.

With --write-only it writes the edits of the next step into the stack's file, to be reviewed and committed, and deploys nothing. This is the default where the variable %s
is true, as in the pipelines that deploy (docs/ci.md).

For a value of your own, supply it for the other slot first, as in pulumi config set --secret prefect-platform:apiPasswordB. Where the one in use was supplied, --generate
goes over to a generated one.`, rotation.All, config.KeepDueDays, config.CAKeepDays, deployedElsewhere),
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			if !c.Flags().Changed("write-only") {
				r.writeOnly = os.Getenv(deployedElsewhere) == "true"
			}
			return r.run(c.Context(), names)
		},
	}
	cmd.Flags().BoolVar(&r.keep, "keep", false, "stop before the old value is retired")
	cmd.Flags().BoolVar(&r.back, "back", false, "take a rotation back whose old value is still kept")
	cmd.Flags().BoolVar(&r.writeOnly, "write-only", false, "write the edits of the next step, and deploy nothing")
	cmd.Flags().BoolVar(&r.generate, "generate", false, "let a generated value follow one that you supplied")
	cmd.MarkFlagsMutuallyExclusive("keep", "write-only")
	cmd.MarkFlagsMutuallyExclusive("back", "generate")
	return cmd
}

func (r *rotate) run(ctx context.Context, names []string) error {
	s, err := open(ctx, r.options)
	if err != nil {
		return err
	}
	c, err := s.config(ctx)
	if err != nil {
		return err
	}
	steps, err := r.plan(c, names, time.Now())
	if err != nil {
		return err
	}
	t := &turning{rotated: &rotated{session: s}, stack: s.options.stack, command: s.command, out: os.Stdout}
	if r.writeOnly {
		return t.writeNext(ctx, steps)
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	t.announce(steps)
	if err := r.agree(); err != nil {
		return err
	}
	s.yes = true // all steps were agreed to
	return t.run(ctx, steps)
}

// plan finds the steps that are to be taken now.
func (r *rotate) plan(c config.Config, names []string, today time.Time) ([]rotation.Step, error) {
	chosen, err := rotation.Choose(rotation.Of(c), names)
	if err != nil {
		return nil, err
	}
	var steps []rotation.Step
	if r.back {
		if slices.Contains(names, rotation.All) {
			chosen = slices.DeleteFunc(chosen, func(c rotation.Credential) bool { return !c.Slots.Keep })
		}
		steps, err = rotation.Back(chosen, today)
	} else {
		steps, err = rotation.Forward(r.stack, chosen, today, r.generate)
	}
	switch {
	case err != nil:
		return nil, err
	case len(steps) == 0:
		return nil, errors.New("nothing can be taken back: no credential has an old value that is still kept")
	case r.keep && !r.back && slices.ContainsFunc(chosen, func(c rotation.Credential) bool { return c.KeptTooLong(today) }):
		return nil, errors.New("an old value is kept for longer than the policies allow: leave --keep out")
	case r.keep:
		return steps[:1], nil
	}
	return steps, nil
}

// agree asks where `up` would.
func (r *rotate) agree() error {
	if r.stack == clone.DevStack || r.yes {
		return nil
	}
	if err := somebody(); err != nil {
		return err
	}
	return goOn(os.Stdin)
}

// ready finds out before the first edit what would keep the stack from being deployed.
func (s *session) ready(ctx context.Context) error {
	if err := s.quiet(); err != nil {
		return err
	}
	if _, err := s.access(ctx); err != nil { // of a stack that was never deployed there is nothing to rotate
		return err
	}
	x, err := s.checked(ctx)
	if err != nil {
		return err
	}
	x.close()
	return nil
}

// write brings the edits into the stack's file as `pulumi config set --path` would, but all of those that change something at once: no kill leaves half of them.
func (s *session) write(ctx context.Context, edits []rotation.Edit) error {
	for _, arguments := range configCommands(edits) {
		if _, err := s.run(ctx, "", arguments...); err != nil {
			return err
		}
	}
	return nil
}

// configCommands are the calls of the command line that make edits. A retired value of the user's is emptied with the rest, before its key goes: left behind by a kill, it
// would be the "new" one of the next rotation.
func configCommands(edits []rotation.Edit) [][]string {
	set := []string{"config", "set-all", "--path"}
	var remove [][]string
	for _, edit := range edits {
		if edit.Remove {
			remove = append(remove, []string{"config", "rm", edit.Key})
		}
		set = append(set, "--plaintext", edit.Key+"="+edit.Value)
	}
	return append([][]string{set}, remove...)
}
