package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/spf13/cobra"

	"prefect-platform/internal/clone"
	"prefect-platform/internal/doctor"
	"prefect-platform/internal/progress"
	"prefect-platform/internal/report"
	"prefect-platform/policy/guard"
)

// What a preview is compared with.
const (
	againstAuto    = "auto"
	againstState   = "state"
	againstNothing = "nothing"
)

// preview is one call of the verb.
type preview struct {
	*options
	against    string
	none       bool // no changes are expected
	reportFile string
	report     *report.Report
}

func newPreview(o *options) *cobra.Command {
	p := &preview{options: o}
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Show what up would do, judge it by the policy pack, and change nothing",
		Long: `Show what up would do, judge it by the policy pack, and change nothing. The exit code is 1 when the configuration or a policy refuses, or when the preview fails; the
report is written also then.

With --against state it is compared with what was deployed, which takes the stack's backend, passphrase or key, and engine. With --against nothing it takes none of
these: state and secrets are throwaway ones in a temporary folder, and the engine is one that nobody can reach; everything is shown as new. With --against auto
it is the state where there is one.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.run(c.Context()) },
	}
	cmd.Flags().StringVar(&p.against, "against", againstAuto, "what to compare with: state, nothing or auto")
	cmd.Flags().StringVar(&p.reportFile, "report", "", "write a report in Markdown to this file")
	cmd.Flags().BoolVar(&p.none, "expect-no-changes", false, "fail when up would change or mend anything")
	return cmd
}

func (p *preview) run(ctx context.Context) error {
	p.report = report.New(report.About{Stack: p.stack, Commit: commit(ctx)})
	p.report.Hide(environmentSecrets(os.Environ()))
	err := p.look(ctx)
	if err != nil && !errors.Is(err, errSaid) {
		p.report.Fail(err.Error())
	}
	if err != nil {
		p.report.Ended()
	}
	if p.reportFile == "" {
		return err
	}
	return errors.Join(err, os.WriteFile(p.reportFile, []byte(p.report.Markdown()), 0o644))
}

// look opens the stack in one of the two ways.
func (p *preview) look(ctx context.Context) error {
	if p.against == againstNothing {
		return p.compareWithNothing(ctx)
	}
	if p.against != againstState && p.against != againstAuto {
		return fmt.Errorf("--against %s: state, nothing or auto", p.against)
	}
	s, err := openStack(ctx, p.options, p.stack == clone.DevStack && p.against == againstState)
	if errors.Is(err, errNoStack) && p.against == againstAuto && !p.none {
		fmt.Printf("%s: compared with nothing\n", strings.TrimSuffix(err.Error(), "\n"))
		return p.compareWithNothing(ctx)
	}
	if err != nil {
		return err
	}
	return p.compareWithState(ctx, s)
}

func (p *preview) compareWithState(ctx context.Context, s *session) error {
	fmt.Printf("Preview of stack %s, compared with its state\n", p.stack)
	x, err := s.checked(ctx)
	p.report.Hide(s.secrets)
	p.refuse(s.findings)
	if err != nil {
		return err
	}
	defer x.close()
	for _, item := range x.Mend.Items() {
		p.report.Mend(item.Found + ": " + item.Action)
	}
	announce(*x.Mend)
	reporter, err := p.foresee(ctx, s, x.Config.Production, x.Mend.Rerun)
	if err != nil {
		return err
	}
	if p.none && (reporter.Changes() > 0 || !x.Mend.Empty()) {
		return errors.New("there are changes, and none were expected")
	}
	return nil
}

func (p *preview) compareWithNothing(ctx context.Context) error {
	if p.none {
		return errors.New("--expect-no-changes needs a state to compare with: --against state")
	}
	s, instead, err := openThrowaway(ctx, p.options)
	if err != nil {
		return err
	}
	defer s.discard()
	p.report.Compared(true, instead)
	fmt.Printf("Preview of stack %s, compared with nothing: no secret, account, state or engine is used, and all of it is shown as new\n", p.stack)
	for _, each := range instead {
		fmt.Println("  instead", each)
	}
	c, err := s.config(ctx)
	p.report.Hide(s.secrets)
	if err != nil {
		findings := doctor.Configuration(p.stack, err)
		p.refuse(findings)
		doctor.Print(os.Stdout, findings, doctor.Warning)
		return errSaid
	}
	_, err = p.foresee(ctx, s, c.Production, nil)
	return err
}

// refuse puts into the report what keeps a preview from being made.
func (p *preview) refuse(findings []doctor.Finding) {
	for _, f := range findings {
		if f.Level != doctor.Problem {
			continue
		}
		text := f.Found
		if f.Remedy != "" {
			text += " (" + f.Remedy + ")"
		}
		p.report.Refuse(text)
	}
}

func (p *preview) foresee(ctx context.Context, s *session, production bool, rerun []string) (*progress.Reporter, error) {
	s.witness = p.report.Event
	defer func() { s.witness = nil }()
	reporter, err := s.foresee(ctx, os.Stdout, production, rerun)
	if errors.Is(err, errSaid) && len(reporter.Problems()) == 0 {
		p.report.Fail("Pulumi ended with an error and did not say why; what it printed is in the log")
	}
	return reporter, err
}

// foresee shows what `up` would change, judged by the policy pack. The preview itself knows nothing of what is to be mended.
func (s *session) foresee(ctx context.Context, out io.Writer, production bool, rerun []string) (*progress.Reporter, error) {
	reporter := progress.New(out, s.verbose)
	pack, levels, err := s.policies(ctx, production)
	if err != nil {
		return nil, err
	}
	// The pack names everything at once, where what the program itself refuses would not even reach it.
	s.stack.Workspace().SetEnvVar(guard.EnvPack, "1")
	defer s.stack.Workspace().UnsetEnvVar(guard.EnvPack)
	err = s.operateFor(ctx, reporter, func(ctx context.Context, to chan<- events.EngineEvent) error {
		_, err := s.stack.Preview(ctx, optpreview.Replace(rerun), optpreview.PolicyPacks(pack), optpreview.PolicyPackConfigs(levels), optpreview.EventStreams(to))
		return err
	})
	if err != nil {
		say(reporter, err)
		return reporter, errSaid
	}
	_, err = fmt.Fprintln(out, reporter.Summary())
	return reporter, err
}

// commit is what the working tree holds, with a mark when it holds more than that; empty outside of a repository.
func commit(ctx context.Context) string {
	output, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(output))
}
