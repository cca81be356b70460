//go:build e2e

package policy

import (
	"strings"
	"testing"
)

// guarded are variants of which the program itself must not let one resource be registered.
var guarded = []variant{
	one("a root that can be written", container, `ReadOnly:     pulumi.Bool(true),`, `ReadOnly:     pulumi.Bool(false),`, "containers-read-only"),
	one("no credential anywhere", template, `auth_basic "{{.Realm}}";`, `auth_basic off;`, "auth-edge-routes"),
	{name: "everything as text", program: "untyped.go.txt", want: []string{"exposure-ports"}},
	{name: "an old value kept for a year", config: map[string]any{"prefect-platform:rotation.api": map[string]any{"b": 1, "keep": true, "since": "2026-01-01"}}, want: []string{"secrets-kept-slot"}},
}

// Plain Pulumi, as somebody runs it who knows of no pack.
func TestProgram_HeedsTheRulesWithoutAPack(t *testing.T) {
	b := newBench(t)
	for _, v := range append(guarded, variant{name: "nothing changed"}) {
		t.Run(v.name, func(t *testing.T) {
			out, err := b.plain(t, v)
			if len(v.want) == 0 && err != nil {
				t.Errorf("the unchanged program is refused: %v\n%s", err, out)
			}
			for _, rule := range v.want {
				if err == nil || !strings.Contains(out, "refused by the rules of this program") || !strings.Contains(out, rule+": ") {
					t.Errorf("want %s; exit %v\n%s", rule, err, out)
				}
			}
		})
	}
}
