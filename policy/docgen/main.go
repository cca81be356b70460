// Command docgen writes docs/policies.md from the rules. Run it in the root of the repository.
package main

import (
	"fmt"
	"os"

	"prefect-platform/policy/rules"
)

func main() {
	text, err := page(rules.All())
	if err == nil {
		err = os.WriteFile("docs/policies.md", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}
