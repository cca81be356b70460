package ci

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// workflow is a file of GitHub's pipelines, as far as these tests look at it.
type workflow struct {
	On          any               `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `yaml:"permissions"`
		Timeout     int               `yaml:"timeout-minutes"`
		Steps       []struct {
			Run  string         `yaml:"run"`
			Uses string         `yaml:"uses"`
			With map[string]any `yaml:"with"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

// pinned is an action at a commit, with its version for people and for Renovate.
var pinned = regexp.MustCompile(`^\s*- uses: [a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)

func TestWorkflows_PinEveryActionByCommit(t *testing.T) {
	for _, file := range workflows(t) {
		for line := range strings.Lines(content(t, file)) {
			if strings.Contains(line, "uses:") && !pinned.MatchString(strings.TrimRight(line, "\n")) {
				t.Errorf("%s: %q is not an action at a commit with its version as a comment", file, strings.TrimSpace(line))
			}
		}
	}
}

func TestWorkflows_GiveNoMoreRightsThanNeeded(t *testing.T) {
	for _, file := range workflows(t) {
		var w workflow
		parse(t, file, &w)
		if strings.Contains(regexp.MustCompile(`(?m)#.*$`).ReplaceAllString(content(t, file), ""), "pull_request_target") {
			t.Errorf("%s: pull_request_target hands secrets and a token that may write to the code of strangers", file)
		}
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s: permissions %v, want contents: read, and more for single jobs", file, w.Permissions)
		}
		for name, job := range w.Jobs {
			if job.Timeout == 0 {
				t.Errorf("%s: job %s has no timeout", file, name)
			}
			for right, level := range job.Permissions {
				if level == "write" && !slices.Contains([]string{"pull-requests", "issues", "id-token"}, right) {
					t.Errorf("%s: job %s may write %s", file, name, right)
				}
			}
			for _, step := range job.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: job %s leaves the token in the clone, where every later step can read it", file, name)
				}
			}
		}
	}
}

// Each step is what a person can run, and what the tests run: a target of the Makefile, or a file of .ci.
func TestPipelines_RunWhatThereIs(t *testing.T) {
	targets := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(content(t, "Makefile"), -1) {
		targets[found[1]] = true
	}
	commands := map[string][]string{}
	for _, file := range workflows(t) {
		var w workflow
		parse(t, file, &w)
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				if step.Run != "" {
					commands[file] = append(commands[file], step.Run)
				}
			}
		}
	}
	const gitlab = ".gitlab-ci.yml"
	var jobs map[string]any
	parse(t, gitlab, &jobs)
	for _, job := range jobs {
		fields, _ := job.(map[string]any)
		for _, part := range []string{"before_script", "script", "after_script"} {
			lines, _ := fields[part].([]any)
			for _, line := range lines {
				commands[gitlab] = append(commands[gitlab], line.(string))
			}
		}
	}
	if len(commands[gitlab]) < 10 {
		t.Fatalf("only %v", commands[gitlab])
	}
	for file, lines := range commands {
		for _, line := range lines {
			found := regexp.MustCompile(`make ([a-z-]+)`).FindAllStringSubmatch(line, -1)
			if len(found) == 0 && !slices.Contains(tracked(t), strings.Fields(line)[0]) {
				t.Errorf("%s runs %q, which is neither make nor a file of .ci", file, line)
			}
			for _, target := range found {
				if !targets[target[1]] {
					t.Errorf("%s runs make %s, which the Makefile does not have", file, target[1])
				}
			}
		}
	}
}

// An expression inside a shell command would let the title of a pull request become one.
func TestWorkflows_PutNoExpressionIntoACommand(t *testing.T) {
	for _, file := range workflows(t) {
		var w workflow
		parse(t, file, &w)
		for name, job := range w.Jobs {
			for _, step := range job.Steps {
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: job %s runs %q: hand it over in env", file, name, step.Run)
				}
			}
		}
	}
}

func TestDeploy_IsOneAtATimeAndNeverCancelled(t *testing.T) {
	var github struct {
		Concurrency struct {
			Group  string `yaml:"group"`
			Cancel *bool  `yaml:"cancel-in-progress"`
		} `yaml:"concurrency"`
		Jobs map[string]struct {
			Environment string `yaml:"environment"`
		} `yaml:"jobs"`
	}
	parse(t, ".github/workflows/deploy.yml", &github)
	if github.Concurrency.Group == "" || github.Concurrency.Cancel == nil || *github.Concurrency.Cancel || github.Jobs["deploy"].Environment == "" {
		t.Errorf("deploy.yml: %+v", github)
	}
	var gitlab struct {
		Deploy struct {
			Group         string `yaml:"resource_group"`
			Interruptible *bool  `yaml:"interruptible"`
		} `yaml:"deploy"`
	}
	parse(t, ".gitlab-ci.yml", &gitlab)
	if gitlab.Deploy.Group == "" || gitlab.Deploy.Interruptible == nil || *gitlab.Deploy.Interruptible {
		t.Errorf(".gitlab-ci.yml: %+v", gitlab)
	}
}
