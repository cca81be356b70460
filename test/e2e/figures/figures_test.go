package figures

import (
	"strings"
	"testing"
	"time"
)

func TestTable_ShowsEachRowAndWhatIsWrong(t *testing.T) {
	var table Table
	if table.String() != "" {
		t.Errorf("nothing is %q", table.String())
	}
	table.Add(Row{Drill: "pruned", Budget: time.Minute, Figure: 1234 * time.Millisecond, Saw: "nothing"})
	table.Add(Row{Drill: "power lost", Budget: time.Minute, Figure: 61 * time.Second, Lost: 2, Saw: "no answer"})
	table.Add(Row{Drill: "copied", Figure: time.Hour})
	got := table.String()
	want := []string{
		"DRILL       BUDGET  FIGURE  LOST  WHAT PEOPLE SAW",
		"pruned      1m0s    1.2s    0     nothing",
		"power lost  1m0s    1m1s    2     FAILED: took 1m1s, budget 1m0s, 2 runs are lost; no answer",
		"copied      -       1h0m0s  0     ",
	}
	if got != strings.Join(want, "\n")+"\n" {
		t.Errorf("got\n%s", got)
	}
}

func TestProblem_IsOfBudgetAndLoss(t *testing.T) {
	for want, row := range map[string]Row{
		"":                       {Budget: time.Minute, Figure: time.Minute},
		"took 1m1s, budget 1m0s": {Budget: time.Minute, Figure: 61 * time.Second},
		"1 runs are lost":        {Figure: time.Hour, Lost: 1},
	} {
		if got := row.Problem(); got != want {
			t.Errorf("%+v: %q, want %q", row, got, want)
		}
	}
}
