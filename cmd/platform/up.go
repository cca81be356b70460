package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"prefect-platform/config"
	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/clone"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/reach"
	"prefect-platform/internal/tokens"
)

// answerWithin is how long the edge may take to answer once every container is healthy.
const answerWithin = time.Minute

// overSSH is the number of resources that are worked on at once on an engine behind ssh: sshd allows 10 sessions in a connection, and each takes more than one.
const overSSH = 4

func newUp(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "Deploy the stack, or bring it up to date",
		Long: `Check what is needed, mend what plain ` + "`pulumi up`" + ` cannot (containers removed by hand, what a killed up left behind, one-shots that failed),
deploy, and wait until Prefect answers. Running it again is always safe.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			return s.up(c.Context())
		},
	}
}

func (s *session) up(ctx context.Context) error {
	x, err := s.deploy(ctx)
	if err != nil {
		return err
	}
	return s.welcome(ctx, x)
}

// deploy brings the stack up to date. What it has seen of it is for looking at only.
func (s *session) deploy(ctx context.Context) (*examination, error) {
	x, err := s.checked(ctx)
	if err != nil {
		return nil, err
	}
	defer x.close()
	fmt.Printf("Stack %s on Docker %s at %s\n", s.options.stack, x.Facts.Version, x.EngineAt)
	if released, err := s.release(ctx, x); err != nil {
		return nil, err
	} else if released {
		if x.state, err = s.export(ctx); err != nil {
			return nil, err
		}
	}
	migrates := x.migration()
	migrates.warn()
	if err := s.judge(ctx, x); err != nil {
		return nil, err
	}
	if err := s.keepWayBack(ctx, x, migrates); err != nil {
		return nil, err
	}
	if err := s.repair(ctx, x); err != nil {
		return nil, err
	}

	pack, levels, err := s.policies(ctx, x.Config.Production)
	if err != nil {
		return nil, err
	}
	opts := []optup.Option{optup.Replace(x.Mend.Rerun), optup.PolicyPacks(pack), optup.PolicyPackConfigs(levels)}
	if x.remote {
		opts = append(opts, optup.Parallel(overSSH))
	}
	err = s.unlocking(ctx, func() error {
		reporter, err := s.operate(ctx, func(ctx context.Context, to chan<- events.EngineEvent) error {
			_, err := s.stack.Up(ctx, append(opts, optup.EventStreams(to))...)
			return err
		})
		if err == nil {
			fmt.Println(reporter.Summary())
			return nil
		}
		if locked(err) {
			return err
		}
		say(reporter, err)
		s.showIll(ctx, x.engine)
		fmt.Printf("\nWhat was not touched still runs. Mend the cause, then run %s again.\n", s.command("up"))
		return errSaid
	})
	if err != nil {
		return nil, err
	}
	return x, s.sweep(ctx, x)
}

// judge has the policy pack judge everything before anything is changed: in an `up` itself, which has no preview phase here, a violation of the last resource comes
// after all others were made. Where somebody must agree, it shows what would change.
func (s *session) judge(ctx context.Context, x *examination) error {
	if s.options.stack != clone.DevStack && !s.yes {
		return s.agree(ctx, x)
	}
	_, err := s.foresee(ctx, io.Discard, x.Config.Production, x.Mend.Rerun)
	if errors.Is(err, errSaid) {
		fmt.Println("Nothing was changed.")
	}
	return err
}

// agree shows what would change and asks.
func (s *session) agree(ctx context.Context, x *examination) error {
	if err := somebody(); err != nil {
		return err
	}
	announce(*x.Mend)
	reporter, err := s.foresee(ctx, os.Stdout, x.Config.Production, x.Mend.Rerun)
	if err != nil {
		return err
	}
	if reporter.Changes() == 0 && x.Mend.Empty() {
		return nil
	}
	return goOn(os.Stdin)
}

// somebody refuses where nobody can be asked.
func somebody() error {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return errors.New("nobody is here to agree: add --yes")
	}
	return nil
}

// goOn asks.
func goOn(in io.Reader) error {
	fmt.Print("Go on? [y/N] ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return err
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// showIll prints the end of the log of every container that does not run well.
func (s *session) showIll(ctx context.Context, engine *live.Engine) {
	has, err := engine.Inventory(ctx)
	if err != nil {
		return
	}
	for _, c := range has.Of(s.options.stack) {
		if c.Role != tokens.RoleService || c.State == "running" && c.Health == "healthy" {
			continue
		}
		fmt.Printf("\nThe last lines of %s (%s %s):\n", c.Name, c.State, c.Health)
		if err := engine.Logs(ctx, c.ID, live.LogOptions{Tail: 20}, func(line live.LogLine) { fmt.Println("  ", line.Text) }); err != nil {
			fmt.Println("  ", err)
		}
	}
}

// welcome waits until Prefect answers, and says how to use it.
func (s *session) welcome(ctx context.Context, x *examination) error {
	access, err := s.access(ctx)
	if err != nil {
		return err
	}
	if x.tunnelled(access.URL) {
		fmt.Printf("\nPrefect runs, on the engine's own %s: reach it through a tunnel, ssh -L.\n", access.URL)
		return nil
	}
	if x.Config.TLS.TriedOut() {
		fmt.Printf("\nThe authority gives a certificate, for trying out: nobody trusts it. For one that clients trust: pulumi config set --stack %s --path %s:tls.acme.directory %s, and %s.\n",
			s.options.stack, config.Namespace, config.LetsEncrypt, s.command("up"))
		return nil
	}
	within, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	switch err := access.Wait(within); {
	case errors.Is(err, reach.ErrNotAllowed):
		fmt.Printf("\nEvery container is healthy. Nothing was tried from outside: %v.\n", err)
	case err != nil:
		fmt.Printf("\nEvery container is healthy, but Prefect does not answer at %s from here:\n  %v\nCheck that the name leads to the engine's host, and the firewall between.\n", access.URL, err)
		return errSaid
	}
	if _, err := s.writeCertificate(access.CA); err != nil {
		return err
	}

	fmt.Printf("\nPrefect is ready at %s\n\n", access.URL)
	if file := s.clone.LabEnvironment(); file != "" {
		fmt.Printf("  in a new shell  . %s\n", file)
	}
	fmt.Printf("  log in          as %s; %s shows the password\n", access.User, s.command("credentials"))
	if m := x.Config.Monitoring; m.Enabled && m.Grafana.Enabled {
		fmt.Printf("  dashboards      %s%s\n", access.URL, catalogue.GrafanaPath)
	}
	if access.CA != "" {
		fmt.Printf("  trust           %s is the certificate to import into a browser\n", s.clone.CertificateFile(s.options.stack))
	}
	fmt.Printf("  SDK and CLI     eval \"$(%s)\"\n", s.command("credentials --env"))
	fmt.Printf("  look after it   %s, %s, %s\n", s.command("doctor"), s.command("logs"), s.command("down"))
	fmt.Println("  go on           README.md, docs/operations.md")
	return nil
}

// tunnelled tells that an address is the engine's own, which is another machine.
func (x *examination) tunnelled(address string) bool { return !x.Local && loopback(address) }

func loopback(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(parsed.Hostname())
	return parsed.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
