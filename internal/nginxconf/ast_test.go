package nginxconf

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
)

// release is what an included file looks like to the parser.
var release = map[string]string{
	Version:       "return 200 1;",
	Authorization: RenderAuthorization("prefect:new", "prefect:old"),
}

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func render(t tester, o Options) crossplane.Directives {
	t.Helper()
	conf, err := Render(o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return parse(t, conf)
}

// parse checks names, contexts and numbers of arguments of all directives against those of nginx.
func parse(t tester, conf string) crossplane.Directives {
	t.Helper()
	files := map[string]string{Config: conf}
	for name, content := range release {
		files[name] = content
	}
	payload, err := crossplane.Parse(Config, &crossplane.ParseOptions{
		Open: func(name string) (io.ReadCloser, error) {
			content, ok := files[path.Base(name)]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			}
			return io.NopCloser(strings.NewReader(content)), nil
		},
		Glob:                     func(pattern string) ([]string, error) { return []string{pattern}, nil },
		CombineConfigs:           true,
		ErrorOnUnknownDirectives: true,
		DirectiveSources:         []crossplane.MatchFunc{crossplane.MatchOssLatest},
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, problem := range payload.Errors {
		t.Fatalf("line %d: %v", *problem.Line, problem.Error)
	}
	return payload.Config[0].Parsed
}

// all returns every directive of a name, at any depth.
func all(within crossplane.Directives, name string) crossplane.Directives {
	var found crossplane.Directives
	for _, d := range within {
		if d.Directive == name {
			found = append(found, d)
		}
		found = append(found, all(d.Block, name)...)
	}
	return found
}

// values are the arguments of the directives of a name directly within a block.
func values(within crossplane.Directives, name string) []string {
	var found []string
	for _, d := range within {
		if d.Directive == name {
			found = append(found, strings.Join(d.Args, " "))
		}
	}
	return found
}

// server returns the one server that listens on a port and, for one that serves, has a password.
func server(t tester, conf crossplane.Directives, port string, serves bool) crossplane.Directives {
	t.Helper()
	for _, s := range all(conf, "server") {
		listens := slices.ContainsFunc(values(s.Block, "listen"), func(v string) bool { return strings.HasPrefix(v, port) })
		if listens && (values(s.Block, "auth_basic") != nil) == serves {
			return s.Block
		}
	}
	t.Fatalf("no server on port %s", port)
	return nil
}
