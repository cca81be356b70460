package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"text/template"

	"prefect-platform/config"
)

//go:embed configuration.md.tmpl
var pageTemplate string

// section is one table of the page.
type section struct {
	Title, Meaning string
	Rows           []row
}

type row struct{ Key, Type, Default, Meaning string }

// page renders the documentation from the source of package config in dir.
func page(dir string) ([]byte, error) {
	comments, err := readComments(dir)
	if err != nil {
		return nil, err
	}
	parsed, err := template.New("configuration.md").Parse(pageTemplate)
	if err != nil {
		return nil, err
	}
	connections := config.Default().Connections()
	_, refusal := config.Parse(map[string]string{config.Namespace + ":edge": `{"allow": ["10.0.0.5/8"], "httpsport": 9443}`}, nil)
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{
		"Sections":    sections(comments),
		"Secrets":     tagged(comments, reflect.TypeFor[config.Secrets](), "Secrets"),
		"Engine":      tagged(comments, reflect.TypeFor[config.Engine](), "Engine"),
		"Connections": connections,
		"Total":       connections.Total(),
		"Refusal":     refusal,
	})
	return out.Bytes(), err
}

// sections turns every object of the configuration into a table, after one for the values that stand alone.
func sections(comments comments) []section {
	cfg := config.Default()
	alone := section{Title: "Top level"}
	all := []section{}
	for _, field := range fields(reflect.ValueOf(cfg)) {
		switch {
		case field.name == "workers":
			entry := reflect.ValueOf(config.DefaultWorker())
			all = append(all, section{
				Title:   "workers",
				Meaning: comments.ofField("Config", "Workers") + " An entry that leaves a key out has the default of the table; a list that is left out has one such entry.",
				Rows:    rows(comments, "workers[].", "", entry),
			})
		case field.value.Kind() == reflect.Struct:
			all = append(all, section{
				Title:   field.name,
				Meaning: comments.ofType(field.value.Type().Name()),
				Rows:    rows(comments, field.name+".", "", field.value),
			})
		default:
			alone.Rows = append(alone.Rows, newRow(field.name, comments.ofField("Config", field.goName), field.value))
		}
	}
	return append([]section{alone}, all...)
}

// rows lists the values of an object. purpose is what the object is for, where that is not the section's own meaning.
func rows(comments comments, prefix, purpose string, object reflect.Value) []row {
	var all []row
	for _, field := range fields(object) {
		meaning := comments.ofField(object.Type().Name(), field.goName)
		if field.value.Kind() == reflect.Struct {
			if holdsObjects(field.value.Type()) {
				meaning = "" // its objects say more
			}
			all = append(all, rows(comments, prefix+field.name+".", meaning, field.value)...)
			continue
		}
		if field.value.Kind() == reflect.Slice && field.value.Type().Elem().Kind() == reflect.Struct {
			all = append(all, rows(comments, prefix+field.name+"[].", meaning, reflect.Zero(field.value.Type().Elem()))...)
			continue
		}
		all = append(all, newRow(prefix+field.name, following(purpose, meaning), field.value))
	}
	return all
}

func holdsObjects(t reflect.Type) bool {
	for i := range t.NumField() {
		if t.Field(i).Type.Kind() == reflect.Struct {
			return true
		}
	}
	return false
}

// following joins two sentences into one.
func following(purpose, meaning string) string {
	if purpose == "" {
		return meaning
	}
	return strings.TrimSuffix(purpose, ".") + ": " + strings.ToLower(meaning[:1]) + meaning[1:]
}

func newRow(key, meaning string, value reflect.Value) row {
	text, err := json.Marshal(value.Interface())
	if err != nil {
		panic(err) // plain data
	}
	shown := "`" + string(text) + "`"
	if value.Kind() == reflect.Slice || value.Kind() == reflect.Map {
		shown = "none"
	}
	if value.Kind() == reflect.String {
		shown = "`" + value.String() + "`"
		if value.Len() == 0 {
			shown = "none"
		}
	}
	return row{Key: key, Type: typeName(value.Type()), Default: shown, Meaning: meaning}
}

// tagged lists what is read by a tag of its own, without a default.
func tagged(comments comments, t reflect.Type, name string) []row {
	var all []row
	for i := range t.NumField() {
		field := t.Field(i)
		all = append(all, row{Key: field.Tag.Get("config"), Type: typeName(field.Type), Meaning: comments.ofField(name, field.Name)})
	}
	return all
}

type namedField struct {
	name, goName string
	value        reflect.Value
}

func fields(object reflect.Value) []namedField {
	var all []namedField
	for i := range object.NumField() {
		field := object.Type().Field(i)
		if name := field.Tag.Get("json"); name != "-" {
			all = append(all, namedField{name, field.Name, object.Field(i)})
		}
	}
	return all
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true, false"
	case reflect.Int:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		return "list of " + typeName(t.Elem()) + "s"
	case reflect.Map:
		return "names and " + typeName(t.Elem()) + "s"
	default:
		panic(fmt.Sprintf("docgen: no name for %s", t))
	}
}
