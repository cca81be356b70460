package rules

import (
	"fmt"
	"strings"
	"time"
)

// Exception lets one resource break one rule for a while.
type Exception struct {
	// Rule is the ID, Resource the name or the whole URN of the resource.
	Rule     string `json:"rule"`
	Resource string `json:"resource"`
	// Reason is told in every preview.
	Reason string `json:"reason"`
	// Until is the last day on which it counts, YYYY-MM-DD.
	Until string `json:"until"`
}

// longest is how far ahead an exception may end: whoever needs it longer decides so again.
const longest = 366 * 24 * time.Hour

// Problem says why an exception counts for nothing; empty if it counts today.
func (e Exception) Problem(all []Rule, today time.Time) string {
	rule, known := find(all, e.Rule)
	until, err := time.Parse(time.DateOnly, e.Until)
	switch {
	case !known:
		return fmt.Sprintf("there is no rule %q", e.Rule)
	case rule.Stack != nil:
		return e.Rule + " judges the whole stack, for which there are no exceptions: change the program"
	case e.Resource == "":
		return "it names no resource"
	case strings.TrimSpace(e.Reason) == "":
		return "it gives no reason"
	case err != nil:
		return fmt.Sprintf("its end %q is not a date such as 2027-01-31", e.Until)
	case until.Sub(today) > longest:
		return fmt.Sprintf("its end %s is more than a year ahead", e.Until)
	case !today.UTC().Before(until.AddDate(0, 0, 1)):
		return "it ended on " + e.Until
	}
	return ""
}

// Covers reports whether the exception is for this rule and resource, whether or not it counts today.
func (e Exception) Covers(rule string, resource Resource) bool {
	return e.Rule == rule && e.Resource != "" && (e.Resource == resource.Name || e.Resource == resource.URN)
}
