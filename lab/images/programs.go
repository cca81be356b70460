package images

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"prefect-platform/lab/internal/gobuild"
	"prefect-platform/lab/internal/state"
	"prefect-platform/lab/internal/step"
)

// ownModule begins the packages of the lab itself; all others are in the module lab/monitoring.
const ownModule = "prefect-platform/lab/"

// goFlags leave out what nothing here uses, the discovery of targets in two dozen clouds foremost, and make programs that need nothing of their image.
var (
	goFlags = []string{"-tags", "remove_all_sd,enable_dns_sd"}
	goEnv   = []string{"CGO_ENABLED=0"}
)

// Programs gives the steps that build the programs of all images: those of the exporters and Prometheus by one go command, because they have most of their packages in common.
func (b Builder) Programs() []step.Step {
	own := gobuild.Build{Module: filepath.Dir(b.Source), Env: goEnv, Targets: map[string]string{}}
	others := gobuild.Build{Module: b.monitoring(), Env: goEnv, Targets: map[string]string{}}
	own.Flags = append(own.Flags, goFlags...)
	others.Flags = append(others.Flags, goFlags...)
	for _, image := range All {
		for _, program := range image.Programs {
			build := &others
			if strings.HasPrefix(program, ownModule) {
				build = &own
			}
			build.Flags = append(build.Flags, linkFlag(program, image.version()))
			build.Targets[program] = b.programFile(program)
		}
	}
	return []step.Step{
		others.Step(b.Dir, "monitoring", "builds Prometheus and its exporters from their Go modules"),
		own.Step(b.Dir, "doubles", "builds the double of Grafana"),
	}
}

// linkFlag tells one program its version.
func linkFlag(program, version string) string {
	return fmt.Sprintf("-ldflags=%s=-s -w -X github.com/prometheus/common/version.Version=%s -X main.version=%[2]s", program, version)
}

func (b Builder) monitoring() string { return filepath.Join(filepath.Dir(b.Source), "monitoring") }

func (b Builder) programFile(program string) string {
	return filepath.Join(b.Dir.Programs(), path.Base(program))
}

func (b Builder) programFiles(image Image) (files []string) {
	for _, program := range image.Programs {
		files = append(files, b.programFile(program))
	}
	return files
}

// inputs is the fingerprint of what an image is made from: its folder, the small base if it starts from that, and the modules of its programs.
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
		module := b.monitoring()
		if strings.HasPrefix(image.Programs[0], ownModule) {
			module = filepath.Dir(b.Source)
		}
		sums, err := os.ReadFile(filepath.Join(module, "go.sum"))
		if err != nil {
			return "", err
		}
		from = append(append(from, string(sums)), goFlags...)
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
