// Package figures collects what the drills have measured, for the table that a run of all of them ends with.
package figures

import (
	"fmt"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// Row is the result of one drill.
type Row struct {
	Drill  string
	Budget time.Duration // 0: none
	Figure time.Duration
	Lost   int    // acknowledged runs that are not there
	Saw    string // by people and clients meanwhile
}

// Problem says what is wrong with it, empty when nothing is.
func (r Row) Problem() string {
	var all []string
	if r.Budget > 0 && r.Figure > r.Budget {
		all = append(all, fmt.Sprintf("took %s, budget %s", rounded(r.Figure), r.Budget))
	}
	if r.Lost > 0 {
		all = append(all, fmt.Sprintf("%d runs are lost", r.Lost))
	}
	return strings.Join(all, ", ")
}

// Table is safe for several tests at once.
type Table struct {
	mu   sync.Mutex
	rows []Row
}

// Add appends a row.
func (t *Table) Add(r Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, r)
}

// String is the table, empty without a row.
func (t *Table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rows) == 0 {
		return ""
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DRILL\tBUDGET\tFIGURE\tLOST\tWHAT PEOPLE SAW")
	for _, r := range t.rows {
		budget := "-"
		if r.Budget > 0 {
			budget = r.Budget.String()
		}
		saw := r.Saw
		if problem := r.Problem(); problem != "" {
			saw = "FAILED: " + problem + "; " + saw
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", r.Drill, budget, rounded(r.Figure), r.Lost, saw)
	}
	_ = w.Flush() // into memory
	return text.String()
}

func rounded(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
