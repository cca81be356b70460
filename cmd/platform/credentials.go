package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"prefect-platform/config"
	"prefect-platform/internal/reach"
)

func newCredentials(o *options) *cobra.Command {
	show, env, age := false, false, false
	cmd := &cobra.Command{
		Use:   "credentials",
		Short: "Show how to log in, or how old the credentials are",
		Long: fmt.Sprintf(`Print URL, user and password. The password is printed on a terminal only, unless --show says otherwise.

With --env, print the variables that point Prefect's CLI and SDK at the stack:

  eval "$(platform credentials --env)"

With --age, print for each credential which slot is active, since when, when it is due (after %d days, an authority of the stack's own after %d), and whether the value before it is still
valid (for %d days at most, such an authority for %d). This is what the configuration says; nothing needs to be deployed, and no value is shown. The exit code of the built binary is 2 when something is overdue.`,
			config.RotationDueDays, config.CADueDays, config.KeepDueDays, config.CAKeepDays),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			if age {
				return s.ages(c.Context(), os.Stdout, time.Now())
			}
			access, err := s.access(c.Context())
			if err != nil {
				return err
			}
			file, err := s.writeCertificate(access.CA)
			if err != nil {
				return err
			}
			if env {
				fmt.Print(exports(*access, file))
				return nil
			}
			password := access.Password
			if !show && !term.IsTerminal(int(os.Stdout.Fd())) {
				password = "(not printed where it may be kept; add --show)"
			}
			fmt.Printf("url       %s\nuser      %s\npassword  %s\n", access.URL, access.User, password)
			if file != "" {
				fmt.Printf("trust     %s\n", file)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&show, "show", false, "print the password wherever the output goes")
	cmd.Flags().BoolVar(&env, "env", false, "print variables for a shell, password included")
	cmd.Flags().BoolVar(&age, "age", false, "print how old each credential is and when it is due, and no password")
	cmd.MarkFlagsMutuallyExclusive("age", "env")
	cmd.MarkFlagsMutuallyExclusive("age", "show")
	return cmd
}

// access is the way into a stack that has been deployed.
func (s *session) access(ctx context.Context) (*reach.Edge, error) {
	c, err := s.config(ctx)
	if err != nil {
		return nil, err
	}
	return s.accessBy(ctx, c, c.Rotation.API.Active)
}

// accessBy is access with the value of a slot, active or not.
func (s *session) accessBy(ctx context.Context, c config.Config, slot string) (*reach.Edge, error) {
	deployed, err := s.export(ctx, "--show-secrets")
	if err != nil {
		return nil, err
	}
	edge := &reach.Edge{URL: deployed.StackOutput("url"), User: deployed.StackOutput("user"), CA: deployed.StackOutput("caCertificate")}
	if edge.URL == "" {
		return nil, errors.New("this stack has not been deployed yet: " + s.command("up"))
	}
	if edge.Password = map[string]string{"a": c.Secrets.APIPasswordA, "b": c.Secrets.APIPasswordB}[slot]; edge.Password == "" {
		edge.Password, err = deployed.Password("api-" + slot)
	}
	return edge, err
}

// writeCertificate puts the CA certificate where clients can read it. It returns no name when there is none to trust.
func (s *session) writeCertificate(pem string) (string, error) {
	if pem == "" {
		return "", nil
	}
	if err := os.MkdirAll(s.clone.State(), 0o700); err != nil {
		return "", err
	}
	file := s.clone.CertificateFile(s.options.stack)
	return file, os.WriteFile(file, []byte(pem), 0o644)
}

// exports are the settings of Prefect's client, for any POSIX shell.
func exports(edge reach.Edge, certificate string) string {
	lines := "export PREFECT_API_URL=" + quote(edge.URL+"/api") + "\n" +
		"export PREFECT_API_AUTH_STRING=" + quote(edge.User+":"+edge.Password) + "\n"
	if certificate != "" {
		lines += "export PREFECT_API_SSL_CERT_FILE=" + quote(certificate) + "\n"
	}
	return lines
}

// quote makes one word of anything.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
