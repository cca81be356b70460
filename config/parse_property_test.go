package config

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// anyName draws a key that the schema knows somewhere, or any text.
func anyName() *rapid.Generator[string] {
	known := append(fieldNames(reflect.TypeFor[Config]()), secretNames()...)
	for _, t := range []reflect.Type{
		reflect.TypeFor[Edge](), reflect.TypeFor[Limits](), reflect.TypeFor[Rate](), reflect.TypeFor[TLS](), reflect.TypeFor[Database](), reflect.TypeFor[API](),
		reflect.TypeFor[Worker](), reflect.TypeFor[Rotation](), reflect.TypeFor[Slots](), reflect.TypeFor[Images](), reflect.TypeFor[Egress](),
	} {
		known = append(known, fieldNames(t)...)
	}
	return rapid.OneOf(rapid.SampledFrom(known), rapid.String())
}

// anyValue draws JSON of at most the given depth.
func anyValue(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(), rapid.String().AsAny(),
		rapid.SampledFrom([]any{"a", "b", "provided", "0.0.0.0/0", "10.0.0.1", "::/0", "tcp://", "-----BEGIN CERTIFICATE-----", "2026-01-01"}),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	inner := anyValue(depth - 1)
	return rapid.OneOf(append(scalars, rapid.SliceOfN(inner, 0, 3).AsAny(), rapid.MapOfN(anyName(), inner, 0, 6).AsAny())...)
}

func TestParse_AnswersAnyInputWithoutPanic(t *testing.T) {
	namespaces := rapid.SampledFrom([]string{Namespace + ":", "docker:", "pulumi:", "aws:", ""})
	rapid.Check(t, func(t *rapid.T) {
		values := map[string]string{}
		var secretKeys []string
		for range rapid.IntRange(0, 8).Draw(t, "keys") {
			key := namespaces.Draw(t, "namespace") + rapid.OneOf(anyName(), rapid.SampledFrom(engineKeys)).Draw(t, "key")
			text, err := json.Marshal(anyValue(4).Draw(t, "value"))
			if err != nil {
				t.Fatal(err)
			}
			values[key] = rapid.SampledFrom([]string{string(text), string(text[:len(text)/2])}).Draw(t, "text")
			if rapid.Bool().Draw(t, "secret") {
				secretKeys = append(secretKeys, key)
			}
		}

		cfg, err := Parse(values, secretKeys)
		var problems Problems
		if err == nil {
			if left := cfg.Validate(); len(left) > 0 {
				t.Fatalf("accepted with %v", left)
			}
			return
		}
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("no problems in %v", err)
		}
		if !slices.IsSortedFunc(problems, compareKeys) {
			t.Fatalf("not sorted: %v", problems)
		}
		for _, problem := range problems {
			if problem.Key == "" || problem.Found == "" || problem.Want == "" {
				t.Fatalf("incomplete: %#v", problem)
			}
		}
	})
}
