package main

import (
	"encoding/json"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// environment is what the Go SDK reads about the run it is part of.
func environment(request *pulumirpc.RunRequest, engine string) ([]string, error) {
	config, err := json.Marshal(nonNil(request.Config))
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(append([]string{}, request.ConfigSecretKeys...))
	if err != nil {
		return nil, err
	}
	return []string{
		pulumi.EnvOrganization + "=" + request.Organization,
		pulumi.EnvProject + "=" + request.Project,
		pulumi.EnvStack + "=" + request.Stack,
		pulumi.EnvPulumiRootDirectory + "=" + request.Info.GetRootDirectory(),
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secretKeys),
		pulumi.EnvDryRun + "=" + strconv.FormatBool(request.DryRun),
		pulumi.EnvParallel + "=" + strconv.Itoa(int(request.Parallel)),
		pulumi.EnvMonitor + "=" + request.MonitorAddress,
		pulumi.EnvEngine + "=" + engine,
	}, nil
}

func nonNil(config map[string]string) map[string]string {
	if config == nil {
		return map[string]string{}
	}
	return config
}
