package rules

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func valueCase(preview bool, v property.Value) (*Case, Value) {
	c := &Case{Facts: Facts{Preview: preview}, Resource: Resource{Name: "r", Properties: property.NewMap(map[string]property.Value{"p": v})}}
	return c, c.Property("p")
}

func TestValue_UnknownPassesInAPreviewAndIsRefusedInAnUp(t *testing.T) {
	for preview, want := range map[bool]int{true: 0, false: 1} {
		c, v := valueCase(preview, property.New(property.Computed))
		if _, ok := v.Text(); ok || len(c.violations) != want {
			t.Errorf("preview %v: known %v, %v", preview, ok, c.violations)
		}
	}
}

func TestValue_WrongTypeIsRefusedWhereverItIsAsked(t *testing.T) {
	for name, ask := range map[string]func(Value){
		"text":   func(v Value) { v.Text() },
		"number": func(v Value) { v.Number() },
		"flag":   func(v Value) { v.Flag() },
		"list":   func(v Value) { v.Items() },
		"field":  func(v Value) { v.Get("x").Text() },
	} {
		c, v := valueCase(true, property.New(property.ResourceReference{}))
		if ask(v); len(c.violations) != 1 {
			t.Errorf("%s: %v", name, c.violations)
		}
	}
}

func TestValue_ReadsNumbersAndFlagsAsTheProviderDoes(t *testing.T) {
	_, v := valueCase(true, property.New("42"))
	if n, ok := v.Number(); !ok || n != 42 {
		t.Errorf(`"42" is %v`, n)
	}
	_, v = valueCase(true, property.New("true"))
	if flag, ok := v.Flag(); !ok || !flag {
		t.Errorf(`"true" is %v`, flag)
	}
}

func TestValue_MissingIsEmptyAndRefusesNothing(t *testing.T) {
	c, v := valueCase(false, property.New(property.Null))
	_, text := v.Text()
	_, list := v.Items()
	if text || list || v.Exists() || v.Get("x").Exists() || len(c.violations) > 0 {
		t.Errorf("null exists, or was refused: %v", c.violations)
	}
}

func TestValue_SecretWithinCounts(t *testing.T) {
	_, v := valueCase(true, property.New([]property.Value{property.New("x").WithSecret(true)}))
	if !v.Secret() {
		t.Error("a secret in a list is overlooked")
	}
}
