package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// policies returns the policy pack and the file with its levels for a stack. The pack is a binary, so that Pulumi does not build it at each operation; where
// `make` has not built it, it is built here.
func (s *session) policies(ctx context.Context, production bool) (pack, levels string, err error) {
	pack = s.clone.PolicyPack()
	if _, err := os.Stat(pack); err == nil {
		return pack, s.clone.PolicyLevels(production), nil
	}
	fmt.Println("building the policy pack")
	build := exec.CommandContext(ctx, "go", "build", "-o", pack, "./policy")
	build.Dir = string(s.clone)
	if output, err := build.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("the policy pack does not build: %w\n%s", err, output)
	}
	return pack, s.clone.PolicyLevels(production), nil
}
