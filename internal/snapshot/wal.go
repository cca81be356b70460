package snapshot

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// segments is how many files of WAL, of 16 MiB, have the same middle part of their name.
const segments = 0x100

// CompleteWAL reads what the script "fetch" prints: `first NAME` and a line `wal NAME` for each file. It refuses a row with a gap, which PostgreSQL would take for the end.
func CompleteWAL(listing string) error {
	first, have := "", []string(nil)
	for line := range strings.Lines(listing) {
		kind, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "first":
			first = name
		case "wal":
			if !strings.HasSuffix(name, ".history") {
				have = append(have, name)
			}
		}
	}
	if first == "" {
		return fmt.Errorf("the copy does not say which WAL follows it: it is damaged")
	}
	slices.Sort(have)
	have = slices.DeleteFunc(have, func(name string) bool { return name < first })
	want := first
	for i, name := range have {
		whole, unfinished := strings.CutSuffix(name, ".partial")
		if whole != want || unfinished && i < len(have)-1 {
			return fmt.Errorf("WAL file %s is missing: what came after it cannot be restored", want)
		}
		next, err := following(want)
		if err != nil {
			return err
		}
		want = next
	}
	if len(have) == 0 {
		return fmt.Errorf("WAL file %s is missing: the copy alone is no database", want)
	}
	return nil
}

// following is the name of the next file of the same timeline.
func following(name string) (string, error) {
	if len(name) != 24 {
		return "", fmt.Errorf("%q is no name of a WAL file", name)
	}
	high, errHigh := strconv.ParseUint(name[8:16], 16, 32)
	low, errLow := strconv.ParseUint(name[16:], 16, 32)
	if errHigh != nil || errLow != nil {
		return "", fmt.Errorf("%q is no name of a WAL file", name)
	}
	if low++; low == segments {
		high, low = high+1, 0
	}
	return fmt.Sprintf("%s%08X%08X", name[:8], high, low), nil
}
