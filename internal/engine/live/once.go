package live

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"
)

// Once describes a container that runs to its end and is removed then. It has no label: it is no part of a stack.
type Once struct {
	Image      string
	User       string
	Entrypoint []string
	Env        []string
	Files      map[string]string // scripts, by absolute path
	Secrets    map[string]string // that only root can read
	Local      map[string]string // files of this machine that anybody there can read, by absolute path in the container
	Mounts     []Volume
	Network    string // "none" or the name of one
	Capability []string
	MemoryMiB  int64
}

// Volume is a named volume in a container. Docker makes it when it is missing.
type Volume struct {
	Name, Path string
	ReadOnly   bool
}

// Result is what a container said until its end.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// RunOnce runs a container to its end. Its exit code is no error.
func (e *Engine) RunOnce(ctx context.Context, o Once) (*Result, error) {
	if err := e.ensureImage(ctx, o.Image); err != nil {
		return nil, err
	}
	created, err := e.api.ContainerCreate(ctx, o.options())
	if err != nil {
		return nil, fmt.Errorf("make a container of %s: %w", o.Image, err)
	}
	defer func() {
		_, _ = e.api.ContainerRemove(context.WithoutCancel(ctx), created.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	}()
	archive := o.archive()
	defer func() { _ = archive.Close() }()
	if _, err := e.api.CopyToContainer(ctx, created.ID, client.CopyToContainerOptions{DestinationPath: "/", Content: archive}); err != nil {
		return nil, fmt.Errorf("hand files to a container of %s: %w", o.Image, err)
	}
	if _, err := e.api.ContainerStart(ctx, created.ID, client.ContainerStartOptions{}); err != nil {
		return nil, fmt.Errorf("start a container of %s: %w", o.Image, err)
	}
	ended := e.api.ContainerWait(ctx, created.ID, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	result := &Result{}
	select {
	case state := <-ended.Result:
		result.Code = int(state.StatusCode)
	case err := <-ended.Error:
		return nil, fmt.Errorf("wait for a container of %s: %w", o.Image, err)
	}
	result.Stdout, result.Stderr, err = e.output(ctx, created.ID)
	return result, err
}

func (e *Engine) output(ctx context.Context, id string) (string, string, error) {
	stream, err := e.api.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return "", "", fmt.Errorf("log of container %s: %w", id, err)
	}
	defer func() { _ = stream.Close() }()
	var out, log bytes.Buffer
	_, err = stdcopy.StdCopy(&out, &log, stream)
	return out.String(), log.String(), err
}

// ensureImage pulls an image that the engine lacks.
func (e *Engine) ensureImage(ctx context.Context, reference string) error {
	if _, err := e.api.ImageInspect(ctx, reference); err == nil || !errdefs.IsNotFound(err) {
		return err
	}
	pull, err := e.api.ImagePull(ctx, reference, client.ImagePullOptions{})
	if err == nil {
		err = pull.Wait(ctx)
	}
	if err != nil {
		return fmt.Errorf("pull %s: %w", reference, err)
	}
	return nil
}

func (o Once) options() client.ContainerCreateOptions {
	mounts := make([]mount.Mount, 0, len(o.Mounts))
	for _, m := range o.Mounts {
		mounts = append(mounts, mount.Mount{Type: mount.TypeVolume, Source: m.Name, Target: m.Path, ReadOnly: m.ReadOnly})
	}
	return client.ContainerCreateOptions{
		Config: &container.Config{Image: o.Image, User: o.User, Entrypoint: o.Entrypoint, Env: o.Env},
		HostConfig: &container.HostConfig{
			NetworkMode: container.NetworkMode(o.Network),
			Mounts:      mounts,
			Init:        new(true),
			CapDrop:     []string{"ALL"},
			CapAdd:      o.Capability,
			SecurityOpt: []string{"no-new-privileges:true"},
			Resources:   container.Resources{Memory: o.MemoryMiB << 20, MemorySwap: o.MemoryMiB << 20},
			LogConfig:   container.LogConfig{Type: "local", Config: map[string]string{"max-size": "50m", "max-file": "2"}},
		},
	}
}

// archive is written as it is read: files of this machine may be larger than its memory.
func (o Once) archive() io.ReadCloser {
	reader, writer := io.Pipe()
	go func() {
		archive := tar.NewWriter(writer)
		_ = writer.CloseWithError(errors.Join(o.write(archive), archive.Close()))
	}()
	return reader
}

func (o Once) write(archive *tar.Writer) error {
	for _, texts := range []struct {
		files map[string]string
		mode  int64
	}{{o.Files, 0o555}, {o.Secrets, 0o400}} {
		for _, name := range slices.Sorted(maps.Keys(texts.files)) {
			if err := add(archive, name, texts.mode, int64(len(texts.files[name])), strings.NewReader(texts.files[name])); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Local)) {
		if err := addLocal(archive, name, o.Local[name]); err != nil {
			return err
		}
	}
	return nil
}

func addLocal(archive *tar.Writer, name, file string) error {
	content, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	info, err := content.Stat()
	if err != nil {
		return err
	}
	return add(archive, name, 0o444, info.Size(), content)
}

func add(archive *tar.Writer, name string, mode, size int64, content io.Reader) error {
	header := tar.Header{Name: strings.TrimPrefix(path.Clean(name), "/"), Mode: mode, Size: size}
	if err := archive.WriteHeader(&header); err != nil {
		return err
	}
	_, err := io.Copy(archive, content)
	return err
}

// CreateVolume makes a volume, which must not be there yet.
func (e *Engine) CreateVolume(ctx context.Context, name string) error {
	if _, err := e.api.VolumeInspect(ctx, name, client.VolumeInspectOptions{}); err == nil {
		return fmt.Errorf("there is a volume %s already", name)
	} else if !errdefs.IsNotFound(err) {
		return err
	}
	if _, err := e.api.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name}); err != nil {
		return fmt.Errorf("make volume %s: %w", name, err)
	}
	return nil
}

// Start starts a container that was stopped. One that runs is no error.
func (e *Engine) Start(ctx context.Context, id string) error {
	if _, err := e.api.ContainerStart(ctx, id, client.ContainerStartOptions{}); err != nil {
		return fmt.Errorf("start container %s: %w", id, err)
	}
	return nil
}

// Stop stops a container within its own grace period; nothing but Start starts it again.
func (e *Engine) Stop(ctx context.Context, id string) error {
	if _, err := e.api.ContainerStop(ctx, id, client.ContainerStopOptions{}); err != nil {
		return fmt.Errorf("stop container %s: %w", id, err)
	}
	return nil
}

// Exec runs a command in a container and returns what it printed.
func (e *Engine) Exec(ctx context.Context, container string, command ...string) (string, error) {
	return e.exec(ctx, container, command...)
}
