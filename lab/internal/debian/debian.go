// Package debian makes Debian root file systems from packages, as the host's own apt settings allow.
package debian

import (
	"context"
	"io"
	"os/exec"
	"strings"

	"prefect-platform/lab/internal/step"
)

// Version changes when Bootstrap makes something else from the same packages, so that what it made is made again.
const Version = 1

// Bootstrap prepares the command that writes a minimal Debian with the given packages to target: a folder that does not
// exist yet, or a file that ends in .tar.
// A suite copied once and frozen goes on working after its Release file has expired.
func Bootstrap(ctx context.Context, log io.Writer, suite string, packages []string, target string) *exec.Cmd {
	args := []string{
		"--variant=minbase",
		"--aptopt=Acquire::Check-Valid-Until \"false\"",
		"--aptopt=APT::Install-Recommends \"false\"",
		"--dpkgopt=path-exclude=/usr/share/man/*",
		"--dpkgopt=path-exclude=/usr/share/doc/*",
	}
	if len(packages) > 0 {
		args = append(args, "--include="+strings.Join(packages, ","))
	}
	args = append(args, suite, target)
	if mirror := hostMirror(ctx); mirror != "" {
		args = append(args, mirror)
	}
	return step.Command(ctx, log, "mmdebstrap", args...)
}

// hostMirror is the Debian mirror that the host itself uses, or empty for mmdebstrap's default (also on an Ubuntu host).
func hostMirror(ctx context.Context) string {
	output, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return ""
	}
	return mirrorIn(string(output))
}

func mirrorIn(targets string) string {
	for line := range strings.Lines(targets) {
		if mirror, found := strings.CutPrefix(line, "Debian Debian "); found {
			return strings.TrimSpace(mirror)
		}
	}
	return ""
}
