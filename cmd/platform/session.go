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
}

// open finds clone, CLI and stack. The dev stack is made when it is missing; any other is its owner's to make.
func open(ctx context.Context, o *options) (*session, error) {
	return openWith(ctx, o, selectStack)
}

// openExisting is open for what must not make anything: the dev stack too is there, or it is an error.
func openExisting(ctx context.Context, o *options) (*session, error) {
	return openWith(ctx, o, selectExisting)
}

func openWith(ctx context.Context, o *options, choose func(context.Context, auto.Workspace, string) (auto.Stack, error)) (*session, error) {
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
	if local := clone.LocalBackend(s.env, os.LookupEnv); local != "" {
		if err := os.MkdirAll(local, 0o700); err != nil {
			return nil, err
		}
	}
	workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(string(folder)), auto.EnvVars(s.env))
	if err != nil {
		return nil, err
	}
	s.stack, err = choose(ctx, workspace, o.stack)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func selectStack(ctx context.Context, workspace auto.Workspace, name string) (auto.Stack, error) {
	stack, err := auto.SelectStack(ctx, name, workspace)
	switch {
	case err == nil:
		return stack, nil
	case auto.IsSelectStack404Error(err) && name == clone.DevStack:
		stack, err = auto.NewStack(ctx, name, workspace)
		return stack, explain(err)
	case auto.IsSelectStack404Error(err):
		return auto.Stack{}, fmt.Errorf("there is no stack %s in this backend yet: pulumi stack init %s (with --secrets-provider for a key of your own)", name, name)
	default:
		return auto.Stack{}, explain(err)
	}
}

func selectExisting(ctx context.Context, workspace auto.Workspace, name string) (auto.Stack, error) {
	stack, err := auto.SelectStack(ctx, name, workspace)
	if auto.IsSelectStack404Error(err) {
		return auto.Stack{}, fmt.Errorf("there is no stack %s in this backend: nothing was ever deployed from here", name)
	}
	return stack, explain(err)
}

// explain says what to do about the errors of the CLI that a new user meets.
func explain(err error) error {
	if err == nil {
		return nil
	}
	for sign, remedy := range map[string]string{
		"PULUMI_ACCESS_TOKEN":    "you are not logged in to a backend: pulumi login s3://... (or another), or set PULUMI_BACKEND_URL",
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
	output, problems, _, err := s.stack.Workspace().PulumiCommand().Run(ctx, string(s.clone), strings.NewReader(input), nil, nil, environment, args...)
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
		}
	}
	return config.Parse(values, secrets)
}
