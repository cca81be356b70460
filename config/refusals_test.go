package config

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// wrong is a stack with something wrong in it, and what is said about it, word by word.
type wrong struct {
	stack string
	says  []string
}

func refused(stack string, says ...string) wrong { return wrong{stack, says} }

// today is when the tables were written.
var today = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func problemsOf(t testing.TB, base, change string) Problems {
	t.Helper()
	values, secretKeys := asHandedOver(t, merged(t, base, change))
	_, err := parse(values, secretKeys, today)
	var problems Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatalf("not Problems: %v", err)
	}
	return problems
}

func lines(problems Problems) []string {
	var all []string
	for _, problem := range problems {
		all = append(all, problem.String())
	}
	return all
}

func TestParse_RefusesWithTheseWords(t *testing.T) {
	for concern, table := range map[string]struct {
		base  string
		cases []wrong
	}{
		"shapes":     {small, wrongShapes},
		"edge":       {small, wrongEdge},
		"tls":        {small, wrongTLS},
		"database":   {small, wrongDatabase},
		"processes":  {small, wrongProcesses},
		"workers":    {small, wrongWorkers},
		"access":     {small, wrongAccess},
		"secrets":    {small, wrongSecrets},
		"network":    {small, wrongNetwork},
		"images":     {small, wrongImages},
		"egress":     {small, wrongEgress},
		"monitoring": {small, wrongMonitoring},
		"backup":     {small, wrongBackup},
		"engine":     {small, wrongEngine},
		"production": {large, append(wrongProduction, wrongProductionBackup...)},
		"unwatched":  {unwatched, wrongUnwatched},
	} {
		for _, c := range table.cases {
			t.Run(concern+"/"+c.stack, func(t *testing.T) {
				got := lines(problemsOf(t, table.base, c.stack))
				if strings.Join(got, "\n") != strings.Join(c.says, "\n") {
					t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.says, "\n     "))
				}
			})
		}
	}
}

func TestTables_HoldAWrongValueOfEveryKey(t *testing.T) {
	index := regexp.MustCompile(`\[\d+\]`)
	refusedKeys := map[string]bool{}
	for _, table := range [][]wrong{wrongShapes, wrongEdge, wrongTLS, wrongDatabase, wrongProcesses, wrongWorkers, wrongAccess, wrongSecrets, wrongNetwork, wrongImages, wrongEgress, wrongMonitoring, wrongBackup, wrongEngine} {
		for _, c := range table {
			for _, said := range c.says {
				key, _, _ := strings.Cut(said, ": ")
				for ; key != ""; key = parent(key) {
					refusedKeys[index.ReplaceAllString(key, "[]")] = true
				}
			}
		}
	}
	want := append(leaves("", reflect.TypeFor[Config]()), secretNames()...)
	for _, name := range engineKeys {
		want = append(want, "docker:"+name)
	}
	if len(want) < 80 {
		t.Fatalf("only %d keys found, the walk over the types is broken", len(want))
	}
	for _, key := range want {
		if !refusedKeys[key] {
			t.Errorf("no table has a wrong value of %s", key)
		}
	}
}

// parent takes the last part off a path.
func parent(key string) string {
	return key[:max(strings.LastIndexAny(key, ".["), 0)]
}

// leaves lists the paths of all values that a type holds, with [] for any index.
func leaves(key string, t reflect.Type) []string {
	switch {
	case t.Kind() == reflect.Struct:
		var all []string
		for i := range t.NumField() {
			if name := t.Field(i).Tag.Get("json"); name != "-" {
				all = append(all, leaves(join(key, name), t.Field(i).Type)...)
			}
		}
		return all
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return leaves(key+"[]", t.Elem())
	default:
		return []string{key}
	}
}
