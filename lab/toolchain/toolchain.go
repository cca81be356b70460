// Package toolchain provides the pulumi command, its Go language host and the provider plugins: official ones where
// they are or can be reached, else built from their Go modules.
package toolchain

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"prefect-platform/lab/internal/gobuild"
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

// step builds Go packages of one module into their targets.
func (b Build) step(name, what, module, ldflags string, targets map[string]string) step.Step {
	build := gobuild.Build{Module: filepath.Join(b.Source, module), Flags: []string{"-ldflags", ldflags}, Targets: targets}
	return build.Step(b.Dir, name, what)
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
