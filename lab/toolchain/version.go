package toolchain

import (
	"strconv"
	"strings"
)

// newEnough says whether version has the same major number as floor and is not older. Both may start with a v; what follows
// the patch number does not count, except that a pre-release is older than its release.
func newEnough(version, floor string) bool {
	have, pre, ok := parse(version)
	want, _, okFloor := parse(floor)
	if !ok || !okFloor || have[0] != want[0] {
		return false
	}
	for i := 1; i < 3; i++ {
		if have[i] != want[i] {
			return have[i] > want[i]
		}
	}
	return !pre
}

func parse(version string) (numbers [3]int, pre, ok bool) {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "+")
	core, _, pre := strings.Cut(version, "-")
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return numbers, false, false
	}
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			return numbers, false, false
		}
		numbers[i] = n
	}
	return numbers, pre, true
}
