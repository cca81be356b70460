package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"prefect-platform/lab/internal/state"
)

// environment gives the shell lines that put the lab's parts to use; official parts need none.
func environment(dir state.Dir, tools toolchainParts, daemon engineParts) string {
	var lines strings.Builder
	export := func(name, value string) { fmt.Fprintf(&lines, "export %s=%s\n", name, value) }
	if tools.cli || daemon.client {
		// Once only, however often the file is read.
		bin := quote(dir.Bin())
		fmt.Fprintf(&lines, "case \"$PATH\" in %s:*) ;; *) export PATH=%s:\"$PATH\" ;; esac\n", bin, bin)
	}
	if tools.cli {
		export("PULUMI_SKIP_UPDATE_CHECK", "true")
	}
	if tools.providers {
		export("PULUMI_HOME", quote(dir.PulumiHome()))
		export("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
	}
	if daemon.host != "" {
		export("DOCKER_HOST", quote(daemon.host))
	}
	if lines.Len() == 0 {
		return "# everything official can be reached: nothing to set\n"
	}
	return lines.String()
}

// quote makes one word of the POSIX shell.
func quote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func (l lab) env(context.Context) error {
	content, err := os.ReadFile(l.dir.EnvFile())
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("nothing is provided yet: run `lab up` first")
	}
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(content)
	return err
}
