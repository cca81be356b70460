package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/rotation"
)

// fakeStack notes what a rotation does to it, and fails at one of those.
type fakeStack struct {
	did  []string
	fail string
}

func (f *fakeStack) do(what string) error {
	f.did = append(f.did, what)
	if what == f.fail {
		return errors.New(what + " failed")
	}
	return nil
}

func (f *fakeStack) count(what string) int {
	n := 1
	for _, did := range f.did {
		if strings.HasPrefix(did, what) {
			n++
		}
	}
	return n
}

func (f *fakeStack) write(_ context.Context, edits []rotation.Edit) error {
	return f.do(fmt.Sprintf("write %d (%d edits)", f.count("write"), len(edits)))
}

func (f *fakeStack) deploy(context.Context) error {
	return f.do(fmt.Sprint("deploy ", f.count("deploy")))
}

func (f *fakeStack) expect(context.Context, rotation.Step) (func(context.Context) error, error) {
	if err := f.do(fmt.Sprint("expect ", f.count("expect"))); err != nil {
		return nil, err
	}
	return func(context.Context) error { return f.do(fmt.Sprint("check ", f.count("check"))) }, nil
}

var turned = config.Slots{A: 1, B: 1, Active: "b", Keep: true, Since: "2026-11-24"}

// turningOf rotates credentials of a configuration, in which api has the given slots, as the flags say.
func turningOf(t *testing.T, api config.Slots, r rotate, fail string, names ...string) (did []string, said string, err error) {
	t.Helper()
	c := config.Default()
	c.Rotation.API, c.Backup.Enabled = api, true
	r.options = &options{stack: "prod"}
	steps, err := r.plan(c, names, ageDay)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	stack := &fakeStack{fail: fail}
	turning := &turning{rotated: stack, stack: "prod", command: r.command, out: &out}
	if r.writeOnly {
		err = turning.writeNext(t.Context(), steps)
	} else {
		turning.announce(steps)
		err = turning.run(t.Context(), steps)
	}
	return stack.did, strings.ReplaceAll(out.String(), self(), "platform"), err
}

func expectSaid(t *testing.T, said string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(said, text) {
			t.Errorf("it does not say %q:\n%s", text, said)
		}
	}
}

var settled = config.Slots{A: 1, Active: "a"}

func TestTurning_DeploysAndChecksEachStepBeforeTheNext(t *testing.T) {
	did, said, err := turningOf(t, settled, rotate{}, "", "api", "redis")
	want := []string{"expect 1", "write 1 (8 edits)", "deploy 1", "check 1", "expect 2", "write 2 (2 edits)", "deploy 2", "check 2"}
	if err != nil || !slices.Equal(did, want) {
		t.Errorf("did %q, %v", did, err)
	}
	expectSaid(t, said,
		"Step 1 of 2:\n  api: a new value in slot b (generation 1) becomes active; slot a stays valid\n      pulumi config set --stack prod --path prefect-platform:rotation.api.b 1\n",
		"Whoever logs in with the value in slot a of api is refused after step 2.",
		"api      b     1           2026-11-26  retired\nredis    b     1           2026-11-26  retired\n",
		"platform credentials --stack prod shows the new value of api")
}

func TestTurning_WithKeepStopsAndSaysBothWaysOn(t *testing.T) {
	did, said, err := turningOf(t, settled, rotate{keep: true}, "", "api")
	if want := []string{"expect 1", "write 1 (4 edits)", "deploy 1", "check 1"}; err != nil || !slices.Equal(did, want) {
		t.Errorf("did %q, %v", did, err)
	}
	expectSaid(t, said, "slot a, kept until 2026-12-03 at the latest", "platform rotate api --stack prod retires the old value", "platform rotate --back api --stack prod takes it back")
}

func TestTurning_SaysThatTheKeyInTheSafeIsAnOldOne(t *testing.T) {
	_, said, err := turningOf(t, settled, rotate{}, "", "backup")
	if err != nil {
		t.Error(err)
	}
	expectSaid(t, said, "The recovery key that you keep elsewhere opens no backup after step 2: put what platform backup --stack prod shows then in its place.",
		"platform backup --stack prod shows the new recovery key")
}

func TestTurning_DoesNotCallAValueValidThatHasEnded(t *testing.T) {
	_, said, err := turningOf(t, settled, rotate{keep: true}, "", "backupRole")
	if err != nil || strings.Contains(said, "valid") {
		t.Errorf("%v\n%s", err, said)
	}
	expectSaid(t, said, "becomes active; slot a ends with that, and can be taken back\n", "slot a, ended; can be taken back until 2026-12-03")
}

func TestTurning_ContinuesWithAnUpBeforeItRetires(t *testing.T) {
	did, _, err := turningOf(t, turned, rotate{}, "", "api")
	if want := []string{"expect 1", "deploy 1", "check 1", "expect 2", "write 1 (1 edits)", "deploy 2", "check 2"}; err != nil || !slices.Equal(did, want) {
		t.Errorf("did %q, %v", did, err)
	}
}

func TestTurning_TakesARotationBack(t *testing.T) {
	did, said, err := turningOf(t, turned, rotate{back: true}, "", "all")
	if want := []string{"expect 1", "write 1 (2 edits)", "deploy 1", "check 1", "expect 2", "write 2 (2 edits)", "deploy 2", "check 2"}; err != nil || !slices.Equal(did, want) {
		t.Errorf("did %q, %v", did, err)
	}
	expectSaid(t, said, "api: slot a (generation 1) becomes active again; slot b stays valid meanwhile", "api      a     1           -      retired")
}

