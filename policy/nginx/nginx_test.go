package nginx

import (
	"slices"
	"strings"
	"testing"
)

// read parses a configuration whose http block has this text.
func read(t *testing.T, http string) *Config {
	t.Helper()
	conf, problems := Parse("/nginx.conf", map[string]File{"/nginx.conf": {Text: "events {}\nhttp {\n" + http + "\n}"}}, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return conf
}

func ends(t *testing.T, http string, r Request, client Client) []Outcome {
	t.Helper()
	conf := read(t, http)
	return conf.Outcomes(conf.Servers[len(conf.Servers)-1], r, client)
}

func kinds(outcomes []Outcome) []Kind {
	var all []Kind
	for _, o := range outcomes {
		if !slices.Contains(all, o.Kind) {
			all = append(all, o.Kind)
		}
	}
	slices.Sort(all)
	return all
}

func TestMap_TakesPlainKeysFirstWithoutCaseThenRegexesInOrderThenTheDefault(t *testing.T) {
	conf := read(t, `
		map $request_uri $place {
			"~^/a" first;
			"~*^/A" second;
			/AB exact;
			"~^/c/([a-z]+)$" "got $1";
			default "$request_method other";
		}
		map $place $again { "first" 1; default 0; }`)
	for uri, want := range map[string]string{"/ab": "exact", "/aB": "exact", "/abc": "first", "/Abc": "second", "/c/xy": "got xy", "/c/xy\n": "got xy", "/d": "GET other"} {
		if got, err := conf.Eval("$place", Request{Method: "GET", URI: uri}); got != want || err != nil {
			t.Errorf("%q: %q %v, want %q", uri, got, err, want)
		}
	}
	if got, err := conf.Eval("x$again", Request{URI: "/abc"}); got != "x1" || err != nil {
		t.Errorf("a chain: %q %v", got, err)
	}
	for _, unknown := range []string{"$http_x", "$remote_addr", "$1", "$", "a$"} {
		if got, err := conf.Eval(unknown, Request{}); err == nil {
			t.Errorf("%s is %q, although nobody knows", unknown, got)
		}
	}
	if values, ok := conf.Values("$again"); !ok || !slices.Equal(values, []string{"1", "0"}) {
		t.Errorf("values %q %v", values, ok)
	}
	if values, ok := conf.Values("$place"); ok {
		t.Errorf("values %q, although a client chooses", values)
	}
}

func TestMap_EndsWhenVariablesReferToEachOther(t *testing.T) {
	conf := read(t, "map $a $b { default $a; } map $b $a { default $b; }")
	if got, err := conf.Eval("$a", Request{}); err == nil {
		t.Errorf("got %q", got)
	}
	if _, ok := conf.Values("$a"); ok {
		t.Error("all values are known")
	}
}

func TestLocate_PrefersExactThenTheLongestGuardedPrefixThenRegexesThenTheLongestPrefix(t *testing.T) {
	server := read(t, `server {
		location / { return 404; }
		location /api { return 404; }
		location = /api/x { return 404; }
		location ^~ /static/ { return 404; }
		location ~ ^/api/.*\.json$ { return 404; }
		location ~* \.JSON$ { return 404; }
		location @named { return 404; }
	}`).Servers[0]
	for uri, want := range map[string]string{
		"/": "/", "/api": "/api", "/api/x": "/api/x", "/api/x/": "/api", "/api/a.json": `^/api/.*\.json$`, "/a.json": `\.JSON$`, "/static/a.json": "/static/", "/api/a.json\n": `^/api/.*\.json$`,
	} {
		if got, _ := server.Locate(uri); got == nil || got.Pattern != want {
			t.Errorf("%q: %+v, want %s", uri, got, want)
		}
	}
}

func TestLocate_RedirectsToAPrefixWithASlashBeforeAnyCheck(t *testing.T) {
	got := ends(t, `server { auth_basic x; auth_basic_user_file x; location /api/ { proxy_pass http://x; } }`, Request{URI: "/api"}, Client{Listed: true})
	if !slices.Equal(kinds(got), []Kind{Redirected}) {
		t.Errorf("%+v", got)
	}
}

func TestEffective_InheritsAllOrNothing(t *testing.T) {
	conf := read(t, `
		error_page 502 /a; error_page 503 /b;
		add_header A 1;
		server {
			add_header B 2; add_header_inherit merge;
			location /own { error_page 404 /c; add_header C 3; }
			location /none { add_header_inherit off; }
		}
		server { location / { add_header D 4; } location /x { } }`)
	text := func(list []*Directive) string {
		var all []string
		for _, d := range list {
			all = append(all, strings.Join(d.Args, " "))
		}
		return strings.Join(all, ", ")
	}
	first, second := conf.Servers[0].Locations, conf.Servers[1].Locations
	for _, each := range []struct{ got, want string }{
		{text(first[0].Effective("error_page")), "404 /c"},
		{text(first[1].Effective("error_page")), "502 /a, 503 /b"},
		{text(first[0].Headers()), "A 1, B 2, C 3"},
		{text(first[1].Headers()), ""},
		{text(second[0].Headers()), "D 4"},
		{text(second[1].Headers()), "A 1"},
	} {
		if each.got != each.want {
			t.Errorf("got %q, want %q", each.got, each.want)
		}
	}
}

func TestOutcomes_FollowThePhases(t *testing.T) {
	const guarded = "auth_basic x; auth_basic_user_file x; allow 10.0.0.0/8; deny all; "
	for _, each := range []struct {
		name, server string
		client       Client
		want         []Kind
	}{
		{"no credential", guarded + "location / { proxy_pass http://x; }", Client{Listed: true}, []Kind{Refused}},
		{"not listed", guarded + "location / { proxy_pass http://x; }", Client{Credential: true}, []Kind{Refused}},
		{"both", guarded + "location / { proxy_pass http://x; }", Client{Listed: true, Credential: true}, []Kind{Proxied}},
		{"a return comes before access", guarded + "location / { return 200 x; }", Client{}, []Kind{Answered}},
		{"an if may return", guarded + "if ($x) { return 204; } location / { proxy_pass http://x; }", Client{}, []Kind{Refused, Answered}},
		{"try_files comes after access", guarded + "location / { try_files /n @a; } location @a { auth_basic off; proxy_pass http://x; }", Client{Listed: true}, []Kind{Refused}},
		{"a page leads past the check", guarded + "error_page 401 @a; location / { proxy_pass http://x; } location @a { auth_basic off; proxy_pass http://y; }", Client{Listed: true}, []Kind{Proxied}},
		{"a page is checked again", guarded + "error_page 401 @a; location / { proxy_pass http://x; } location @a { proxy_pass http://y; }", Client{Listed: true}, nil}, // it leads to itself
		{"a page of a limit", guarded + "limit_req zone=z; error_page 429 = @a; limit_req_status 429; location / { proxy_pass http://x; } location @a { auth_basic off; allow all; proxy_pass http://y; }", Client{}, []Kind{Refused, Proxied}},
		{"a page of what a client can provoke", guarded + "error_page 413 @a; location / { proxy_pass http://x; } location @a { auth_basic off; proxy_pass http://y; }", Client{Listed: true}, []Kind{Refused, Proxied}},
		{"a page of failures only", guarded + "error_page 502 @a; location / { proxy_pass http://x; } location @a { auth_basic off; proxy_pass http://y; }", Client{Listed: true}, []Kind{Refused}},
		{"a page by a map", guarded + "error_page 401 $where; location / { proxy_pass http://x; } location @a { auth_basic off; proxy_pass http://y; }", Client{Listed: true}, []Kind{Proxied}},
		{"a page that anybody can name", guarded + "error_page 401 $arg_x; location / { proxy_pass http://x; }", Client{Listed: true}, []Kind{Unclear}},
		{"no password file", "auth_basic x; location / { proxy_pass http://x; }", Client{}, []Kind{Proxied}},
		{"a subrequest is no credential", "auth_request /a; location / { proxy_pass http://x; }", Client{}, []Kind{Refused, Proxied}},
		{"what is internal", "location / { internal; proxy_pass http://x; }", Client{}, []Kind{Refused}},
		{"pages without end", guarded + "recursive_error_pages on; error_page 401 /b; location / { proxy_pass http://x; }", Client{Listed: true}, nil},
		{"nothing", "", Client{}, []Kind{Refused}},
	} {
		got := ends(t, "limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s; map $uri $where { /x @none; default @a; } server { "+strings.ReplaceAll(each.server, "@none", "@a")+" location @none { auth_basic x; } }", Request{Method: "GET", URI: "/"}, each.client)
		if !slices.Equal(kinds(got), each.want) {
			t.Errorf("%s: %v, want %v: %+v", each.name, kinds(got), each.want, got)
		}
	}
}

func TestOutcomes_TellWhatPathAnUpstreamGets(t *testing.T) {
	for _, each := range []struct{ location, uri, want string }{
		{"location / { proxy_pass http://x; }", "/a%2fb/../c?d", "/a%2fb/../c?d"},
		{"location /a/ { proxy_pass http://x/b/; }", "/a/c?d", "/b/c?d"},
		{"location = /a { proxy_pass http://x/b; }", "/a", "/b"},
		{"location / { try_files /n /other; } location = /other { proxy_pass http://x; }", "/a?d", "/other?d"},
	} {
		got := ends(t, "server { "+each.location+" }", Request{URI: each.uri}, Client{})
		if len(got) != 1 || got[0].Path != each.want {
			t.Errorf("%s %s: %+v, want %s", each.location, each.uri, got, each.want)
		}
	}
}

func TestNormalise_ReadsAPathAsNginxDoes(t *testing.T) {
	for raw, want := range map[string]string{
		"/": "/", "//a///b": "/a/b", "/a/./b": "/a/b", "/a/../b": "/b", "/a/..": "/", "/a/b/..": "/a/", "/a/.": "/a/", "/%61": "/a", "/a%2f%2e%2e/b": "/b", "/a/": "/a/", "/a#b": "/a",
		"": "", "a": "", "/..": "", "/%": "", "/%zz": "", "/%00": "", "/a/../..": "",
	} {
		if got, ok := normalise(raw); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", raw, got, ok, want)
		}
	}
}

