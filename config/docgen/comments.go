package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// comments holds the doc comments of types ("Edge") and of their fields ("Edge.Address"), made ready for a table.
type comments map[string]string

func (c comments) ofType(name string) string { return c.must(name) }

func (c comments) ofField(typeName, field string) string { return c.must(typeName + "." + field) }

// must insists on a comment: what is not documented is not finished.
func (c comments) must(name string) string {
	text, ok := c[name]
	if !ok {
		panic(fmt.Sprintf("docgen: config.%s has no doc comment", name))
	}
	return text
}

func readComments(dir string) (comments, error) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "config.go"), nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	found := comments{}
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			named := spec.(*ast.TypeSpec)
			found.add(named.Name.Name, named.Name.Name, general.Doc)
			if object, ok := named.Type.(*ast.StructType); ok {
				found.addFields(named.Name.Name, object)
			}
		}
	}
	return found, nil
}

func (c comments) addFields(typeName string, object *ast.StructType) {
	for _, field := range object.Fields.List {
		for _, name := range field.Names {
			c.add(typeName+"."+name.Name, name.Name, field.Doc)
		}
	}
}

func (c comments) add(key, name string, doc *ast.CommentGroup) {
	if doc == nil {
		return
	}
	c[key] = sentence(name, doc.Text())
}

// sentence takes the name off that a Go comment begins with: "Limit is the number" becomes "The number", "Keep leaves" becomes "Leaves".
func sentence(name, comment string) string {
	text := strings.Join(strings.Fields(comment), " ")
	text = strings.TrimPrefix(text, name+" ")
	for _, verb := range []string{"is ", "are "} {
		text = strings.TrimPrefix(text, verb)
	}
	return strings.ToUpper(text[:1]) + strings.ReplaceAll(text[1:], "|", `\|`)
}
