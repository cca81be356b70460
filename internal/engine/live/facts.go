package live

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
	"github.com/moby/moby/client/pkg/versions"

	"prefect-platform/internal/tokens"
)

// Facts describe an engine.
type Facts struct {
	Version string
	API     string
	// Skew is how far the engine's clock is ahead of this machine's.
	Skew time.Duration
	// CPUs and MemoryMiB are what all containers share.
	CPUs      int
	MemoryMiB int
	// Lab says that it is the lab's own engine.
	Lab bool
}

// OldAPI reports whether the engine is older than what the platform needs.
func (f Facts) OldAPI() bool { return versions.LessThan(f.API, MinAPI) }

// Facts asks the engine about itself.
func (e *Engine) Facts(ctx context.Context) (*Facts, error) {
	ping, err := e.api.Ping(ctx, client.PingOptions{})
	if err != nil {
		return nil, fmt.Errorf("engine %s does not answer: %w", e.At, err)
	}
	asked := time.Now()
	answer, err := e.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("engine %s: %w", e.At, err)
	}
	answered := time.Now()

	info := answer.Info
	facts := &Facts{Version: info.ServerVersion, API: ping.APIVersion, CPUs: info.NCPU, MemoryMiB: int(info.MemTotal >> 20)}
	if at, err := time.Parse(time.RFC3339Nano, info.SystemTime); err == nil {
		facts.Skew = skew(asked, answered, at)
	}
	for _, label := range info.Labels {
		facts.Lab = facts.Lab || strings.HasPrefix(label, tokens.LabelLab+"=")
	}
	return facts, nil
}

// skew is 0 for any time between question and answer, since a slow connection is no wrong clock.
func skew(asked, answered, remote time.Time) time.Duration {
	switch {
	case remote.Before(asked):
		return remote.Sub(asked)
	case remote.After(answered):
		return remote.Sub(answered)
	default:
		return 0
	}
}

// FreeDisk returns the free bytes of the file system that holds the engine's data, seen from inside a running container, which works on a remote engine too.
func (e *Engine) FreeDisk(ctx context.Context, container string) (int64, error) {
	output, err := e.exec(ctx, container, "df", "-Pk", "/")
	if err != nil {
		return 0, err
	}
	return parseFree(output)
}

func (e *Engine) exec(ctx context.Context, container string, command ...string) (string, error) {
	created, err := e.api.ExecCreate(ctx, container, client.ExecCreateOptions{Cmd: command, AttachStdout: true})
	if err != nil {
		return "", fmt.Errorf("run %s in container %s: %w", command[0], container, err)
	}
	attached, err := e.api.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return "", fmt.Errorf("run %s in container %s: %w", command[0], container, err)
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)() // reading knows nothing of the context
	var output bytes.Buffer
	if _, err := stdcopy.StdCopy(&output, io.Discard, attached.Reader); err != nil {
		return "", fmt.Errorf("run %s in container %s: %w", command[0], container, err)
	}
	return output.String(), nil
}

// parseFree reads the fourth column of `df -P`, in units of 1024 bytes.
func parseFree(output string) (int64, error) {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if len(fields) < 4 {
		return 0, fmt.Errorf("df said %q", output)
	}
	kib, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("df said %q", output)
	}
	return kib * 1024, nil
}
