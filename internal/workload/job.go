package workload

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/tokens"
)

// JobRun is a workload that runs once, again whenever its description changes.
type JobRun struct {
	// Done fails with the job's own log when it did not exit with 0; use it with pulumi.DependsOnInputs. It is unknown in a preview of a job that will run.
	Done pulumi.ResourceArrayOutput
}

// Job runs a workload to its end.
//
// The provider reports no failure for a command that fails, so the exit code is read here. A failed run stays in the state as if it had succeeded:
// `platform up` and `pulumi up --replace` run it again, and so does every change of its description.
func Job(ctx *pulumi.Context, e *Engine, name string, spec Spec, opts ...pulumi.ResourceOption) (*JobRun, error) {
	s := spec.withDefaults()
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("job %s: %w", name, err)
	}
	files, err := e.files(ctx, name, s, opts...)
	if err != nil {
		return nil, err
	}
	image, err := e.image(ctx, s.Image)
	if err != nil {
		return nil, err
	}

	if e.Database != "" {
		s.Env = maps.Clone(s.Env)
		if s.Env == nil {
			s.Env = map[string]string{}
		}
		s.Env["DATABASE_VOLUME"] = e.Database
	}

	args := e.container(s, files, tokens.RoleJob)
	args.Restart = pulumi.String("no")
	args.MustRun = pulumi.Bool(false)
	args.Attach = pulumi.Bool(true)
	args.Logs = pulumi.Bool(true)
	container, err := docker.NewContainer(ctx, name, args, append(opts, pulumi.Provider(e.provider), replacement(StartFirst),
		pulumi.DependsOn([]pulumi.Resource{image, files.ready}))...)
	if err != nil {
		return nil, err
	}

	done := pulumi.All(container.ExitCode, container.ContainerLogs, container.URN()).ApplyT(func(values []any) ([]pulumi.Resource, error) {
		if err := jobError(name, string(values[2].(pulumi.URN)), values[0].(int), values[1].(string)); err != nil {
			return nil, err
		}
		return []pulumi.Resource{container}, nil
	}).(pulumi.ResourceArrayOutput)
	return &JobRun{Done: done}, nil
}

func jobError(name, urn string, code int, log string) error {
	if code == 0 {
		return nil
	}
	text := lastLines(withoutStreamHeaders(log), 30)
	if text == "" {
		text = "(it wrote nothing)"
	}
	return fmt.Errorf("%s failed with exit code %d; what was running before still runs. Its log:\n%s\nmend the cause, then run it again: platform up, or pulumi up --replace '%s'", name, code, text, urn)
}

// withoutStreamHeaders takes away the 8 bytes that the Docker API puts before each line of a container without a terminal
// (stream 0 to 2, three zero bytes, length), which the provider leaves in before its Terraform release 4.2.0 (kreuzwerker #899).
func withoutStreamHeaders(log string) string {
	var clean strings.Builder
	for len(log) >= 8 && log[0] <= 2 && log[1] == 0 && log[2] == 0 && log[3] == 0 {
		size := int(log[4])<<24 | int(log[5])<<16 | int(log[6])<<8 | int(log[7])
		end := min(8+size, len(log))
		clean.WriteString(log[8:end])
		log = log[end:]
	}
	clean.WriteString(log)
	return clean.String()
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
