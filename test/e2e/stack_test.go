//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// Stack is a deployment of the platform and the ways to look at it.
type Stack struct {
	// Name is the Pulumi stack's; everything on the engine is called prefect-<Name>-….
	Name string
	// URL is that of the edge, https://localhost:<port>, without a slash at the end.
	URL string
	// User and Password are the generated credential.
	User, Password string
	// CA is the PEM certificate that signed the edge's.
	CA string
	// HTTP trusts CA, and sends no credential by itself: see Request and API.
	HTTP *http.Client
	// Docker is a client of the engine that DOCKER_HOST names.
	Docker *client.Client

	// FirstUp is how long the first `up` took, from nothing; 0 for a kept stack.
	FirstUp time.Duration

	elsewhere *elsewhere // where it is when it is not on this machine's engine

	clone string // the repository
	dir   string // everything that belongs to this stack on disk
}

// stackName and networkBase let two runs share an engine.
var (
	stackName   = cmp.Or(os.Getenv("E2E_STACK"), "e2e")
	networkBase = cmp.Or(os.Getenv("E2E_NETWORK"), "10.214.0.0/16")
)

// passphrase encrypts secrets in the throwaway state of the tests.
var passphrase = "e2e"

func (s *Stack) project() string   { return filepath.Join(s.dir, "project") }
func (s *Stack) state() string     { return filepath.Join(s.dir, "state") }
func (s *Stack) program() string   { return filepath.Join(s.dir, "bin", "prefect-platform") }
func (s *Stack) operator() string  { return filepath.Join(s.dir, "bin", "platform") }
func (s *Stack) baseFile() string  { return filepath.Join(s.dir, "base.yaml") }
func (s *Stack) stackFile() string { return filepath.Join(s.project(), "Pulumi."+s.Name+".yaml") }

// AuthString is what PREFECT_API_AUTH_STRING takes.
func (s *Stack) AuthString() string { return s.User + ":" + s.Password }

// open finds the stack of an earlier run, or makes it.
func open() (*Stack, error) {
	clone, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	if err := loadLabEnvironment(filepath.Join(clone, ".lab", "env")); err != nil {
		return nil, err
	}
	docker, err := client.New(client.FromEnv)
	if err != nil {
		return nil, err
	}
	s := &Stack{Name: stackName, Docker: docker, clone: clone, dir: filepath.Join(clone, ".state", stackName)}
	if _, err := docker.Ping(context.Background(), client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return nil, fmt.Errorf("no Docker Engine, start the lab first: %w", err)
	}

	if _, err := os.Stat(s.stackFile()); err != nil || !keep {
		if err := s.remove(); err != nil { // what a killed run has left
			return nil, err
		}
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	start := time.Now()
	if out, err := s.upWith(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	s.FirstUp = time.Since(start)
	return s, nil
}

// prepare makes the folder that `up` runs in: the program as the clone has it now, and a configuration of the stack's own.
func (s *Stack) prepare() error {
	for _, dir := range []string{filepath.Join(s.project(), "policy"), s.state(), filepath.Dir(s.program())} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if err := s.build(); err != nil {
		return err
	}
	if _, err := os.Stat(s.baseFile()); err == nil {
		return s.configure()
	}
	config, err := baseConfig()
	if err != nil {
		return err
	}
	if err := (stackFile{Config: config}).write(s.stackFile()); err != nil {
		return err
	}
	if out, err := s.pulumi("stack", "init", s.Name); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	initialized, err := os.ReadFile(s.stackFile()) // now with the salt
	if err != nil {
		return err
	}
	return os.WriteFile(s.baseFile(), initialized, 0o600)
}

// readAccess learns how to log in, as a person would.
func (s *Stack) readAccess() error {
	out, err := s.platform("credentials", "--show")
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	said := map[string]string{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		said[name] = strings.TrimLeft(value, " ") // a password may end in a space, but not begin with one
	}
	s.URL, s.User, s.Password = said["url"], said["user"], said["password"]
	ca, err := os.ReadFile(cmp.Or(said["trust"], os.Getenv("SSL_CERT_FILE"))) // a provided certificate is signed by somebody whom the system trusts
	if err != nil || s.URL == "" || s.Password == "" {
		return fmt.Errorf("credentials said %q, %w", out, err)
	}
	s.CA = string(ca)
	s.HTTP = &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{TLSClientConfig: s.TLS(), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64},
		// A redirect is an answer to look at.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return nil
}

// TLS returns a configuration that trusts the stack's CA and nothing else.
func (s *Stack) TLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(s.CA))
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// close removes the stack as a person would, and complains about what is left.
func (s *Stack) close() error {
	out, err := s.platform("clean", "--yes")
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), removeWithin)
	defer cancel()
	left, removing := s.removeFromEngine(ctx)
	if len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("clean left behind: %s", strings.Join(left, ", ")))
	}
	return errors.Join(err, removing, os.RemoveAll(s.dir))
}

// removeWithin bounds what takes a stack from the engine by force.
const removeWithin = 2 * time.Minute

// remove takes away whatever is left of a stack, on the engine and on disk.
func (s *Stack) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), removeWithin)
	defer cancel()
	if _, err := s.removeFromEngine(ctx); err != nil {
		return err
	}
	return os.RemoveAll(s.dir)
}
