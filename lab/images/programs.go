package images

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"prefect-platform/lab/internal/gobuild"
	"prefect-platform/lab/internal/state"
	"prefect-platform/lab/internal/step"
)

// goFlags leave out what nothing here uses, the discovery of targets in two dozen clouds foremost, and make programs that need nothing of their image.
var (
	goFlags = []string{"-tags", "remove_all_sd,enable_dns_sd"}
	goEnv   = []string{"CGO_ENABLED=0"}
)

// Programs gives the step that builds all programs of a module by one go command.
func (b Builder) Programs(module Module) step.Step {
	build := gobuild.Build{Module: b.folder(module.Dir), Flags: slices.Clone(goFlags), Env: goEnv, Targets: map[string]string{}}
	for _, image := range slices.Concat(All, OnDemand) {
		if image.Module != module.Dir {
			continue
		}
		for _, program := range image.Programs {
			build.Flags = append(build.Flags, linkFlag(program, image.version()))
			build.Targets[program] = b.programFile(program)
		}
	}
	return build.Step(b.Dir, module.Name, module.What)
}

// linkFlag tells one program its version, in whichever of these variables it has.
func linkFlag(program, version string) string {
	return fmt.Sprintf("-ldflags=%s=-s -w -X github.com/prometheus/common/version.Version=%s -X github.com/grafana/loki/v3/pkg/util/build.Version=%[2]s -X main.version=%[2]s", program, version)
}

// folder is that of a module.
func (b Builder) folder(module string) string { return filepath.Join(filepath.Dir(b.Source), module) }

func (b Builder) programFile(program string) string {
	return filepath.Join(b.Dir.Programs(), path.Base(program))
}

// further are the files that a Dockerfile finds besides those in its folder: programs, and what it shares with another image.
func (b Builder) further(image Image) map[string]string {
	files := map[string]string{}
	for _, program := range image.Programs {
		files["programs/"+path.Base(program)] = b.programFile(program)
	}
	if image.With != "" {
		files[path.Base(image.With)] = filepath.Join(b.Source, image.With)
	}
	return files
}

// inputs is the fingerprint of what an image is made from: its folder and what it shares, the small base if it starts from that, and the modules of its programs.
func (b Builder) inputs(image Image) (string, error) {
	from := []string{}
	if image.Base == Small {
		base, err := state.Fingerprint(filepath.Join(b.Source, Small))
		if err != nil {
			return "", err
		}
		from = append(from, base)
	}
	if len(image.Programs) > 0 {
		sums, err := os.ReadFile(filepath.Join(b.folder(image.Module), "go.sum"))
		if err != nil {
			return "", err
		}
		from = append(append(from, string(sums)), goFlags...)
	}
	if image.With != "" {
		shared, err := os.ReadFile(filepath.Join(b.Source, image.With))
		if err != nil {
			return "", err
		}
		from = append(from, string(shared))
	}
	return state.Fingerprint(filepath.Join(b.Source, image.Dir), from...)
}

// origin says what an image is made from.
func (i Image) origin() string {
	if len(i.Programs) > 0 {
		return "Go modules"
	}
	return "Debian and language packages"
}
