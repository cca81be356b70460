package drift

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// ReportVersion is that of the JSON document. Further fields and kinds may come within a version; none is renamed or taken away.
const ReportVersion = 1

// Report is what one comparison came to, and the JSON document for machines.
type Report struct {
	Version int    `json:"version"`
	Stack   string `json:"stack"`
	// Engine is its address.
	Engine string `json:"engine"`
	// At is when it was compared.
	At time.Time `json:"at"`
	// Drift says that there are findings.
	Drift bool `json:"drift"`
	// Findings and Notes are empty lists rather than null.
	Findings []Finding `json:"findings"`
	Notes    []Note    `json:"notes"`
}

// NewReport compares.
func NewReport(recorded Recorded, seen Seen, engine string, now time.Time) Report {
	findings := append([]Finding{}, Compare(recorded, seen, now)...)
	return Report{
		Version: ReportVersion, Stack: recorded.Stack, Engine: engine, At: now.UTC().Truncate(time.Second),
		Drift: len(findings) > 0, Findings: findings, Notes: append([]Note{}, Notes(recorded, now)...),
	}
}

// WriteJSON writes the document for machines.
func (r Report) WriteJSON(to io.Writer) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false) // the commands hold && and are to be read
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// WriteText writes a table for people, below each finding what to do next.
func (r Report) WriteText(to io.Writer) error {
	var out bytes.Buffer
	if r.Drift {
		rows := make([][]string, 0, len(r.Findings))
		for _, f := range r.Findings {
			rows = append(rows, []string{string(f.Kind), f.Subject, f.Recorded, f.Found})
		}
		for i, line := range table(append([][]string{{"DRIFT", "SUBJECT", "RECORDED", "FOUND"}}, rows...)) {
			fmt.Fprintln(&out, line)
			if i > 0 {
				fmt.Fprintln(&out, "   ->", r.Findings[i-1].Next)
			}
		}
		fmt.Fprintln(&out)
	}
	for _, line := range table(noteRows(r.Notes)) {
		fmt.Fprintln(&out, line)
	}
	fmt.Fprintf(&out, "\n%s; nothing was changed\n", r.summary())
	_, err := to.Write(out.Bytes())
	return err
}

func noteRows(notes []Note) [][]string {
	rows := make([][]string, 0, len(notes))
	for _, note := range notes {
		rows = append(rows, []string{"note", note.Subject, note.Text})
	}
	return rows
}

func (r Report) summary() string {
	where := "stack " + r.Stack + " on the engine at " + r.Engine
	switch len(r.Findings) {
	case 0:
		return "no drift: " + where
	case 1:
		return "1 difference: " + where
	default:
		return fmt.Sprintf("%d differences: %s", len(r.Findings), where)
	}
}

// table aligns rows. The lines are handed back, as others that come between them would begin new columns.
func table(rows [][]string) []string {
	if len(rows) == 0 {
		return nil
	}
	var out bytes.Buffer
	writer := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(writer, strings.Join(row, "\t"))
	}
	_ = writer.Flush() // into memory
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}
