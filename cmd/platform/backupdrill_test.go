package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// answers are what the store says, one after the other; the last for ever.
func answers(said ...string) func(string, ...string) (string, error) {
	i := 0
	return func(script string, _ ...string) (string, error) {
		if script == askForDrill {
			return "", nil
		}
		answer := said[min(i, len(said)-1)]
		i++
		return answer, nil
	}
}

func TestDrill_PrintsWhatIsFoundOnceAndFailsWithTheDrill(t *testing.T) {
	const begun, found = "bringing it\n", "bringing it\ntable x differs\n"
	for name, c := range map[string]struct {
		said  []string
		wrong string
	}{
		"passed": {[]string{"waits\n", "tries\n" + begun + "tab", "tries\n" + found, "passed\n" + found}, ""},
		"failed": {[]string{"tries\n" + found, "failed\n" + found}, "it must not be relied on"},
	} {
		var err error
		printed := printedBy(t, func() { err = drill(context.Background(), answers(c.said...), "me", time.Microsecond) })
		if printed != found || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, and it printed %q", name, err, printed)
		}
	}
}

func TestDrill_EndsWithWhoAskedAndWithTheContainer(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := drill(ctx, answers("waits\n"), "me", time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	gone := errors.New("no such container")
	if err := drill(context.Background(), func(string, ...string) (string, error) { return "", gone }, "me", time.Hour); !errors.Is(err, gone) {
		t.Errorf("without a container: %v", err)
	}
}

// printedBy is what a function prints.
func printedBy(t *testing.T, do func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdout
	os.Stdout = file
	do()
	os.Stdout = before
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
