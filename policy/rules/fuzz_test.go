package rules

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// shapes is how many random resources every rule is asked about. A rule that panics would end the pack's process, and with it the operation (pulumi #24654).
const shapes = 1_000_000

func TestRules_JudgeAMillionRandomPropertyMapsWithoutAPanic(t *testing.T) {
	seed := rand.Uint64()
	words := vocabularyOf(t)
	all := All()
	var group sync.WaitGroup
	for worker := range uint64(runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			g := &randomizer{rand: rand.New(rand.NewPCG(seed, worker)), vocabulary: words}
			stack := make([]Resource, 0, 20)
			for range shapes / runtime.GOMAXPROCS(0) {
				r := g.resource()
				facts := Facts{Production: g.chance(2), Preview: g.chance(2), Today: today, Config: g.config()}
				survive(t, seed, r, func() {
					for _, rule := range all {
						rule.Judge(facts, r)
					}
				})
				if stack = append(stack, r); len(stack) == cap(stack) {
					survive(t, seed, r, func() {
						for _, rule := range all {
							rule.JudgeStack(facts, stack)
						}
					})
					stack = stack[:0]
				}
			}
		})
	}
	group.Wait()
}

func survive(t *testing.T, seed uint64, r Resource, judge func()) {
	defer func() {
		if problem := recover(); problem != nil {
			t.Errorf("seed %d, %s with %#v: %v\n%s", seed, r.Type, r.Properties, problem, debug.Stack())
		}
	}()
	judge()
}

// vocabulary are the types, property names and texts that the real stacks use, so that random resources reach into the rules.
type vocabulary struct{ types, names, texts []string }

func vocabularyOf(t *testing.T) vocabulary {
	types, names, texts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	var walk func(v property.Value)
	walk = func(v property.Value) {
		switch {
		case v.IsString() && len(v.AsString()) < 200: // whole files would make it slow, and have a test of their own
			texts[v.AsString()] = true
		case v.IsArray():
			for _, item := range v.AsArray().All {
				walk(item)
			}
		case v.IsMap():
			for name, field := range v.AsMap().All {
				names[name] = true
				walk(field)
			}
		}
	}
	for _, stack := range []string{"dev", "prod"} {
		for _, r := range up(t, stack).resources {
			types[r.Type] = true
			walk(property.New(r.Properties))
		}
	}
	for _, odd := range []string{"", " ", "0", "-1", "true", "0:0", "root", "\x00", "{", "}", "server {", "a=b=c", "=", "::", "::/0", "999.1.1.1", "1e309", "-----BEGIN CERTIFICATE-----", "nginx:1", "@sha256:", "$5$", "user:"} {
		texts[odd] = true
	}
	return vocabulary{slices.Sorted(maps.Keys(types)), slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(texts))}
}

type randomizer struct {
	rand *rand.Rand
	vocabulary
}

func (g *randomizer) chance(of int) bool { return g.rand.IntN(of) == 0 }

func (g *randomizer) one(list []string) string { return list[g.rand.IntN(len(list))] }

func (g *randomizer) resource() Resource {
	r := Resource{Type: g.one(g.types), Name: g.one(g.texts), Protect: g.chance(2), DeleteBeforeReplace: g.chance(2)}
	r.URN = "urn:pulumi:s::p::" + g.one(g.types) + "$" + r.Type + "::" + r.Name
	if g.chance(20) {
		r.URN = g.one(g.texts)
	}
	r.Properties = g.object(2)
	return r
}

func (g *randomizer) config() map[string]string {
	if !g.chance(10) {
		return nil
	}
	return map[string]string{"prefect-platform:" + g.one(g.names): g.one(g.texts), "prefect-platform:rotation": g.one([]string{"{", "[]", "null", `{"api":3}`, `{"api":{"keep":"x","since":7}}`})}
}

func (g *randomizer) object(depth int) property.Map {
	fields := map[string]property.Value{}
	for range g.rand.IntN(8) {
		fields[g.one(g.names)] = g.value(depth)
	}
	return property.NewMap(fields)
}

func (g *randomizer) value(depth int) property.Value {
	var v property.Value
	switch kind := g.rand.IntN(12); {
	case kind < 4:
		v = property.New(g.one(g.texts))
	case kind == 4:
		v = property.New(g.rand.NormFloat64() * 1e6)
	case kind == 5:
		v = property.New(g.chance(2))
	case kind == 6:
		v = property.New(property.Computed)
	case kind == 7:
		v = property.New(property.Null)
	case depth == 0:
		v = property.New(property.ResourceReference{})
	case kind < 10:
		list := make([]property.Value, g.rand.IntN(4))
		for i := range list {
			list[i] = g.value(depth - 1)
		}
		v = property.New(list)
	default:
		v = property.New(g.object(depth - 1))
	}
	return v.WithSecret(g.chance(8))
}
