package nginx

import (
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Paths are paths to try on a configuration: what its locations and the keys of its maps speak of, and near misses of these and of the given ones.
func (c *Config) Paths(known []string) []string {
	seeds := slices.Clone(known)
	for _, s := range c.Servers {
		for _, l := range s.Locations {
			switch {
			case l.regex != nil:
				seeds = append(seeds, samples(l.regex)...)
			case l.Modifier != "@":
				seeds = append(seeds, l.Pattern)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.variables)) {
		v := c.variables[name]
		for _, e := range v.regexes {
			seeds = append(seeds, samples(e.regex)...)
		}
		seeds = append(seeds, slices.Sorted(maps.Keys(v.exact))...)
	}
	var all []string
	for _, seed := range seeds {
		_, after, ok := strings.Cut(seed, "/") // a key may have a method and more before the path
		if !ok || strings.ContainsAny(after, "\n ") {
			continue
		}
		all = append(all, near("/"+after)...)
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(path string) bool {
		again := seen[path]
		seen[path] = true
		return again
	})
}

// near are spellings of a path that one matcher may take for it and another not.
func near(path string) []string {
	last := path[len(path)-1:]
	segment := path[strings.LastIndex(path, "/")+1:]
	return []string{
		path, path + "/", path + "?x=1", path + "?", path + "x", path + "/x", path + "x/flows", path + "/flows/filter", path + "/../flows", path + "/../../flows/", path + "/%2e%2e/flows",
		path + "/../" + segment, path + "x/../" + segment, path + "%0a", path + "%20", path + ";x", path + ".json", path + "//", path + "/.",
		"/" + path, "/x" + path, "/x/.." + path, "/./" + path[1:], "/api" + path, strings.ToUpper(path),
		path[:len(path)-1] + "%" + hex(last[0]), "/%" + hex(path[min(1, len(path)-1)]) + path[min(2, len(path)):],
		"/api/flows?x=" + path, "/api/flows/?" + path, "/?" + path, "/api/flows;" + path, "/api/flows/%3f" + path,
	}
}

func hex(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

// samples are texts that a regular expression matches: each branch of it, and repetitions none, once and twice.
func samples(r *regexp.Regexp) []string {
	parsed, err := syntax.Parse(r.String(), syntax.Perl)
	if err != nil {
		return nil
	}
	return matching(parsed)
}

// most bounds the samples of one expression; the rest are other spellings of the same.
const most = 64

func matching(r *syntax.Regexp) []string {
	switch r.Op {
	case syntax.OpLiteral:
		return []string{string(r.Rune)}
	case syntax.OpCharClass:
		return []string{string(member(r.Rune))}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return []string{"a"}
	case syntax.OpCapture:
		return matching(r.Sub[0])
	case syntax.OpAlternate:
		var all []string
		for _, sub := range r.Sub {
			all = append(all, matching(sub)...)
		}
		return bounded(all)
	case syntax.OpConcat:
		all := []string{""}
		for _, sub := range r.Sub {
			all = product(all, matching(sub))
		}
		return all
	case syntax.OpStar, syntax.OpQuest:
		return bounded(append([]string{""}, matching(r.Sub[0])...))
	case syntax.OpPlus:
		once := matching(r.Sub[0])
		return bounded(append(once, product(once, once)...))
	case syntax.OpRepeat:
		all := []string{""}
		for range max(r.Min, 1) {
			all = product(all, matching(r.Sub[0]))
		}
		return all
	}
	return []string{""} // anchors
}

// member is one of a class, preferably one that is nothing special in a path.
func member(class []rune) rune {
	for _, wanted := range "aA1-_.~" {
		for i := 0; i+1 < len(class); i += 2 {
			if class[i] <= wanted && wanted <= class[i+1] {
				return wanted
			}
		}
	}
	if len(class) == 0 {
		return 'a'
	}
	return class[0]
}

func product(left, right []string) []string {
	var all []string
	for _, l := range left {
		for _, r := range right {
			all = append(all, l+r)
		}
	}
	return bounded(all)
}

func bounded(all []string) []string { return all[:min(len(all), most)] }
