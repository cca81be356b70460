package doctor

import (
	"fmt"
	"io"
)

var marks = map[Level]string{Fine: "ok", Warning: "WARN", Problem: "ERROR"}

// Print writes findings of a level and above, each with its remedy on a line of its own.
func Print(out io.Writer, findings []Finding, least Level) {
	for _, f := range findings {
		if f.Level < least {
			continue
		}
		_, _ = fmt.Fprintf(out, "%-5s  %-7s  %s\n", marks[f.Level], f.Check, f.Found)
		if f.Remedy != "" {
			_, _ = fmt.Fprintf(out, "                -> %s\n", f.Remedy)
		}
	}
}
