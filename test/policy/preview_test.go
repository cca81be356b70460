//go:build e2e

package policy

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"gopkg.in/yaml.v3"

	"prefect-platform/internal/throwaway"
	"prefect-platform/policy/guard"
	"prefect-platform/policy/levels"
)

// variant is the program and configuration of this repository, changed.
type variant struct {
	name string
	// stack is "dev" or "prod"; empty means prod.
	stack string
	edits []edit
	// program is the name of a file below evasions: Go code of package main with a function evade(ctx *pulumi.Context) error, which runs at the end of the program.
	program string
	// config gives keys of the stack file, such as prefect-platform:edge.hsts, other values.
	config map[string]any
	// want are the rules that must refuse it, no others.
	want []string
	// why says what the change would do; for evasions, the idea.
	why string
	// unseen says why no preview can see it, and who does; empty for what must be stopped.
	unseen string
}

// edit changes one place in a file of the repository.
type edit struct{ file, old, new string }

const passphrase = "throwaway"

// limit bounds one build or preview.
const limit = 5 * time.Minute

// outcome is what a preview said.
type outcome struct {
	err error
	// mandatory and advisory are the messages of policies by their name.
	mandatory, advisory map[string][]string
	output              string
	took                time.Duration
}

// rules are the names of what refused.
func (o outcome) rules() []string { return slices.Sorted(maps.Keys(o.mandatory)) }

// bench is where variants are built and previewed; all share the pack and an empty stack of each kind.
type bench struct {
	clone, dir string
	pack       string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{clone: root, dir: t.TempDir()}
	b.pack = filepath.Join(b.dir, "policy")
	b.run(t, root, nil, "go", "build", "-o", b.pack, "./policy")
	for _, stack := range []string{"dev", "prod"} {
		folder := filepath.Join(b.dir, stack)
		b.project(t, folder, stack, nil, "unused")
		b.run(t, folder, b.environment(folder), "pulumi", "stack", "init", stack, "--non-interactive")
	}
	return b
}

// preview builds a variant, previews it, and returns what the pack said.
func (b *bench) preview(t *testing.T, v variant) outcome {
	t.Helper()
	stack, folder := b.build(t, v)
	log := filepath.Join(folder, "events")
	start := time.Now()
	output, err := b.try(folder, append(b.environment(folder), guard.EnvPack+"=1"), "pulumi", "preview", "--stack", stack, "--non-interactive", "--color", "never",
		"--event-log", log, "--policy-pack", b.pack, "--policy-pack-config", filepath.Join(b.clone, "policy", levels.Name(stack == "prod")))
	result := outcome{err: err, output: output, took: time.Since(start), mandatory: map[string][]string{}, advisory: map[string][]string{}}
	result.read(t, log)
	return result
}

// plain builds a variant and previews it without the pack.
func (b *bench) plain(t *testing.T, v variant) (string, error) {
	t.Helper()
	stack, folder := b.build(t, v)
	return b.try(folder, b.environment(folder), "pulumi", "preview", "--stack", stack, "--non-interactive", "--color", "never")
}

// build makes the program of a variant, and a folder of its own to preview it in.
func (b *bench) build(t *testing.T, v variant) (stack, folder string) {
	t.Helper()
	stack = cmp.Or(v.stack, "prod")
	folder = filepath.Join(b.dir, stack+"-"+strings.NewReplacer(" ", "-", "/", "-").Replace(t.Name()))
	binary := filepath.Join(folder, "program")
	b.project(t, folder, stack, v.config, binary)
	if err := os.CopyFS(filepath.Join(folder, "state"), os.DirFS(filepath.Join(b.dir, stack, "state"))); err != nil {
		t.Fatal(err)
	}
	b.run(t, b.clone, nil, "go", "build", "-ldflags", "-s -w", "-overlay", b.overlay(t, folder, v), "-o", binary, ".")
	return stack, folder
}

