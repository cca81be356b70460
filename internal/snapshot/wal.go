package snapshot

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// segments is how many files of WAL, of 16 MiB, have the same middle part of their name.
const segments = 0x100

// CompleteWAL reads what the script "fetch" prints: `first NAME`, a line `wal NAME` for each file, and `received POSITION` where it is known. It refuses a row with a
// gap, which PostgreSQL would take for the end, and one that ends before that position.
func CompleteWAL(listing string) error {
	first, received, have := "", "", []string(nil)
	for line := range strings.Lines(listing) {
		kind, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "first":
			first = name
		case "received":
			received = name
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
	if last := fileOf(received, first); want <= last {
		return fmt.Errorf("WAL file %s is missing: it was received, up to %s", want, received)
	}
	return nil
}

// fileOf is the file that has what comes before a position; empty for what is no position.
func fileOf(position, like string) string {
	const size, header = 16 << 20, 40 // the position may be after the header of a file in which nothing is yet
	var high, low uint64
	if n, err := fmt.Sscanf(position, "%X/%X", &high, &low); n != 2 || err != nil || high<<32|low <= header || len(like) != 24 {
		return ""
	}
	at := (high<<32 | low) - header - 1
	return fmt.Sprintf("%s%08X%08X", like[:8], at>>32, at%(1<<32)/size)
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
