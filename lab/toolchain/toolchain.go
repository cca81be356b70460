// Package toolchain provides the pulumi command, its Go language host and the provider plugins: official ones where
// they are or can be reached, else built from their Go modules.
package toolchain

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"prefect-platform/lab/internal/state"
	"prefect-platform/lab/internal/step"
)

// CLIVersion is the version of the pulumi command that is built, and the oldest official one that is accepted. Without it
// at link time the Automation API refuses the command.
const CLIVersion = "3.259.0"

// Plugin is one provider plugin that the program's SDKs ask for by version.
type Plugin struct {
	Name    string
	Version string
}

// Plugins lists the provider plugins with the versions of the SDKs in the program's go.mod.
var Plugins = []Plugin{{"docker", "4.11.2"}, {"random", "4.21.2"}, {"tls", "5.5.1"}}

// Build compiles parts of the toolchain into a lab folder.
type Build struct {
	Source string // lab/toolchain in the clone
	Dir    state.Dir
}

// CLI builds the pulumi command.
func (b Build) CLI() step.Step {
	target := filepath.Join(b.Dir.Bin(), "pulumi")
	ldflags := "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + CLIVersion
	return b.step("cli", "builds pulumi "+CLIVersion+" from its Go module", "cli", ldflags,
		map[string]string{"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi": target})
}

// LanguageHost builds the Go language host, which the CLI looks for beside itself.
func (b Build) LanguageHost() step.Step {
	return b.step("language", "builds the Go language host", "language", "-s -w",
		map[string]string{".": filepath.Join(b.Dir.Bin(), "pulumi-language-go")})
}

// Providers builds the provider plugins into the folder where the CLI keeps installed ones.
func (b Build) Providers() step.Step {
	targets := map[string]string{}
	for _, p := range Plugins {
		targets["./"+p.Name] = b.PluginPath(p)
	}
	return b.step("providers", "builds the docker, random and tls providers from their Go modules", "providers", "-s -w", targets)
}

// PluginPath is where the CLI looks for an installed provider plugin.
func (b Build) PluginPath(p Plugin) string {
	return filepath.Join(b.Dir.PulumiHome(), "plugins", fmt.Sprintf("resource-%s-v%s", p.Name, p.Version), "pulumi-resource-"+p.Name)
}

// step builds Go packages of one module into their targets. All are compiled by one go command, so that they share the work.
func (b Build) step(name, what, module, ldflags string, targets map[string]string) step.Step {
	source := filepath.Join(b.Source, module)
	fingerprint := func() (string, error) {
		return state.Fingerprint(source, runtime.Version(), ldflags, fmt.Sprint(targets))
	}
	return step.Step{
		Name: name, What: what,
		Done: func(context.Context) (bool, error) {
			for _, target := range targets {
				if _, err := os.Stat(target); err != nil {
					return false, nil
				}
			}
			want, err := fingerprint()
			return err == nil && b.Dir.Stamped(name, want), err
		},
		Run: func(ctx context.Context, log io.Writer) error {
			want, err := fingerprint()
			if err != nil {
				return err
			}
			if err := compile(ctx, log, source, ldflags, targets); err != nil {
				return err
			}
			return b.Dir.Stamp(name, want)
		},
	}
}

// compile lets `go build` write all binaries to a folder under their import path's last name, then puts each in its place.
func compile(ctx context.Context, log io.Writer, source, ldflags string, targets map[string]string) error {
	out, err := os.MkdirTemp("", "prefect-platform-lab-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(out) }()

	args := []string{"build", "-buildvcs=false", "-ldflags", ldflags, "-o", out + "/"}
	for pkg := range targets {
		args = append(args, pkg)
	}
	cmd := step.Command(ctx, log, "go", args...)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build in %s: %w", source, err)
	}
	for pkg, target := range targets {
		name := filepath.Base(pkg)
		if pkg == "." {
			name = filepath.Base(source)
		}
		if err := install(filepath.Join(out, name), target); err != nil {
			return err
		}
	}
	return nil
}

// install copies rather than renames: the temporary folder is often on another file system.
func install(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return state.WriteFile(to, content, 0o755)
}

// OfficialCLI gives the path of a pulumi command outside of the lab that is new enough, or empty.
func OfficialCLI(ctx context.Context, dir state.Dir) string {
	path, err := exec.LookPath("pulumi")
	if err != nil || filepath.Dir(path) == dir.Bin() {
		return ""
	}
	output, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil || !newEnough(strings.TrimSpace(string(output)), CLIVersion) {
		return ""
	}
	return path
}
