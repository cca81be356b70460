package rules

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// weakHBA reports whether a text of another kind, such as a script, holds a line that asks for no SCRAM password.
func weakHBA(text string) bool {
	lower := strings.ToLower(text)
	return (strings.Contains(lower, "host") || strings.Contains(lower, "local")) && hbaInText.MatchString(lower)
}

// hbaLine is one entry of pg_hba.conf.
type hbaLine struct {
	number               int
	kind                 string // local, host, hostssl, …
	database, user, from string // from is empty for local; address and mask are joined by a slash
	method               string
	other                string // a line that is none of these, such as an include
}

var (
	hbaKinds  = []string{"local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"}
	hbaField  = regexp.MustCompile(`"[^"]*"|[^\s"]+`)
	hbaEntry  = regexp.MustCompile(`(?m)^[ \t]*(local|host(no)?(ssl|gssenc)?)[ \t]+\S+[ \t]+\S+[ \t]+.*\b(trust|reject|md5|password|scram-sha-256|peer|ident|cert|pam|ldap)\b`)
	hbaInText = regexp.MustCompile(`\bhost(?:no)?(?:ssl|gssenc)?\s+\S+\s+\S+\s+\S+\s+(trust|password|md5)\b|\blocal\s+\S+\s+\S+\s+(trust|password|md5)\b`)
)

// parseHBA reads the file as PostgreSQL does (hba.c): fields between blanks, a backslash at the end of a line continues it, # begins a comment.
func parseHBA(text string) []hbaLine {
	var all []hbaLine
	text = strings.ReplaceAll(text, "\\\n", " ")
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := hbaField.FindAllString(line, -1)
		if len(fields) == 0 {
			continue
		}
		at := func(n int) string {
			if n < len(fields) {
				return strings.Trim(fields[n], `"`)
			}
			return ""
		}
		each := hbaLine{number: i + 1, kind: strings.ToLower(at(0)), database: at(1), user: at(2)}
		switch {
		case !slices.Contains(hbaKinds, each.kind):
			each.other = at(0)
		case each.kind == "local":
			each.method = at(3)
		default:
			each.from, each.method = at(3), at(4)
			if net.ParseIP(each.method) != nil {
				each.from, each.method = each.from+"/"+each.method, at(5)
			}
		}
		all = append(all, each)
	}
	return all
}

// problem says what is wrong with a single line; empty if nothing is.
func (l hbaLine) problem() string {
	switch {
	case l.other != "":
		return fmt.Sprintf("%q, which brings in what nobody sees here", l.other)
	case l.method == "reject":
		return ""
	case l.method == "peer" && l.kind == "local":
		return ""
	case l.method != "scram-sha-256" && l.method != "cert":
		return fmt.Sprintf("method %q", l.method)
	case l.kind != "local" && wide(l.from):
		return "address " + l.from
	}
	return ""
}

// wide reports whether an address is more than a network of the platform can be: wider than the /16 of network.base, or a name, which whoever answers DNS decides.
func wide(from string) bool {
	address, mask, _ := strings.Cut(from, "/")
	if bits := net.IPMask(net.ParseIP(mask).To4()); bits != nil {
		ones, _ := bits.Size()
		from = fmt.Sprintf("%s/%d", address, ones)
	}
	network, err := netip.ParsePrefix(from)
	if err != nil {
		return true
	}
	return network.Bits() < 16 || network.Addr().Is6() && !network.Addr().Is4In6() && network.Bits() < 48
}

// refuseHBA judges a whole pg_hba.conf.
func refuseHBA(c *Case, place, text string) {
	const change = "write it with postgresconf.HBA: scram-sha-256 from the one network of the clients, peer on the socket, and reject for all others at the end"
	lines := parseHBA(text)
	for _, line := range lines {
		if problem := line.problem(); problem != "" {
			c.Refuse(fmt.Sprintf("%s line %d has %s", place, line.number, problem), change)
		}
	}
	closed := func(kind string) bool {
		of := slices.DeleteFunc(slices.Clone(lines), func(l hbaLine) bool { return (l.kind == "local") != (kind == "local") || l.other != "" })
		if len(of) == 0 {
			return false
		}
		last := of[len(of)-1]
		return last.kind == kind && last.database == "all" && last.user == "all" && last.method == "reject" && (kind == "local" || last.from == "all")
	}
	for _, kind := range []string{"local", "host"} {
		if !closed(kind) {
			c.Refuse(place+" does not end in a reject of all for "+kind, change)
		}
	}
}
