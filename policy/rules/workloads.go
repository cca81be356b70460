package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"prefect-platform/internal/tokens"
)

// neverStarts reports whether a container cannot come to run: it is not started, nobody waits for it to run, and no restart policy starts it with the engine. It is
// what a container is made of that tells, and not its label. What is not known yet is not judged as running: an `up` asks again.
func neverStarts(c *Case, r Resource) bool {
	start, mustRun, restart := c.PropertyOf(r, "start"), c.PropertyOf(r, "mustRun"), c.PropertyOf(r, "restart")
	if start.Unknown() || mustRun.Unknown() || restart.Unknown() {
		return true
	}
	starts, told := start.Flag()
	needed, toldNeeded := mustRun.Flag()
	policy, _ := restart.Text()
	return told && !starts && toldNeeded && !needed && (policy == "" || policy == "no")
}

// runs reports whether the resource that is judged is a container that runs, for a while or once.
func (c *Case) runs() bool { return c.Is(tokens.Container) && !neverStarts(c, c.Resource) }

// runsOnce reports whether a container is a one-shot: an `up` waits for its end.
func runsOnce(c *Case, r Resource) bool {
	attach, _ := c.PropertyOf(r, "attach").Flag()
	mustRun, told := c.PropertyOf(r, "mustRun").Flag()
	return attach && told && !mustRun
}

// serves reports whether the resource that is judged is a container that runs until the stack goes.
func (c *Case) serves() bool { return c.runs() && !runsOnce(c, c.Resource) }

// stackOf is the stack's name in a URN.
func stackOf(urn string) string {
	first, _, _ := strings.Cut(urn, "::")
	return first[strings.LastIndex(first, ":")+1:]
}

// prefixOf begins the names on the engine of everything in the resource's stack.
func prefixOf(r Resource) string { return tokens.Prefix(stackOf(r.URN)) + "-" }

// process is what a container runs of Prefect.
type process string

const (
	processAPI       process = "api"
	processServices  process = "services"
	processWorker    process = "worker"
	processMigration process = "migration"
)

// processOf tells by its command what a container runs of Prefect; empty when it is nothing of that.
func processOf(c *Case, r Resource) process {
	words := wordsOf(c, r)
	launcher := func(name string) bool { return slices.Contains(words, tokens.FilesDir+"/"+name) }
	switch {
	case launcher("services.py") || follows(words, "services", "start"):
		return processServices
	case isPrefectAPI(c, r):
		return processAPI
	case launcher("worker.py") || follows(words, "worker", "start"):
		return processWorker
	case follows(words, "database", "upgrade"):
		return processMigration
	}
	return ""
}

// wordsOf are the words of a container's command, which other rules judge.
func wordsOf(c *Case, r Resource) []string {
	quiet := &Case{Facts: c.Facts}
	quiet.Preview = true
	var words []string
	for _, name := range []string{"entrypoints", "command"} {
		for _, text := range quiet.PropertyOf(r, name).Texts() {
			words = append(words, strings.FieldsFunc(strings.ToLower(text), betweenWords)...)
		}
	}
	return words
}

func follows(words []string, first, second string) bool {
	for i := range len(words) - 1 {
		if path.Base(words[i]) == first && words[i+1] == second {
			return true
		}
	}
	return false
}

// variables are what a container's processes find in their environment. The provider keeps them as a set: of two values for a name nobody can tell which counts, so
// both must be right.
type variables map[string][]string

// right reports whether a variable is set, and whether all of its values are right.
func (v variables) right(name string, right func(string) bool) bool {
	return len(v[name]) > 0 && !slices.ContainsFunc(v[name], func(value string) bool { return !right(value) })
}

// tell says what a variable is, for a message.
func (v variables) tell(name string) string {
	if len(v[name]) == 0 {
		return name + " is not set"
	}
	return fmt.Sprintf("%s is %q", name, strings.Join(v[name], " and "))
}

// environmentOf reads a container's environment; known is false when an `up` knows more.
func environmentOf(c *Case, r Resource) (env variables, known bool) {
	list := c.PropertyOf(r, "envs")
	items, ok := list.Items()
	env, known = variables{}, ok || !list.Exists()
	for _, item := range items {
		text, ok := item.Text()
		known = known && ok
		name, value, _ := strings.Cut(text, "=")
		env[name] = append(env[name], value)
	}
	return env, known
}

// mount is a place where a container keeps what it writes.
type mount struct {
	path   string
	volume Value  // the name of a volume, if it is one
	kind   string // volume, bind or tmpfs
}

// mountsOf are all mounts of a container, in either way to write them. A mount whose path is not known is left out.
func mountsOf(c *Case, r Resource) []mount {
	var all []mount
	volumes, _ := c.PropertyOf(r, "volumes").Items()
	for _, v := range volumes {
		if at, ok := v.Get("containerPath").Text(); ok {
			kind := "volume"
			if host, _ := v.Get("hostPath").Text(); host != "" {
				kind = "bind"
			}
			all = append(all, mount{path.Clean(at), v.Get("volumeName"), kind})
		}
	}
	mounts, _ := c.PropertyOf(r, "mounts").Items()
	for _, m := range mounts {
		if at, ok := m.Get("target").Text(); ok {
			kind, _ := m.Get("type").Text()
			all = append(all, mount{path.Clean(at), m.Get("source"), kind})
		}
	}
	tmpfs, _ := c.PropertyOf(r, "tmpfs").Fields()
	for _, t := range tmpfs {
		all = append(all, mount{path.Clean(t.Name), Value{}, "tmpfs"})
	}
	return all
}

// label is the value of one of a resource's labels.
func label(c *Case, r Resource, name string) string {
	items, _ := c.PropertyOf(r, "labels").Items()
	for _, item := range items {
		if key, _ := item.Get("label").Text(); key == name {
			value, _ := item.Get("value").Text()
			return value
		}
	}
	return ""
}
