package rules

import "strings"

// parents are the types of the components around a resource, outermost first: urn:pulumi:stack::project::parent$child::name.
func parents(urn string) []string {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) < 4 {
		return nil
	}
	chain := strings.Split(parts[2], "$")
	return chain[:len(chain)-1]
}
