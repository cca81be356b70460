package live

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Restarts returns how often the engine restarted each of the containers by itself, by ID. It counts from 0 again when somebody starts or restarts a container, and when the
// engine itself starts. A container that is gone meanwhile has no entry.
func (e *Engine) Restarts(ctx context.Context, containers []Container) (map[string]int, error) {
	counts := map[string]int{}
	for _, c := range containers {
		inspected, err := e.api.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
		switch {
		case errdefs.IsNotFound(err):
		case err != nil:
			return nil, fmt.Errorf("inspect container %s: %w", c.Name, err)
		default:
			counts[c.ID] = inspected.Container.RestartCount
		}
	}
	return counts, nil
}