func TestTurning_SaysBothWaysOnWhenAStepFails(t *testing.T) {
	for fail, says := range map[string][]string{
		"deploy 1": {
			"api: the configuration has slot b active and slot a valid, and the value that was active before still works",
			"go on      platform rotate api --stack prod\n", "or back    platform rotate --back api --stack prod\n",
		},
		"check 1": {"The step was deployed, and then: check 1 failed.", "go on      platform rotate api --stack prod\n"},
		"deploy 2": {
			"api: slot b is active; slot a may still be valid", "go on      platform up --stack prod (",
			"or back    pulumi config set --stack prod --path prefect-platform:rotation.api.since 2026-11-26 && pulumi config set --stack prod --path prefect-platform:rotation.api.keep true && platform rotate --back api --stack prod\n",
		},
		"check 2": {"slot a may still be valid"},
	} {
		t.Run(fail, func(t *testing.T) {
			did, said, err := turningOf(t, settled, rotate{}, fail, "api")
			if err == nil || did[len(did)-1] != fail {
				t.Errorf("went on after it: %q, %v", did, err)
			}
			expectSaid(t, said, says...)
		})
	}
}

func TestTurning_DeploysNothingThatCouldNotBeWritten(t *testing.T) {
	for _, fail := range []string{"expect 1", "write 1 (4 edits)"} {
		did, said, err := turningOf(t, settled, rotate{}, fail, "api")
		if err == nil || slices.Contains(did, "deploy 1") || strings.Contains(said, "go on") {
			t.Errorf("%s: did %q, %v, said\n%s", fail, did, err, said)
		}
	}
}

func TestTurning_WithWriteOnlyDeploysNothing(t *testing.T) {
	for name, c := range map[string]struct {
		slots config.Slots
		flags rotate
		did   string
		says  []string
	}{
		"the first step": {settled, rotate{writeOnly: true}, "write 1 (4 edits)", []string{
			"Written to Pulumi.prod.yaml; nothing was deployed", "git diff Pulumi.prod.yaml", "Once it is deployed, platform rotate --write-only api --stack prod writes the step that retires",
		}},
		"the second step": {turned, rotate{writeOnly: true}, "write 1 (1 edits)", []string{"The step before this one must have been deployed", "slot a stops being valid"}},
		"a step back":     {turned, rotate{writeOnly: true, back: true}, "write 1 (2 edits)", []string{"slot a (generation 1) becomes active again", "platform rotate --write-only api"}},
	} {
		t.Run(name, func(t *testing.T) {
			did, said, err := turningOf(t, c.slots, c.flags, "", "api")
			if err != nil || !slices.Equal(did, []string{c.did}) {
				t.Errorf("did %q, %v", did, err)
			}
			expectSaid(t, said, c.says...)
		})
	}
}

func TestTurning_WithWriteOnlyAndKeepWritesNothingOverAKeptValue(t *testing.T) {
	did, _, err := turningOf(t, turned, rotate{writeOnly: true, keep: true}, "", "api")
	if err == nil || !strings.Contains(err.Error(), "leave --keep out") || len(did) > 0 {
		t.Errorf("did %q, %v", did, err)
	}
}

func TestRotate_RefusesToBeCalledWithoutANameOrWithFlagsThatDoNotFit(t *testing.T) {
	for says, args := range map[string][]string{
		"requires at least 1 arg": {"rotate"},
		"[keep write-only]":       {"rotate", "api", "--keep", "--write-only"},
		"[age env]":               {"credentials", "--age", "--env"},
	} {
		root := newRoot()
		root.SetArgs(args)
		if err := root.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: got %v", args, err)
		}
	}
}

func TestRotate_RefusesWhatCannotBePlanned(t *testing.T) {
	long := turned
	long.Since = "2026-11-18"
	for says, c := range map[string]struct {
		slots config.Slots
		flags rotate
		name  string
	}{
		"no credential has an old value that is still kept": {settled, rotate{back: true}, "all"},
		"api: nothing can be taken back":                    {settled, rotate{back: true}, "api"},
		"leave --keep out":                                  {long, rotate{keep: true}, "api"},
		`there is no credential "grafana"`:                  {settled, rotate{}, "grafana"},
	} {
		stack := config.Default()
		stack.Rotation.API = c.slots
		c.flags.options = &options{stack: "prod"}
		if _, err := c.flags.plan(stack, []string{c.name}, ageDay); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

func TestConfigCommands_WriteAllValuesAtOnce(t *testing.T) {
	c := config.Default()
	c.Secrets.APIPasswordA, c.Secrets.APIPasswordB = "old", "new"
	steps, err := (&rotate{options: &options{stack: "prod"}}).plan(c, []string{"api"}, ageDay)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, step := range steps {
		for _, command := range configCommands(step.Edits()) {
			got = append(got, strings.ReplaceAll(strings.Join(command, " "), "prefect-platform:", ""))
		}
	}
	want := []string{
		"config set-all --path --plaintext rotation.api.b=1 --plaintext rotation.api.active=b --plaintext rotation.api.keep=true --plaintext rotation.api.since=2026-11-26",
		"config set-all --path --plaintext rotation.api.keep=false --plaintext apiPasswordA=",
		"config rm apiPasswordA",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestGoOn_TakesOnlyAYesForOne(t *testing.T) {
	for answer, agreed := range map[string]bool{"y\n": true, "Yes\n": true, "\n": false, "no\n": false, "": false} {
		if err := goOn(strings.NewReader(answer)); (err == nil) != agreed {
			t.Errorf("%q: %v", answer, err)
		}
	}
}
