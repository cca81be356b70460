package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// Index returns the list of all runbooks, what wakes somebody first.
func (c *Catalogue) Index() string {
	var b strings.Builder
	b.WriteString("# Runbooks\n\nOne page for each alert: what it means, the first three commands, likely causes, and how to know that it is over.\n" +
		"The commands are for the dev stack: for another one add `--stack prod` to `platform`, and put its name in the place of `dev` in names of containers.\n")
	for _, severity := range []Severity{Critical, Warning, None} {
		fmt.Fprintf(&b, "\n## %s\n\n| alert | service | |\n|---|---|---|\n", map[Severity]string{
			Critical: "Critical: somebody gets up", Warning: "Warning: somebody looks at it today", None: "Sign of life",
		}[severity])
		var rows []string
		for _, alert := range c.Alerts() {
			if alert.Severity == severity {
				rows = append(rows, fmt.Sprintf("| [%[1]s](%[1]s.md) | %[2]s | %[3]s |\n", alert.Name, alert.Service, alert.Summary))
			}
		}
		slices.Sort(rows)
		b.WriteString(strings.Join(slices.Compact(rows), ""))
	}
	return b.String()
}
