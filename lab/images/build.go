package images

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"prefect-platform/lab/engine"
	"prefect-platform/lab/internal/debian"
	"prefect-platform/lab/internal/state"
	"prefect-platform/lab/internal/step"
)

// basePath is the search path of Debian itself; Docker's import sets none.
const basePath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// indexSettings of pip reach the build as secrets, because they may hold credentials.
var indexSettings = []string{"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"}

// Builder makes images in the lab's own engine.
type Builder struct {
	Client engine.Client
	Source string // lab/images in the clone
	Dir    state.Dir
}

// Base makes what Dockerfiles start from. What it is made from itself must be there.
func (b Builder) Base(base Base) step.Step {
	if base.From == "" {
		return b.debian(base.Name)
	}
	return b.Image(Image{Name: baseName(base.Name), Dir: base.Name, Base: base.From})
}

// debian imports a minimal Debian release.
func (b Builder) debian(suite string) step.Step {
	name := baseName(suite)
	return step.Step{
		Name: "base-" + suite, What: "makes the base image from Debian " + suite,
		Done: func(ctx context.Context) (bool, error) { return present(ctx, b.Client, name), ctx.Err() },
		Run: func(ctx context.Context, log io.Writer) error {
			dir, err := os.MkdirTemp("", "lab-base-")
			if err != nil {
				return err
			}
			defer func() { _ = os.RemoveAll(dir) }()
			archive := filepath.Join(dir, suite+".tar")
			if err := debian.Bootstrap(ctx, log, suite, nil, archive).Run(); err != nil {
				return fmt.Errorf("mmdebstrap: %w", err)
			}
			content, err := os.Open(archive)
			if err != nil {
				return err
			}
			defer func() { _ = content.Close() }()
			load := b.Client.Command(ctx, "import", "--change", "ENV "+basePath, "--change", `CMD ["bash"]`, "--change", "LABEL "+madeLabel, "-", name)
			load.Stdin = content
			load.Stdout, load.Stderr = log, log
			return load.Run()
		},
	}
}

// Image builds one image on its base.
func (b Builder) Image(image Image) step.Step {
	return step.Step{
		Name: "image-" + image.Dir, What: "builds " + image.Name + " from " + image.origin(),
		Done: func(ctx context.Context) (bool, error) {
			want, err := b.inputs(image)
			if err != nil {
				return false, err
			}
			return b.upToDate(ctx, image.Name, want), ctx.Err()
		},
		Run: func(ctx context.Context, log io.Writer) error {
			inputs, err := b.inputs(image)
			if err != nil {
				return err
			}
			build := b.Client.Command(ctx, buildArgs(image.Name, inputs, os.LookupEnv)...)
			build.Stdout, build.Stderr = log, log
			in, err := build.StdinPipe()
			if err != nil {
				return err
			}
			if err := build.Start(); err != nil {
				return err
			}
			sent := sendContext(in, filepath.Join(b.Source, image.Dir), b.further(image))
			if err := build.Wait(); err != nil {
				return fmt.Errorf("docker build of %s: %w", image.Name, err)
			}
			return sent
		},
	}
}

// buildArgs names the image, marks it as made here, and hands over what the host needs to reach package indexes.
func buildArgs(name, inputs string, lookup func(string) (string, bool)) []string {
	args := []string{
		"build", "--progress", "plain", "--tag", name,
		"--label", madeLabel, "--label", inputsLabel + "=" + inputs,
		"--secret", "id=ca,src=" + engine.CABundle,
	}
	for _, setting := range indexSettings {
		if value, set := lookup(setting); set && value != "" {
			args = append(args, "--secret", "id="+setting+",env="+setting)
		}
	}
	return append(args, "-")
}

// upToDate says whether an image of this name was made from the same inputs, or is an official one that was pulled.
func (b Builder) upToDate(ctx context.Context, name, inputs string) bool {
	format := fmt.Sprintf(`{{index .Config.Labels %q}} {{index .Config.Labels %q}}`, engine.Label, inputsLabel)
	output, err := b.Client.Command(ctx, "image", "inspect", "--format", format, name).Output()
	if err != nil {
		return false
	}
	made, have, _ := strings.Cut(strings.TrimSpace(string(output)), " ")
	return made != "true" || have == inputs
}

// sendContext sends a folder with further files, by the names that the Dockerfile has for them.
func sendContext(to io.WriteCloser, dir string, further map[string]string) error {
	archive := tar.NewWriter(to)
	err := archive.AddFS(os.DirFS(dir))
	for _, name := range slices.Sorted(maps.Keys(further)) {
		if err == nil {
			err = add(archive, name, further[name])
		}
	}
	if err == nil {
		err = archive.Close()
	}
	if closeErr := to.Close(); err == nil {
		err = closeErr
	}
	return err
}

func add(archive *tar.Writer, name, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	header := tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}
	if err := archive.WriteHeader(&header); err != nil {
		return err
	}
	_, err = archive.Write(content)
	return err
}
