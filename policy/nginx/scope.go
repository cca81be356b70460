package nginx

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Scope is a block whose settings count for what is within: http, a server, or a location.
type Scope struct {
	Of     *Directive
	Parent *Scope
}

// Own are the directives of these names directly within.
func (s *Scope) Own(names ...string) []*Directive {
	var found []*Directive
	for _, d := range s.Of.Block {
		if slices.Contains(names, d.Directive) {
			found = append(found, d)
		}
	}
	return found
}

// Effective are the directives of these names that count here: those of the innermost block that has any, for nginx inherits all or nothing.
func (s *Scope) Effective(names ...string) []*Directive {
	for at := s; at != nil; at = at.Parent {
		if found := at.Own(names...); len(found) > 0 {
			return found
		}
	}
	return nil
}

// Headers are the add_header directives that count here, with those of the outer blocks where add_header_inherit merges them (since nginx 1.29.3).
func (s *Scope) Headers() []*Directive {
	own := s.Own("add_header")
	inherit := "on"
	if d := s.Last("add_header_inherit"); d != nil {
		inherit = d.Args[0]
	}
	switch {
	case inherit == "off" || s.Parent == nil:
		return own
	case inherit == "merge":
		return append(s.Parent.Headers(), own...)
	case len(own) > 0:
		return own
	}
	return s.Parent.Headers()
}

// Last is the one directive of a name that counts here; nil when there is none. Where nginx refuses a second one, the last is taken.
func (s *Scope) Last(name string) *Directive {
	if found := s.Effective(name); len(found) > 0 && len(found[len(found)-1].Args) > 0 {
		return found[len(found)-1]
	}
	return nil
}

// Value is the first argument of the directive that counts here, or a default.
func (s *Scope) Value(name, otherwise string) string {
	if d := s.Last(name); d != nil {
		return d.Args[0]
	}
	return otherwise
}

// LetsStrangers reports whether allow and deny let in an address that no network of theirs is meant for: the first that matches decides, and without one everybody is let in.
func (s *Scope) LetsStrangers() bool {
	for _, d := range s.Effective("allow", "deny") {
		if len(d.Args) == 1 && d.Args[0] == "all" {
			return d.Directive == "allow"
		}
	}
	return true
}

// Server is a server block.
type Server struct {
	Scope
	Locations []*Location

	variableRealms []string
}

// Location is a location block.
type Location struct {
	Scope
	Modifier string // "", "=", "^~", "~", "~*", or "@" for a named one
	Pattern  string // with the @ of a named one
	regex    *regexp.Regexp
}

func (s *Server) build() (problems []Problem) {
	for _, d := range s.Own("location") {
		l := &Location{Scope: Scope{Of: d, Parent: &s.Scope}, Pattern: d.Args[len(d.Args)-1]}
		for _, modifier := range []string{"=", "^~", "~*", "~", "@"} {
			if rest, ok := strings.CutPrefix(strings.Join(d.Args, ""), modifier); ok && (len(d.Args) == 2) == (d.Args[0] == modifier) {
				l.Modifier, l.Pattern = modifier, rest
				break
			}
		}
		switch l.Modifier {
		case "@":
			l.Pattern = "@" + l.Pattern
		case "~", "~*":
			regex, err := compile(l.Pattern, l.Modifier == "~*")
			if err != nil {
				problems = append(problems, Problem{path.Base(d.File), d.Line, fmt.Sprintf("%s: %v", Text(d), err)})
				continue
			}
			l.regex = regex
		default:
			if !strings.HasPrefix(l.Pattern, "/") {
				problems = append(problems, Problem{path.Base(d.File), d.Line, Text(d) + ": not a path"})
			}
		}
		s.Locations = append(s.Locations, l)
	}
	return problems
}

// Named finds a named location.
func (s *Server) Named(name string) *Location {
	for _, l := range s.Locations {
		if l.Modifier == "@" && l.Pattern == name {
			return l
		}
	}
	return nil
}

// Locate finds the location of a normalised path. slash says that nginx answers with a redirect to the path with a slash, before any check.
func (s *Server) Locate(uri string) (found *Location, slash bool) {
	for _, l := range s.Locations {
		switch l.Modifier {
		case "=":
			if l.Pattern == uri {
				return l, false
			}
		case "", "^~":
			if strings.HasPrefix(uri, l.Pattern) && (found == nil || len(l.Pattern) > len(found.Pattern)) {
				found = l
			}
			if l.Pattern == uri+"/" && len(l.Own("proxy_pass")) > 0 {
				slash = true
			}
		}
	}
	if slash || found != nil && found.Modifier == "^~" {
		return found, slash
	}
	for _, l := range s.Locations {
		if l.regex != nil && l.regex.MatchString(uri) {
			return l, false
		}
	}
	return found, false
}

// compile translates a regular expression of PCRE: a $ also matches before a line feed at the end, and . and classes match bytes.
// What Go cannot express is an error, and so are named groups, which would set variables.
func compile(pattern string, ignoreCase bool) (*regexp.Regexp, error) {
	if namedGroup.MatchString(pattern) {
		return nil, fmt.Errorf("its regular expression has a named group, which sets a variable")
	}
	var text strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			text.WriteString(pattern[i : i+2])
			i++
			continue
		case c == '[' && !class:
			class = true
		case c == ']':
			class = false
		case c == '$' && !class:
			text.WriteString(`(?:\n?\z)`)
			continue
		}
		text.WriteByte(pattern[i])
	}
	flags := ""
	if ignoreCase {
		flags = "(?i)"
	}
	regex, err := regexp.Compile(flags + text.String())
	if err != nil {
		return nil, fmt.Errorf("its regular expression cannot be judged: %w", err)
	}
	return regex, nil
}
