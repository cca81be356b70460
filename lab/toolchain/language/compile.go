package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// compile builds the program and gives the path of its binary. The path is the same at each run, so that the go command
// links nothing when the program is unchanged. With the runtime option `binary` nothing is built.
func compile(ctx context.Context, info *pulumirpc.ProgramInfo) (string, error) {
	if given := option(info, "binary"); given != "" {
		return within(info.RootDirectory, given), nil
	}
	target, err := target(info)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", target, info.EntryPoint)
	cmd.Dir = info.ProgramDirectory
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build in %s: %w\n%s", info.ProgramDirectory, err, output)
	}
	return target, nil
}

// target is the runtime option `buildTarget` or a place in the user's cache folder that belongs to the program's folder.
func target(info *pulumirpc.ProgramInfo) (string, error) {
	if given := option(info, "buildTarget"); given != "" {
		return within(info.RootDirectory, given), nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the binary: %w; set the runtime option buildTarget in Pulumi.yaml", err)
	}
	sum := sha256.Sum256([]byte(info.ProgramDirectory + "\x00" + info.EntryPoint))
	return filepath.Join(cache, "prefect-platform-lab", hex.EncodeToString(sum[:8]), "program"), nil
}

// option reads one of the runtime options of Pulumi.yaml, empty when it is not there.
func option(info *pulumirpc.ProgramInfo, name string) string {
	return info.GetOptions().GetFields()[name].GetStringValue()
}

func within(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}
