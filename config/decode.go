package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
)

// decoder reads one top-level key.
type decoder struct {
	problems *Problems
	secret   bool // the key is encrypted: what was found must not be told
}

// decode writes JSON values over the defaults that out already holds, and reports every key that does not fit its Go type. It is a walk of its own because the
// decoders at hand stop at the first mismatch or cannot tell null from absent and a number from text.
func (d decoder) decode(key string, in any, out reflect.Value) {
	switch out.Kind() {
	case reflect.Struct:
		d.decodeStruct(key, in, out)
	case reflect.Slice:
		d.decodeSlice(key, in, out)
	case reflect.Map:
		d.decodeMap(key, in, out)
	default:
		d.decodeScalar(key, in, out)
	}
}

func (d decoder) decodeStruct(key string, in any, out reflect.Value) {
	object, ok := in.(map[string]any)
	if !ok {
		d.problems.add(key, d.describe(in), "an object with the keys "+strings.Join(fieldNames(out.Type()), ", "), "")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		child := join(key, name)
		field, ok := fieldByName(out, name)
		if !ok {
			d.problems.unknown(child, name, fieldNames(out.Type()))
			continue
		}
		d.decode(child, object[name], field)
	}
}

func (d decoder) decodeSlice(key string, in any, out reflect.Value) {
	list, ok := in.([]any)
	if !ok {
		d.problems.add(key, d.describe(in), "a list", "")
		return
	}
	out.Set(reflect.MakeSlice(out.Type(), len(list), len(list)))
	for i, item := range list {
		entry := out.Index(i)
		if worker, ok := entry.Addr().Interface().(*Worker); ok {
			*worker = DefaultWorker()
		}
		d.decode(fmt.Sprintf("%s[%d]", key, i), item, entry)
	}
}

func (d decoder) decodeMap(key string, in any, out reflect.Value) {
	object, ok := in.(map[string]any)
	if !ok {
		d.problems.add(key, d.describe(in), "an object of names and texts", "")
		return
	}
	out.Set(reflect.MakeMapWithSize(out.Type(), len(object)))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := reflect.New(out.Type().Elem()).Elem()
		d.decode(join(key, name), object[name], value)
		out.SetMapIndex(reflect.ValueOf(name), value)
	}
}

func (d decoder) decodeScalar(key string, in any, out reflect.Value) {
	switch out.Kind() {
	case reflect.String:
		if text, ok := in.(string); ok {
			out.SetString(text)
			return
		}
		d.problems.add(key, d.describe(in), "a text", d.fixByType("string", key, in))
	case reflect.Bool:
		if flag, ok := in.(bool); ok {
			out.SetBool(flag)
			return
		}
		d.problems.add(key, d.describe(in), "true or false", "")
	case reflect.Int:
		if whole, err := wholeNumber(in); err == nil {
			out.SetInt(whole)
			return
		}
		d.problems.add(key, d.describe(in), "a whole number", d.fixByType("int", key, in))
	case reflect.Float64:
		if number, ok := in.(json.Number); ok {
			if value, err := number.Float64(); err == nil {
				out.SetFloat(value)
				return
			}
		}
		d.problems.add(key, d.describe(in), "a number", d.fixByType("float", key, in))
	default:
		panic("config: no decoding for " + out.Type().String())
	}
}

func (p *Problems) unknown(key, name string, known []string) {
	if nearest := nearest(name, known); nearest != "" {
		p.add(key, "an unknown key", "a known one: did you mean "+nearest+"?", remove(key))
		return
	}
	p.add(key, "an unknown key", "one of "+strings.Join(known, ", "), remove(key))
}

func wholeNumber(in any) (int64, error) {
	number, ok := in.(json.Number)
	if !ok {
		return 0, errors.New("not a number")
	}
	return strconv.ParseInt(number.String(), 10, 64)
}

// fixByType offers the command that stores the same value with the right type, which the CLI does not guess for fractions and for texts that look like numbers.
func (d decoder) fixByType(kind, key string, in any) string {
	if d.secret {
		return ""
	}
	var value string
	switch in := in.(type) {
	case json.Number:
		value = in.String()
	case bool:
		value = strconv.FormatBool(in)
	case string:
		value = in
	default:
		return ""
	}
	var err error
	switch kind {
	case "int":
		_, err = strconv.ParseInt(value, 10, 64)
	case "float":
		_, err = strconv.ParseFloat(value, 64)
	}
	if err != nil {
		return ""
	}
	return setTyped(kind, key, value)
}

func (d decoder) describe(in any) string {
	if d.secret {
		return "an encrypted value of another type"
	}
	return describe(in)
}

// describe names a decoded JSON value for a message.
func describe(in any) string {
	switch in := in.(type) {
	case nil:
		return "nothing (null)"
	case bool:
		return strconv.FormatBool(in)
	case json.Number:
		return "the number " + in.String()
	case string:
		return "the text " + quote(in)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprintf("a %T", in)
	}
}

// quote keeps a message readable when the value is long or holds control characters.
func quote(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return strconv.Quote(string(runes[:most]) + "…")
	}
	return strconv.Quote(text)
}

// parseJSON reads one JSON value with its numbers as they were written.
func parseJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return value, nil
}

// fieldNames lists the keys that a struct type knows, in the order of their declaration.
func fieldNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("json"); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

func fieldByName(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if tag := v.Type().Field(i).Tag.Get("json"); tag == name && tag != "-" {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// nearest returns the known name that is most likely meant, or nothing where all are too far away.
func nearest(name string, known []string) string {
	const similar = 0.5
	best, score := "", similar
	for _, candidate := range known {
		if s := levenshtein.Similarity(strings.ToLower(name), strings.ToLower(candidate), nil); s >= score {
			best, score = candidate, s
		}
	}
	return best
}

var simpleName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// join appends a name to a path in the notation of `pulumi config set --path`.
func join(key, name string) string {
	switch {
	case key == "":
		return name
	case simpleName.MatchString(name):
		return key + "." + name
	default:
		return key + "[" + strconv.Quote(name) + "]"
	}
}