func TestParse_RefusesWhatItCannotReadAsNginxDoes(t *testing.T) {
	for name, text := range map[string]string{
		"an escape":               `http { server { return 200 "a\"b"; } }`,
		"braces around a name":    `http { server { return 200 ${a}; } }`,
		"a carriage return":       "http {\r}",
		"an unknown directive":    "http { brotli on; }",
		"a missing file":          "http { include x; }",
		"a pattern of files":      "http { include *.conf; }",
		"a cycle":                 "http { include nginx.conf; }",
		"two http blocks":         "http { } http { }",
		"a regex of another kind": `http { server { location ~ (?=a) { return 404; } } }`,
		"a named group":           `http { server { location ~ (?<uri>a) { return 404; } } }`,
		"an unfinished block":     "http {",
		"a map with files":        "http { map $uri $x { include y; } }",
		"a geo of a header":       "http { geo $http_x $y { default 1; } }",
	} {
		if _, problems := Parse("/nginx.conf", map[string]File{"/nginx.conf": {Text: text}}, nil); len(problems) == 0 {
			t.Errorf("%s is let pass", name)
		}
	}
}

func TestParse_FollowsIncludesAndTellsWhereTheyAre(t *testing.T) {
	conf, problems := Parse("/a/nginx.conf", map[string]File{
		"/a/nginx.conf": {Text: "http { include maps; include secret.map; server { include made.conf; } }"}, "/a/maps": {Text: "map $uri $x {\n default 1;\n}"}, "/a/secret.map": {Unknown: true},
	}, map[string]string{"made.conf": "return 404;"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if !slices.Equal(conf.Unseen, []string{"secret.map"}) {
		t.Errorf("unseen %v", conf.Unseen)
	}
	var places []string
	conf.Walk(func(d *Directive, _ []*Directive) { places = append(places, Place(d)) })
	if want := "maps line 1: map $uri $x"; !slices.Contains(places, want) || !slices.Contains(places, "made.conf line 1: return 404") {
		t.Errorf("%q lacks %q", places, want)
	}
}

func FuzzParse_NeverPanics(f *testing.F) {
	f.Add("http { server { location / { proxy_pass http://x; error_page 401 = @a; } location @a { return 1; } } }")
	f.Add("http { map \"$a\" $b { ~^/(x|y)+$ $1; default $c; } geo $d { default 1; } server { auth_basic $b; auth_basic_user_file x; if ($d) { return; } try_files a; } }")
	f.Fuzz(func(_ *testing.T, text string) {
		conf, _ := Parse("/nginx.conf", map[string]File{"/nginx.conf": {Text: text}}, nil)
		if conf == nil {
			return
		}
		for _, s := range conf.Servers {
			for _, uri := range conf.Paths([]string{"/"}) {
				conf.Outcomes(s, Request{Method: "GET", URI: uri}, Client{})
			}
		}
	})
}
