package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"prefect-platform/internal/throwaway"
)

// belonging are variables by which a preview could reach an account, a secret, a state or an engine. They are taken from the environment of this process, and so from
// all that it starts.
var belonging = []string{
	"PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_STACK",
	"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_SSH_OPTS", "DOCKER_CONFIG", "SSH_AUTH_SOCK",
}

// openThrowaway makes a stack in a temporary folder, of the stack file of the clone; instead says what is not the stack's own in it. discard takes it away.
func openThrowaway(ctx context.Context, o *options) (s *session, instead []string, err error) {
	if s, err = locate(o); err != nil {
		return nil, nil, err
	}
	for _, name := range belonging {
		if err := os.Unsetenv(name); err != nil {
			return nil, nil, err
		}
	}
	passphrase := rand.Text()
	file, project, err := s.throwawayFiles(passphrase)
	if err != nil {
		return nil, nil, err
	}
	if s.folder, err = os.MkdirTemp("", "prefect-platform-preview-"); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			s.discard()
		}
	}()
	backend := filepath.Join(s.folder, "state")
	if err := os.Mkdir(backend, 0o700); err != nil {
		return nil, nil, err
	}
	for name, content := range map[string][]byte{"Pulumi.yaml": project, "Pulumi." + o.stack + ".yaml": file.Text} {
		if err := os.WriteFile(filepath.Join(s.folder, name), content, 0o600); err != nil {
			return nil, nil, err
		}
	}
	s.env["PULUMI_BACKEND_URL"], s.env["PULUMI_CONFIG_PASSPHRASE"] = "file://"+backend, passphrase
	workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(s.folder), auto.EnvVars(s.env))
	if err != nil {
		return nil, nil, err
	}
	s.stack, err = auto.NewStack(ctx, o.stack, workspace)
	return s, file.Instead, explain(err)
}

func (s *session) throwawayFiles(passphrase string) (file throwaway.File, project []byte, err error) {
	stackFile, err := os.ReadFile(filepath.Join(string(s.clone), "Pulumi."+s.options.stack+".yaml"))
	if err != nil {
		return file, nil, err
	}
	pulumiYAML, err := os.ReadFile(filepath.Join(string(s.clone), "Pulumi.yaml"))
	if err != nil {
		return file, nil, err
	}
	if project, err = throwaway.Project(pulumiYAML, string(s.clone)); err != nil {
		return file, nil, err
	}
	file, err = throwaway.New(stackFile, passphrase, time.Now())
	return file, project, err
}

// discard removes a throwaway stack.
func (s *session) discard() { _ = os.RemoveAll(s.folder) }
