package ci

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/images"
)

// manager is one that finds versions in files: one of renovate.json, or one that Renovate has.
type manager struct {
	files   []*regexp.Regexp
	matches []*regexp.Regexp
}

// builtin are the managers of Renovate that renovate.json turns on, with their default files and, in short, what they find there.
var builtin = map[string]manager{
	"gomod":            {list(`(^|/)go\.mod$`), list(`(?m)^(?:go|\t[^\s]+|require [^\s]+|tool .*) v?[0-9][^\s]*`)},
	"github-actions":   {list(`^\.github/workflows/[^/]+\.ya?ml$`), list(`uses: [^\s]+@[0-9a-f]{40} # v[0-9.]+`, `runs-on: ubuntu-[0-9.]+`)},
	"gitlabci":         {list(`\.gitlab-ci\.ya?ml$`), list(`image: [^\s]+:[^\s]+`, `- name: [^\s]+:[^\s]+`)},
	"pip_requirements": {list(`^tools/requirements\.txt$`), list(`(?m)^[a-z-]+==[0-9.]+$`)},
}

func list(expressions ...string) []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, each := range expressions {
		all = append(all, regexp.MustCompile(each))
	}
	return all
}

func managers(t *testing.T) []manager {
	t.Helper()
	var renovate struct {
		Enabled []string `json:"enabledManagers"`
		Custom  []struct {
			Files   []string `json:"managerFilePatterns"`
			Matches []string `json:"matchStrings"`
		} `json:"customManagers"`
	}
	if err := json.Unmarshal([]byte(content(t, "renovate.json")), &renovate); err != nil {
		t.Fatal(err)
	}
	var all []manager
	for _, name := range renovate.Enabled {
		if known, ok := builtin[name]; ok {
			all = append(all, known)
		} else if name != "custom.regex" {
			t.Errorf("renovate.json turns on %s, which this test does not know", name)
		}
	}
	for _, custom := range renovate.Custom {
		var files []string
		for _, pattern := range custom.Files {
			files = append(files, strings.Trim(pattern, "/"))
		}
		all = append(all, manager{list(files...), list(custom.Matches...)})
	}
	return all
}

// found returns the spans of a text in which the managers of a file find versions.
func found(all []manager, file, text string) [][]int {
	var spans [][]int
	for _, m := range all {
		if !slices.ContainsFunc(m.files, func(pattern *regexp.Regexp) bool { return pattern.MatchString(file) }) {
			continue
		}
		for _, match := range m.matches {
			spans = append(spans, match.FindAllStringIndex(text, -1)...)
		}
	}
	return spans
}

// pinning are the files that say what is used. Everything in them that looks like a version is a pin, unless it is among the others.
var pinning = list(`^internal/images/images\.go$`, `^lab/images/images\.go$`, `^lab/images/[a-z-]+/Dockerfile$`, `^lab/images/[a-z]+/requirements\.in$`,
	`^lab/toolchain/(toolchain|language/host)\.go$`, `^\.github/workflows/`, `^\.gitlab-ci\.yml$`, `^\.ci/`, `^tools/.*requirements\.txt$`)

var (
	version = regexp.MustCompile(`\bv?[0-9]+\.[0-9]+(?:\.[0-9]+)?\b`)
	// others are no pins: a bound that says why, the address of Docker's own network, what follows from the image, an image in a comment.
	others = list(`fastapi<[0-9.]+`, `sqlalchemy<[0-9.]+`, `-python3\.13`, `python3\.13`, `Breaks? Prefect [0-9.]+`, `break Prefect [0-9.]+`, `--python-version 3\.13`)
)

func TestRenovate_KnowsEveryPin(t *testing.T) {
	all := managers(t)
	pins := 0
	for _, file := range tracked(t) {
		if !slices.ContainsFunc(pinning, func(pattern *regexp.Regexp) bool { return pattern.MatchString(file) }) {
			continue
		}
		text := content(t, file)
		known := found(all, file, text)
		for _, other := range others {
			known = append(known, other.FindAllStringIndex(text, -1)...)
		}
		for _, at := range version.FindAllStringIndex(text, -1) {
			pins++
			if !slices.ContainsFunc(known, func(span []int) bool { return span[0] <= at[0] && at[1] <= span[1] }) {
				line := 1 + strings.Count(text[:at[0]], "\n")
				t.Errorf("%s:%d: no manager of renovate.json finds %s: %s", file, line, text[at[0]:at[1]], strings.Split(text, "\n")[line-1])
			}
		}
	}
	if pins < 40 {
		t.Errorf("only %d pins: the files of this test are not those of the repository", pins)
	}
}

func TestRenovate_KnowsEveryModuleAndImage(t *testing.T) {
	all := managers(t)
	for _, file := range tracked(t) {
		if strings.HasSuffix(file, "go.mod") && strings.Contains(content(t, file), "require") && len(found(all, file, content(t, file))) == 0 {
			t.Errorf("%s: nothing is found in it", file)
		}
	}
	const file = "internal/images/images.go"
	text := content(t, file)
	spans := found(all, file, text)
	for name := range images.Pins() {
		reference := images.Resolve(config.Images{}, name)
		_, tag, _ := strings.Cut(reference, ":")
		tag, _, _ = strings.Cut(strings.TrimSuffix(tag, "-python3.13"), "@")
		if !slices.ContainsFunc(spans, func(span []int) bool { return strings.Contains(text[span[0]:span[1]], tag) }) {
			t.Errorf("no manager finds %s", reference)
		}
	}
}
