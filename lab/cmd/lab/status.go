package main

import (
	"context"
	"fmt"
	"os"

	"prefect-platform/lab/engine"
	"prefect-platform/lab/images"
	"prefect-platform/lab/toolchain"
)

// status prints a line for each part, from what is there and not from what `up` once did.
func (l lab) status(ctx context.Context) error {
	line := func(name, text string) { fmt.Printf("%-44s %s\n", name, text) }

	if cli := toolchain.OfficialCLI(ctx, l.dir); cli != "" {
		line("pulumi", cli)
	} else {
		line("pulumi", presence(l.dir.Bin()+"/pulumi"))
	}
	build := toolchain.Build{Dir: l.dir}
	for _, plugin := range toolchain.Plugins {
		line("provider "+plugin.Name+" "+plugin.Version, presence(build.PluginPath(plugin)))
	}

	own := engine.New(l.dir)
	client, err := engine.Official(ctx, own)
	switch {
	case err != nil:
		return err
	case client != nil:
		line("engine", "the one that the docker command reaches")
	case own.Running() == 0:
		line("engine", "the lab's own does not run: `lab up` starts it")
		return nil
	default:
		line("engine", fmt.Sprintf("the lab's own, process %d, %s", own.Running(), own.Host()))
		c := own.Client()
		client = &c
	}
	for _, image := range images.All {
		line("image "+image.Name, images.Origin(ctx, *client, image.Name))
	}
	return nil
}

func presence(path string) string {
	if _, err := os.Stat(path); err != nil {
		return "not built here"
	}
	return path
}
