package workload

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/tokens"
)

// Service is a workload that runs.
type Service struct {
	// Ready holds the containers; whoever depends on them waits until they are healthy.
	Ready []pulumi.Resource
}

// ID is that of the first container, as short as `docker ps` shows it: another one, another ID.
func (s *Service) ID() pulumi.StringOutput {
	return s.Ready[0].(*docker.Container).ID().ApplyT(func(id pulumi.ID) string { return string(id)[:min(len(id), 12)] }).(pulumi.StringOutput)
}

// Run adds a workload that runs until the stack goes, and waits until it is healthy.
func Run(ctx *pulumi.Context, e *Engine, name string, spec Spec, opts ...pulumi.ResourceOption) (*Service, error) {
	s := spec.withDefaults()
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("workload %s: %w", name, err)
	}
	if len(s.Health.Command) == 0 {
		return nil, fmt.Errorf("workload %s: no health check", name)
	}
	s.Files = withFile(s.Files, healthFile, Script(healthScript))

	files, err := e.files(ctx, name, s, opts...)
	if err != nil {
		return nil, err
	}
	image, err := e.image(ctx, s.Image)
	if err != nil {
		return nil, err
	}

	service := &Service{}
	for i := range s.Replicas {
		args := e.container(s, files, tokens.RoleService)
		args.Restart = pulumi.String("unless-stopped")
		args.Healthcheck = healthcheck(s.Health)
		args.Ports = ports(s.Ports)
		args.Wait = pulumi.Bool(true)
		args.WaitTimeout = pulumi.Int(seconds(s.Health.StartWithin))
		full := name
		if s.Replicas > 1 || s.Order == StartFirst {
			full = fmt.Sprintf("%s-%d", name, i)
		}
		if s.Order == StopFirst {
			// A fixed name keeps a second container off the volume, also when the state knows nothing of the first.
			args.Name = pulumi.String(e.Prefix + "-" + s.Role)
		}
		container, err := docker.NewContainer(ctx, full, args, append(opts, pulumi.Provider(e.provider), replacement(s.Order),
			pulumi.DependsOn([]pulumi.Resource{image, files.ready}))...)
		if err != nil {
			return nil, err
		}
		service.Ready = append(service.Ready, container)
	}
	return service, nil
}

func withFile(files map[string]File, name string, file File) map[string]File {
	all := map[string]File{name: file}
	maps.Copy(all, files)
	return all
}
