// Package nginx answers what a configuration of nginx lets happen: which settings count where, what variables hold, and where a request can end.
//
// It knows the part of nginx that an edge needs, with nginx's own semantics (src/http/ngx_http_core_module.c, phases from server rewrite to content). What it does
// not know it never guesses: such a configuration has problems, or a request ends in Unclear.
package nginx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
)

// Directive is a line or block of the configuration, with its place.
type Directive = crossplane.Directive

// File is what an `include` may find.
type File struct {
	Text string
	// Unknown says that the text is only known later; until then the file counts as empty.
	Unknown bool
}

// Problem is something that nginx or this package does not understand.
type Problem struct {
	File string // its name without folder
	Line int    // 0 when it has none
	What string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.What
	}
	return fmt.Sprintf("%s line %d: %s", p.File, p.Line, p.What)
}

// Config is a parsed configuration.
type Config struct {
	// Main is the name of the file that nginx is given.
	Main string
	// All are the directives at the top, files that are included in their place.
	All []*Directive
	// Unseen are the included files whose text is not known yet.
	Unseen  []string
	HTTP    *Scope
	Servers []*Server

	variables map[string]*variable
	templates map[string][]part // values that were computed before; a configuration is judged by one goroutine at a time
}

// lookalikes are spellings that nginx reads in another way than the parser: escapes in a token, and ${name}. Carriage returns and other control characters
// separate tokens in one of them only.
var lookalikes = regexp.MustCompile(`\\[\\"'trn]|\$\{|[\x00-\x08\x0b-\x1f\x7f]|\\\n`)

// namedGroup begins a group of a regular expression that sets a variable, wherever nginx takes one (location, server_name, if).
var namedGroup = regexp.MustCompile(`\(\?(?:P?<[^=!]|')`)

// Parse reads the configuration that begins with the file main. Files are named by their paths in the container; no other is ever opened. What nginx would include
// beside these is a problem, but for what generated returns.
func Parse(main string, files map[string]File, generated map[string]string) (config *Config, problems []Problem) {
	defer func() {
		if fault := recover(); fault != nil {
			config, problems = nil, []Problem{{File: path.Base(main), What: fmt.Sprint("it cannot be parsed: ", fault)}}
		}
	}()
	c := &Config{Main: main}
	payload, err := crossplane.Parse(main, &crossplane.ParseOptions{
		Open: func(name string) (io.ReadCloser, error) {
			file, ok := files[path.Clean(name)]
			text, made := generated[path.Base(name)]
			switch {
			case ok && file.Unknown:
				c.Unseen = append(c.Unseen, path.Base(name))
				slices.Sort(c.Unseen)
				c.Unseen = slices.Compact(c.Unseen) // the parser opens a file twice
			case ok:
				text = file.Text
				if at := lookalikes.FindStringIndex(text); at != nil {
					line := 1 + strings.Count(text[:at[0]], "\n")
					problems = append(problems, Problem{path.Base(name), line, fmt.Sprintf("%q, of which it is not certain how nginx reads it", text[at[0]:at[1]])})
				}
			case !made:
				return nil, &fs.PathError{Op: "include", Path: name, Err: errors.New("not among the files that are mounted with it")}
			}
			return io.NopCloser(strings.NewReader(text)), nil
		},
		Glob: func(pattern string) ([]string, error) {
			return nil, fmt.Errorf("includes %s, and what that matches in the image is not known", pattern)
		},
		CombineConfigs:           true,
		ErrorOnUnknownDirectives: true,
		DirectiveSources:         []crossplane.MatchFunc{crossplane.MatchOssLatest},
	})
	if err != nil {
		return nil, append(problems, Problem{File: path.Base(main), What: err.Error()})
	}
	for _, each := range payload.Errors {
		line := 0
		if each.Line != nil {
			line = *each.Line
		}
		problems = append(problems, Problem{path.Base(each.File), line, each.Error.Error()})
	}
	if len(payload.Config) == 0 {
		return nil, append(problems, Problem{File: path.Base(main), What: "it is empty"})
	}
	c.All = payload.Config[0].Parsed
	return c, append(problems, c.build()...)
}

// build finds the servers, locations and variables.
func (c *Config) build() (problems []Problem) {
	problem := func(d *Directive, format string, args ...any) {
		problems = append(problems, Problem{path.Base(d.File), d.Line, fmt.Sprintf(format, args...)})
	}
	for _, d := range c.All {
		if d.Directive != "http" {
			continue
		}
		if c.HTTP != nil {
			problem(d, "a second http block")
		}
		c.HTTP = &Scope{Of: d}
	}
	c.Walk(func(d *Directive, _ []*Directive) {
		for _, arg := range d.Args {
			if namedGroup.MatchString(arg) {
				problem(d, "%s has a named group, which sets a variable", Text(d))
			}
		}
	})
	c.HTTP = orEmpty(c.HTTP)
	c.variables, c.templates = map[string]*variable{}, map[string][]part{}
	for _, d := range c.HTTP.Of.Block {
		switch d.Directive {
		case "map", "geo":
			v, err := newVariable(d)
			if err != nil {
				problem(d, "%v", err)
				continue
			}
			if c.variables[v.name] != nil {
				problem(d, "$%s is defined twice", v.name)
			}
			c.variables[v.name] = v
		case "server":
			server := &Server{Scope: Scope{Of: d, Parent: c.HTTP}}
			problems = append(problems, server.build()...)
			c.Servers = append(c.Servers, server)
		}
	}
	return problems
}

func orEmpty(s *Scope) *Scope {
	if s == nil {
		return &Scope{Of: &Directive{Directive: "http"}}
	}
	return s
}

// Walk visits every directive with the blocks around it, outermost first. Entries of maps and the like are not directives.
func (c *Config) Walk(visit func(d *Directive, within []*Directive)) {
	walk(c.All, nil, visit)
}

func walk(list []*Directive, within []*Directive, visit func(*Directive, []*Directive)) {
	for _, d := range list {
		if d.IsMapBlockParameter {
			continue
		}
		visit(d, within)
		walk(d.Block, append(within[:len(within):len(within)], d), visit)
	}
}

// Text is a directive as it is written, without its block.
func Text(d *Directive) string {
	if len(d.Args) == 0 {
		return d.Directive
	}
	return d.Directive + " " + strings.Join(d.Args, " ")
}

// Place says where a directive stands and what it is.
func Place(d *Directive) string {
	return fmt.Sprintf("%s line %d: %s", path.Base(d.File), d.Line, Text(d))
}
