package live

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"prefect-platform/internal/tokens"
)

// RemoveContainer stops a container within its own grace period and removes it, with its unnamed volumes. One that is gone already is no error.
func (e *Engine) RemoveContainer(ctx context.Context, id string) error {
	if _, err := e.api.ContainerStop(ctx, id, client.ContainerStopOptions{}); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("stop container %s: %w", id, err)
	}
	if _, err := e.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{RemoveVolumes: true, Force: true}); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove container %s: %w", id, err)
	}
	return nil
}

// RemoveNetwork removes a network that no container uses. One that is gone already is no error.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	if _, err := e.api.NetworkRemove(ctx, id, client.NetworkRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove network %s: %w", id, err)
	}
	return nil
}

// RemoveVolumes removes volumes and what is on them. Those that are gone already are no error.
func (e *Engine) RemoveVolumes(ctx context.Context, names []string) error {
	var problems []error
	for _, name := range names {
		if _, err := e.api.VolumeRemove(ctx, name, client.VolumeRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
			problems = append(problems, fmt.Errorf("remove volume %s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

// UnusedFiles returns the volumes with files of a stack that no container knows, not even a stopped one.
func (e *Engine) UnusedFiles(ctx context.Context, stack string) ([]string, error) {
	unused, err := e.api.VolumeList(ctx, client.VolumeListOptions{Filters: make(client.Filters).
		Add("label", tokens.LabelStack+"="+stack, tokens.LabelRole+"="+tokens.RoleFiles).Add("dangling", "true")})
	if err != nil {
		return nil, fmt.Errorf("list unused volumes: %w", err)
	}
	var names []string
	for _, v := range unused.Items {
		names = append(names, v.Name)
	}
	return names, nil
}

// VolumeSizes returns the size in bytes of every volume that the engine can measure. It reads all files and may take a while.
func (e *Engine) VolumeSizes(ctx context.Context) (map[string]int64, error) {
	usage, err := e.api.DiskUsage(ctx, client.DiskUsageOptions{Volumes: true, Verbose: true})
	if err != nil {
		return nil, fmt.Errorf("measure volumes: %w", err)
	}
	sizes := map[string]int64{}
	for _, v := range usage.Volumes.Items {
		if v.UsageData != nil && v.UsageData.Size >= 0 {
			sizes[v.Name] = v.UsageData.Size
		}
	}
	return sizes, nil
}
