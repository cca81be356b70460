package nginx

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// variable is one that a map or geo block defines.
type variable struct {
	name, source string
	geo          bool
	exact        map[string]string // keys in lower case: nginx ignores the case of plain keys (ngx_http_map_find)
	regexes      []entry
	otherwise    string
	results      []string
	of           *Directive
}

type entry struct {
	regex  *regexp.Regexp
	result string
}

func newVariable(d *Directive) (*variable, error) {
	v := &variable{geo: d.Directive == "geo", exact: map[string]string{}, of: d}
	switch {
	case d.Directive == "map" && len(d.Args) == 2:
		v.source, v.name = d.Args[0], strings.TrimPrefix(d.Args[1], "$")
	case v.geo && len(d.Args) == 1:
		v.name = strings.TrimPrefix(d.Args[0], "$")
	default:
		return nil, errors.New("a geo of another address than the client's cannot be judged")
	}
	for _, e := range d.Block {
		if len(e.Args) == 0 && e.Directive == "volatile" {
			continue // the value is computed anew at each use, which changes nothing for one request
		}
		if len(e.Args) != 1 || e.Directive == "include" || e.Directive == "hostnames" || v.geo && (e.Directive == "proxy" || e.Directive == "delete") {
			return nil, fmt.Errorf("%q in a %s cannot be judged", Text(e), d.Directive)
		}
		if err := v.add(e.Directive, e.Args[0]); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (v *variable) add(key, result string) error {
	v.results = append(v.results, result)
	switch {
	case key == "default":
		v.otherwise = result
	case strings.HasPrefix(key, "~") && !v.geo:
		pattern, ignoreCase := strings.CutPrefix(key[1:], "*")
		regex, err := compile(pattern, ignoreCase)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		v.regexes = append(v.regexes, entry{regex, result})
	default:
		v.exact[strings.ToLower(strings.TrimPrefix(key, `\`))] = result
	}
	return nil
}

// reference is a variable in a value.
var reference = regexp.MustCompile(`\$([A-Za-z0-9_]*)`)

// Request is what a client sends.
type Request struct {
	Method  string
	URI     string // as on the request line
	Upgrade string // the header
	// Authorization is the header. Whether it is right is up to the Client.
	Authorization string
}

// eval computes a value for a request. It fails for whatever depends on more than the request line, Upgrade and Authorization.
func (c *Config) eval(value string, r Request, depth int) (string, error) {
	if depth > 20 {
		return "", errors.New("variables that refer to each other")
	}
	parts, ok := c.templates[value]
	if !ok {
		parts = split(value)
		c.templates[value] = parts
	}
	var text strings.Builder
	for _, p := range parts {
		if p.variable == "" {
			text.WriteString(p.literal)
			continue
		}
		held, err := c.lookup(p.variable, r, depth+1)
		if err != nil {
			return "", err
		}
		text.WriteString(held)
	}
	return text.String(), nil
}

// part is a piece of a value: a literal text or the name of a variable.
type part struct{ literal, variable string }

func split(value string) []part {
	var parts []part
	last := 0
	for _, at := range reference.FindAllStringIndex(value, -1) {
		parts = append(parts, part{literal: value[last:at[0]]}, part{variable: cmp.Or(value[at[0]+1:at[1]], "$")})
		last = at[1]
	}
	return append(parts, part{literal: value[last:]})
}

// Eval computes a value, which may hold variables, for a request.
func (c *Config) Eval(value string, r Request) (string, error) { return c.eval(value, r, 0) }

func (c *Config) lookup(name string, r Request, depth int) (string, error) {
	if v := c.variables[name]; v != nil {
		if v.geo {
			return "", fmt.Errorf("$%s depends on the client's address", name)
		}
		key, err := c.eval(v.source, r, depth)
		if err != nil {
			return "", err
		}
		return v.pick(key, func(value string) (string, error) { return c.eval(value, r, depth) })
	}
	path, query, _ := strings.Cut(r.URI, "?")
	switch name {
	case "request_method":
		return r.Method, nil
	case "request_uri":
		return r.URI, nil
	case "http_upgrade":
		return r.Upgrade, nil
	case "http_authorization":
		return r.Authorization, nil
	case "uri", "document_uri":
		uri, _ := normalise(path)
		return uri, nil
	case "args", "query_string":
		return query, nil
	}
	return "", fmt.Errorf("it depends on $%s, which clients choose or nothing here defines", name)
}

func (v *variable) pick(key string, eval func(string) (string, error)) (string, error) {
	if result, ok := v.exact[strings.ToLower(key)]; ok {
		return eval(result)
	}
	for _, e := range v.regexes {
		if !e.regex.MatchString(key) {
			continue
		}
		if groups := e.regex.FindStringSubmatch(key); groups != nil {
			return eval(reference.ReplaceAllStringFunc(e.result, func(name string) string {
				if n := number(name[1:]); n >= 1 && n <= 9 {
					if n < len(groups) {
						return strings.ReplaceAll(groups[n], "$", "")
					}
					return ""
				}
				return name
			}))
		}
	}
	return eval(v.otherwise)
}

// Values are all values that a setting can have, whatever is asked: the setting itself, or the results of the map that it names.
// ok is false when there are others.
func (c *Config) Values(setting string) (values []string, ok bool) { return c.values(setting, 0) }

func (c *Config) values(setting string, depth int) ([]string, bool) {
	if !strings.Contains(setting, "$") {
		return []string{setting}, true
	}
	v := c.variables[strings.TrimPrefix(setting, "$")]
	if v == nil || depth > 20 {
		return nil, false
	}
	results := v.results
	if v.otherwise == "" {
		results = append(results[:len(results):len(results)], "")
	}
	var all []string
	for _, result := range results {
		more, ok := c.values(result, depth+1)
		if !ok {
			return nil, false
		}
		all = append(all, more...)
	}
	return all, true
}

// Definition is the map or geo block that defines a variable; nil when none does.
func (c *Config) Definition(name string) *Directive {
	if v := c.variables[strings.TrimPrefix(name, "$")]; v != nil {
		return v.of
	}
	return nil
}

// DependsOn are the variables from which a value is made, directly or through maps.
func (c *Config) DependsOn(value string) []string { return c.dependsOn(value, nil) }

func (c *Config) dependsOn(value string, known []string) []string {
	for _, m := range reference.FindAllStringSubmatch(value, -1) {
		if slices.Contains(known, m[1]) {
			continue
		}
		known = append(known, m[1])
		if v := c.variables[m[1]]; v != nil {
			known = c.dependsOn(v.source, known)
			for _, result := range v.results {
				known = c.dependsOn(result, known)
			}
		}
	}
	return known
}
