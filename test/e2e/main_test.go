//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// stack is the one deployment that all tests share; a test that changes it puts it back.
var stack *Stack

// keep leaves the stack running at the end, and a later run finds it again.
var keep = os.Getenv("E2E_KEEP") == "1"

func TestMain(m *testing.M) {
	flag.Parse()
	if isList() {
		os.Exit(m.Run())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if stack, err = open(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	code := m.Run()
	if table := results.String(); full && table != "" {
		fmt.Printf("\n%s\n", table)
	}
	if keep {
		return code
	}
	if err := stack.close(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: tear down:", err)
		return 1
	}
	return code
}

// isList tells whether the tests are only to be named, which needs no stack.
func isList() bool {
	list := flag.Lookup("test.list")
	return list != nil && list.Value.String() != ""
}