// project makes the folder that the CLI runs in.
func (b *bench) project(t *testing.T, folder, stack string, config map[string]any, binary string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(folder, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	project, err := os.ReadFile(filepath.Join(b.clone, "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const target = "    buildTarget: bin/prefect-platform\n"
	if !bytes.Contains(project, []byte(target)) {
		t.Fatalf("Pulumi.yaml has no line %q to put another program in its place", target)
	}
	project = bytes.Replace(project, []byte(target), []byte("    binary: "+binary+"\nmain: "+b.clone+"\n"), 1)
	write(t, filepath.Join(folder, "Pulumi.yaml"), project)

	committed, err := os.ReadFile(filepath.Join(b.clone, "Pulumi."+stack+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := throwaway.New(committed, passphrase, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "Pulumi."+stack+".yaml"), configured(t, file.Text, config))
}

// overlay has the compiler read changed and added files in place of those of the repository.
func (b *bench) overlay(t *testing.T, folder string, v variant) string {
	t.Helper()
	edits := v.edits
	replace := map[string]string{}
	if v.program != "" {
		source, err := os.ReadFile(filepath.Join("evasions", v.program))
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(folder, "evade.go")
		write(t, copied, source)
		replace[filepath.Join(b.clone, "evade.go")] = copied
		edits = append(slices.Clone(edits), edit{"main.go", "\t\treturn nil\n", "\t\treturn evade(ctx)\n"})
	}
	changed := map[string]string{}
	for _, e := range edits {
		text, read := changed[e.file]
		if !read {
			content, err := os.ReadFile(filepath.Join(b.clone, e.file))
			if err != nil {
				t.Fatal(err)
			}
			text = string(content)
		}
		if strings.Count(text, e.old) != 1 {
			t.Fatalf("%s has %q %d times, want once", e.file, e.old, strings.Count(text, e.old))
		}
		changed[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	for file, text := range changed {
		copied := filepath.Join(folder, strings.ReplaceAll(file, "/", "-"))
		write(t, copied, []byte(text))
		replace[filepath.Join(b.clone, file)] = copied
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "overlay.json")
	write(t, name, text)
	return name
}

// environment has no engine, no account and no other state.
func (b *bench) environment(folder string) []string {
	var clean []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "DOCKER_") || strings.HasPrefix(name, "PULUMI_") && name != "PULUMI_HOME" && !strings.HasPrefix(name, "PULUMI_DISABLE_") {
			continue
		}
		clean = append(clean, entry)
	}
	return append(clean, "PULUMI_BACKEND_URL=file://"+filepath.Join(folder, "state"), "PULUMI_CONFIG_PASSPHRASE="+passphrase, "PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_DEBUG_COMMANDS=true") // the last shows --event-log
}

func (b *bench) run(t *testing.T, dir string, environment []string, name string, args ...string) {
	t.Helper()
	if out, err := b.try(dir, environment, name, args...); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (b *bench) try(dir string, environment []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, environment
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// read takes the messages of policies from an event log.
func (o *outcome) read(t *testing.T, log string) {
	t.Helper()
	file, err := os.Open(log)
	if err != nil {
		t.Fatalf("no events: %v\n%s", err, o.output)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var event apitype.EngineEvent
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatal(err)
		}
		if p := event.PolicyEvent; p != nil {
			into := o.advisory
			if p.EnforcementLevel == "mandatory" {
				into = o.mandatory
			}
			into[p.PolicyName] = append(into[p.PolicyName], p.Message)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// configured changes values of a stack file, or takes out those that are to be nil; the key is that of the top and then names, such as prefect-platform:edge.limits.api.burst.
func configured(t *testing.T, text []byte, values map[string]any) []byte {
	t.Helper()
	if len(values) == 0 {
		return text
	}
	var file map[string]any
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for path, value := range values {
		keys := strings.Split(path, ".")
		into := file["config"].(map[string]any)
		for _, key := range keys[:len(keys)-1] {
			below, ok := into[key].(map[string]any)
			if !ok {
				below = map[string]any{}
				into[key] = below
			}
			into = below
		}
		last := keys[len(keys)-1]
		if into[last] = value; value == nil {
			delete(into, last)
		}
	}
	changed, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// describe is what a failing test shows of an outcome.
func (o outcome) describe() string {
	return fmt.Sprintf("exit %v, mandatory %v, advisory %v\n%s", o.err, o.mandatory, o.advisory, o.output)
}
