package alertconf

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// matcher is a label, an operator and a quoted value, as Alertmanager wants them.
var matcher = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*(=|!=|=~|!~)(".*")$`)

// check refuses what Alertmanager would not start with: routes to receivers that are not there, and matchers that are none.
func (d document) check() error {
	there := map[string]bool{}
	for _, r := range d.Receivers {
		there[r.Name] = true
	}
	var problems []error
	var follow func(route)
	follow = func(r route) {
		if !there[r.Receiver] {
			problems = append(problems, fmt.Errorf("a route leads to receiver %q, which is not there", r.Receiver))
		}
		problems = append(problems, checkMatchers(r.Matchers)...)
		for _, next := range r.Routes {
			follow(next)
		}
	}
	follow(d.Route)
	for _, i := range d.Inhibit {
		problems = append(problems, checkMatchers(i.Source)...)
		problems = append(problems, checkMatchers(i.Target)...)
	}
	return errors.Join(problems...)
}

func checkMatchers(all []string) (problems []error) {
	for _, text := range all {
		parts := matcher.FindStringSubmatch(text)
		if parts == nil {
			problems = append(problems, fmt.Errorf("%s is no matcher", text))
			continue
		}
		value, err := strconv.Unquote(parts[2])
		if err == nil && (parts[1] == "=~" || parts[1] == "!~") {
			_, err = regexp.Compile(value)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("matcher %s: %w", text, err))
		}
	}
	return problems
}
