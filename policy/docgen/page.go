package main

import (
	"bytes"
	_ "embed"
	"strings"
	"text/template"

	"prefect-platform/policy/rules"
)

//go:embed policies.md.tmpl
var text string

var policies = template.Must(template.New("policies.md").Funcs(template.FuncMap{"cell": cell}).Parse(text))

// family is the part of an ID before the first dash.
type family struct {
	Name  string
	Rules []rules.Rule
}

func page(all []rules.Rule) ([]byte, error) {
	var families []family
	for _, rule := range all {
		name, _, _ := strings.Cut(rule.ID, "-")
		if len(families) == 0 || families[len(families)-1].Name != name {
			families = append(families, family{Name: name})
		}
		last := &families[len(families)-1]
		last.Rules = append(last.Rules, rule)
	}
	var out bytes.Buffer
	err := policies.Execute(&out, struct {
		Families []family
		Count    int
	}{families, len(all)})
	return out.Bytes(), err
}

// cell keeps a text within a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
