package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// program writes a Go program and says how Pulumi.yaml would describe it.
func program(t *testing.T, source string, options map[string]any) *pulumirpc.ProgramInfo {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module example\n\ngo 1.26\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fields, err := structpb.NewStruct(options)
	if err != nil {
		t.Fatal(err)
	}
	return &pulumirpc.ProgramInfo{RootDirectory: dir, ProgramDirectory: dir, EntryPoint: ".", Options: fields}
}

func run(t *testing.T, request *pulumirpc.RunRequest) *pulumirpc.RunResponse {
	t.Helper()
	request.Pwd = request.Info.ProgramDirectory
	response, err := (&host{engine: "engine:1"}).Run(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

const writesItsEnvironment = `package main

import ("os"; "strings")

func main() { os.WriteFile("environment", []byte(strings.Join(os.Environ(), "\n")), 0o644) }
`

func TestRun_TellsTheProgramAboutItsRun(t *testing.T) {
	info := program(t, writesItsEnvironment, nil)
	response := run(t, &pulumirpc.RunRequest{
		Info: info, Project: "p", Stack: "s", Organization: "o", DryRun: true, Parallel: 7, MonitorAddress: "monitor:1",
		Config: map[string]string{"p:object": `{"a":1}`}, ConfigSecretKeys: []string{"p:secret"},
	})
	if response.Error != "" || response.Bail {
		t.Fatal(response)
	}
	environment, err := os.ReadFile(filepath.Join(info.ProgramDirectory, "environment"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"PULUMI_PROJECT=p", "PULUMI_STACK=s", "PULUMI_ORGANIZATION=o", "PULUMI_DRY_RUN=true", "PULUMI_PARALLEL=7", "PULUMI_MONITOR=monitor:1",
		"PULUMI_ENGINE=engine:1", `PULUMI_CONFIG={"p:object":"{\"a\":1}"}`, `PULUMI_CONFIG_SECRET_KEYS=["p:secret"]`,
		"PULUMI_ROOT_DIRECTORY=" + info.RootDirectory,
	} {
		if !strings.Contains("\n"+string(environment)+"\n", "\n"+want+"\n") {
			t.Errorf("the program does not see %s", want)
		}
	}
}

func TestEnvironment_IsJSONEvenWithoutConfig(t *testing.T) {
	variables, err := environment(&pulumirpc.RunRequest{}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "PULUMI_CONFIG") && (!json.Valid([]byte(value)) || value == "null") {
			t.Errorf("%s is %q", name, value)
		}
	}
}

func TestRun_ReportsHowTheProgramEnded(t *testing.T) {
	for _, c := range []struct {
		name, statement, wantError string
		bail                       bool
	}{
		{"success", "os.Exit(0)", "", false},
		{"an error that the program has reported itself", "os.Exit(32)", "", true},
		{"another exit code", "os.Exit(3)", "exit status 3", false},
		{"a compile error", "undefined()", "undefined: undefined", false},
	} {
		info := program(t, "package main\n\nimport \"os\"\n\nvar _ = os.Args\n\nfunc main() { "+c.statement+" }\n", nil)
		response := run(t, &pulumirpc.RunRequest{Info: info})
		if response.Bail != c.bail || !strings.Contains(response.Error, c.wantError) || (c.wantError == "") != (response.Error == "") {
			t.Errorf("%s: %v", c.name, response)
		}
	}
}

func TestCompile_WritesToTheBuildTargetOrToTheSamePlaceEachTime(t *testing.T) {
	for _, options := range []map[string]any{nil, {"buildTarget": "bin/program"}} {
		info := program(t, "package main\n\nfunc main() {}\n", options)
		first, err := compile(context.Background(), info)
		if err != nil {
			t.Fatal(err)
		}
		if options != nil && first != filepath.Join(info.RootDirectory, "bin/program") {
			t.Errorf("built to %s", first)
		}
		if second, err := compile(context.Background(), info); err != nil || second != first {
			t.Errorf("second time: %s, %v", second, err)
		}
	}
}

func TestCompile_BuildsNothingWhenABinaryIsGiven(t *testing.T) {
	info := program(t, "not Go", map[string]any{"binary": "bin/given"})
	if got, err := compile(context.Background(), info); err != nil || got != filepath.Join(info.RootDirectory, "bin/given") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestOutcome_NamesASignal(t *testing.T) {
	err := exec.Command("sh", "-c", "kill -9 $$").Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := outcome(err); !strings.Contains(got.Error, "killed") || got.Bail {
		t.Errorf("got %v", got)
	}
}
