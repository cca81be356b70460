package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/config"
	"prefect-platform/internal/clone"
	"prefect-platform/internal/doctor"
	"prefect-platform/internal/state"
)

// session is one stack, ready to be worked on.
type session struct {
	options
	clone clone.Folder
	env   map[string]string
	stack auto.Stack

	folder   string                    // temporary, of a throwaway stack only
	secrets  []string                  // of the configuration, once it was read
	findings []doctor.Finding          // of checked
	witness  func(apitype.EngineEvent) // sees what operations say, nil for nobody
}

// locate finds clone and CLI.
func locate(o *options) (*session, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	folder, err := clone.Find(here)
	if err != nil {
		return nil, err
	}
	s := &session{options: *o, clone: folder, env: folder.Environment(o.stack, os.LookupEnv)}
	if tool := pulumiTool(folder); tool.Version == "" {
		return nil, fmt.Errorf("pulumi is not on the PATH: %s", tool.Remedy)
	}
	if !folder.HasStackFile(o.stack) {
		return nil, fmt.Errorf("there is no Pulumi.%s.yaml in %s: copy Pulumi.prod.yaml to begin with, or choose another --stack", o.stack, folder)
	}
	return s, nil
}

// open finds clone, CLI and stack. The dev stack is made when it is missing; any other is its owner's to make.
func open(ctx context.Context, o *options) (*session, error) {
	return openStack(ctx, o, o.stack == clone.DevStack)
}

// openStack is open that makes a missing stack, or says errNoStack.
func openStack(ctx context.Context, o *options, create bool) (*session, error) {
	s, err := locate(o)
	if err != nil {
		return nil, err
	}
	if local := clone.LocalBackend(s.env, os.LookupEnv); local != "" {
		if err := os.MkdirAll(local, 0o700); err != nil {
			return nil, err
		}
	}
	workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(string(s.clone)), auto.EnvVars(s.env))
	if err != nil {
		return nil, err
	}
	s.stack, err = selectStack(ctx, workspace, o.stack, create)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// errNoStack says that there is no state: the stack was never made, or nobody is logged in to a backend.
var errNoStack = errors.New("no state")

// missing is an error that says so in words of its own.
type missing string

func (m missing) Error() string        { return string(m) }
func (m missing) Is(target error) bool { return target == errNoStack }

func selectStack(ctx context.Context, workspace auto.Workspace, name string, create bool) (auto.Stack, error) {
	stack, err := auto.SelectStack(ctx, name, workspace)
	switch {
	case err == nil:
		return stack, nil
	case auto.IsSelectStack404Error(err) && create:
		stack, err = auto.NewStack(ctx, name, workspace)
		return stack, explain(err)
	case auto.IsSelectStack404Error(err):
		return auto.Stack{}, missing(fmt.Sprintf("there is no stack %s in this backend yet: pulumi stack init %s (with --secrets-provider for a key of your own)", name, name))
	default:
		return auto.Stack{}, explain(err)
	}
}

// explain says what to do about the errors of the CLI that a new user meets.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), "PULUMI_ACCESS_TOKEN") {
		return missing("you are not logged in to a backend: pulumi login s3://... (or another), or set PULUMI_BACKEND_URL")
	}
	for sign, remedy := range map[string]string{
		"passphrase must be set": "set PULUMI_CONFIG_PASSPHRASE_FILE (or PULUMI_CONFIG_PASSPHRASE) to the passphrase of this stack",
		"incorrect passphrase":   "PULUMI_CONFIG_PASSPHRASE or its _FILE holds another passphrase than that of this stack",
	} {
		if strings.Contains(err.Error(), sign) {
			return errors.New(remedy)
		}
	}
	return err
}

// pulumiTool looks for the CLI and its version.
func pulumiTool(folder clone.Folder) doctor.Tool {
	tool := doctor.Tool{Name: "pulumi", Least: sdk.Version.String(), Remedy: "https://www.pulumi.com/docs/install/"}
	if file := folder.LabEnvironment(); file != "" {
		tool.Remedy = "the lab has one: . " + file
	}
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return tool
	}
	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{SkipVersionCheck: true})
	if err != nil {
		tool.Remedy = fmt.Sprintf("%s does not work: %v", path, err)
		return tool
	}
	tool.Version = command.Version().String()
	tool.Old = command.Version().LT(sdk.Version)
	return tool
}

// run calls the CLI for what the Automation API does not offer.
func (s *session) run(ctx context.Context, input string, args ...string) (string, error) {
	environment := make([]string, 0, len(s.env))
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		environment = append(environment, name+"="+s.env[name])
	}
	args = append(args, "--stack", s.options.stack)
	output, problems, _, err := s.stack.Workspace().PulumiCommand().Run(ctx, s.stack.Workspace().WorkDir(), strings.NewReader(input), nil, nil, environment, args...)
	if err != nil {
		return "", explain(fmt.Errorf("pulumi %s: %w\n%s", strings.Join(args, " "), err, problems))
	}
	return output, nil
}

// export reads the state. Secrets stay encrypted unless they are to be shown.
func (s *session) export(ctx context.Context, flags ...string) (*state.Deployment, error) {
	text, err := s.run(ctx, "", append([]string{"stack", "export"}, flags...)...)
	if err != nil {
		return nil, err
	}
	return state.Parse([]byte(text))
}

// config reads the configuration as the program will.
func (s *session) config(ctx context.Context) (config.Config, error) {
	all, err := s.stack.GetAllConfig(ctx)
	if err != nil {
		return config.Config{}, explain(err)
	}
	values, secrets := map[string]string{}, []string(nil)
	for key, value := range all {
		values[key] = value.Value
		if value.Secret {
			secrets = append(secrets, key)
			s.secrets = append(s.secrets, value.Value)
		}
	}
	return config.Parse(values, secrets)
}
