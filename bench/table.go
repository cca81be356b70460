package main

import (
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// table is what is printed in the end: one figure a line.
type table struct{ rows [][2]string }

func (t *table) add(what, format string, args ...any) {
	t.rows = append(t.rows, [2]string{what, fmt.Sprintf(format, args...)})
}

// took adds a duration, to a tenth of a second.
func (t *table) took(what string, d time.Duration) { t.add(what, "%.1f s", d.Seconds()) }

func (t *table) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Figures of a machine with %d cores\n", runtime.NumCPU())
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range t.rows {
		_, _ = fmt.Fprintf(columns, "  %s\t%s\n", row[0], row[1]) // a strings.Builder takes everything
	}
	_ = columns.Flush()
	return text.String()
}

// median of a few durations, the lower of the middle two for an even number.
func median(of []time.Duration) time.Duration {
	sorted := append([]time.Duration(nil), of...)
	for i := range sorted {
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return sorted[(len(sorted)-1)/2]
}
